package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/keyward/identity/internal/clientcert"
	"github.com/keyward/identity/internal/contract"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/session"
	"github.com/keyward/identity/internal/throttle"
)

// MaxBody is the largest request body in bytes, Keystone's default.
const MaxBody = 114688

// Authenticator tells who a token stands for. It fails with Unauthorized for every token that is not good, for
// this request if the token is good for some only, and with Unavailable when it cannot tell.
type Authenticator interface {
	// cameWith reports whether the request came with the client certificate that has a thumbprint.
	Authenticate(ctx context.Context, token, method, path string, cameWith func(thumbprint string) bool) (policy.Actor, error)
}

// Receipts tells whose receipt is good for enrolling a second factor. It fails with Unauthorized for every other.
type Receipts interface {
	Enrolling(ctx context.Context, receipt string) (policy.Actor, error)
}

// StepUp refuses callers whose proof is too old or weaker than what they have enrolled.
type StepUp interface {
	Fresh(ctx context.Context, actor policy.Actor, age time.Duration) error
}

// Policy decides whether a rule lets an actor touch a target.
type Policy interface {
	Allows(rule policy.Rule, actor *policy.Actor, target policy.Attrs) bool
}

// API is what all operations share.
type API struct {
	// BaseURL is the public URL of the server without a slash at the end; request headers never change it.
	BaseURL  string
	Auth     Authenticator
	Receipts Receipts
	StepUp   StepUp
	Policy   Policy
	Contract *contract.Contract
	Log      *slog.Logger
	// Refusals bounds the lines that anybody can cause for nothing: those about answers that are no success, and about
	// what is unavailable. Nil bounds nothing.
	Refusals *throttle.Throttle
	Now      func() time.Time
	// Certificate returns the client certificate that a request came with, nil for none, as far as somebody who may be
	// believed says so. It fails when it cannot be read. Nil is for servers that know of none.
	Certificate func(*http.Request) (*clientcert.Certificate, error)
	// Audit appends an event outside of any change, such as a refusal by policy.
	Audit func(ctx context.Context, e event.Event)
	// Timeout bounds the work on one request.
	Timeout time.Duration
	// DryRun stops every protected operation after its rule has allowed it. Tests of the whole
	// authorization surface use it.
	DryRun bool
}

// Mount adds the operations to an Echo server. It fails when the routes and the contract differ.
func (a *API) Mount(e *echo.Echo, ops []Op) error {
	routes := make([]contract.Route, 0, len(ops))
	for _, op := range ops {
		routes = append(routes, contract.Route{Method: op.Method, Path: op.Path, Public: op.Public != ""})
	}
	if err := a.Contract.Match(routes); err != nil {
		return fmt.Errorf("routes and openapi.yaml differ: %w", err)
	}
	for _, op := range ops {
		h := a.handler(op)
		path := echoPath(op.Path)
		e.Add(op.Method, path, h)
		if op.Method == http.MethodGet {
			e.Add(http.MethodHead, path, h)
		}
	}
	e.HTTPErrorHandler = a.echoError
	return nil
}

// echoPath turns /users/{user_id} into /users/:user_id.
func echoPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// Enter gives a request its id and origin, catches panics and writes the access log. It wraps the router, so
// that unknown paths get the same.
func (a *API) Enter(next echo.HandlerFunc) echo.HandlerFunc {
	return func(ec echo.Context) (err error) {
		started := a.Now()
		id := newRequestID()
		req, res := ec.Request(), ec.Response()
		h := res.Header()
		h["X-Openstack-Request-Id"] = []string{id}
		h["Vary"] = varyHeader
		h["X-Content-Type-Options"] = nosniffHeader
		h["Cache-Control"] = noStoreHeader
		if len(req.TransferEncoding) > 0 {
			// A Content-Length may have been there too: net/http drops it without a word, and RFC 9112 section 6.1
			// demands that such a connection ends, lest a proxy disagrees about where this request does.
			h["Connection"] = closeHeader
		}
		ctx := event.WithOrigin(req.Context(), event.Origin{
			RequestID: id, Address: ec.RealIP(), UserAgent: text(req.UserAgent(), 256),
		})
		if a.Timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, a.Timeout)
			defer cancel()
		}
		ec.SetRequest(req.WithContext(ctx))
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // net/http compares it so
					panic(p)
				}
				a.Log.ErrorContext(ctx, "panic", "request_id", id, "panic", fmt.Sprintf("%T", p), "stack", string(debug.Stack()))
				err = a.write(ec, replyTo(errPanic, a.BaseURL)) //nolint:contextcheck // ec carries it
			}
			a.access(ec, id, a.Now().Sub(started)) //nolint:contextcheck // ec carries it
		}()
		if err := next(ec); err != nil {
			a.echoError(err, ec)
		}
		return nil
	}
}

var (
	varyHeader    = []string{"X-Auth-Token"}
	nosniffHeader = []string{"nosniff"}
	noStoreHeader = []string{"no-store"}
	closeHeader   = []string{"close"}
)

var errPanic = errors.New("panic")

func newRequestID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	var s [40]byte
	copy(s[:], "req-")
	hex.Encode(s[4:12], b[0:4])
	s[12] = '-'
	hex.Encode(s[13:17], b[4:6])
	s[17] = '-'
	hex.Encode(s[18:22], b[6:8])
	s[22] = '-'
	hex.Encode(s[23:27], b[8:10])
	s[27] = '-'
	hex.Encode(s[28:40], b[10:16])
	return string(s[:])
}

// text returns at most n bytes of what a header says, in valid UTF-8: headers may hold any bytes, databases
// may not.
func text(s string, n int) string {
	if len(s) > n {
		s = s[:n]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if r, size := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && size == 1 {
			s = s[:len(s)-1] // the cut went through this one
		}
	}
	return strings.ToValidUTF8(s, "?")
}

// handler runs one operation: authenticate, contract, load, authorize, act, reply.
func (a *API) handler(op Op) echo.HandlerFunc {
	check := a.Contract.Operation(op.Method, op.Path)
	return func(ec echo.Context) error {
		param := pathParam(ec)
		if stray(ec, param) {
			return echo.ErrNotFound
		}
		c := &Call{api: a, op: &op, ctx: ec.Request().Context(), req: ec.Request(), param: param}
		reply, err := a.serve(c, check)
		if err != nil && op.refuse != nil {
			err = op.refuse(err)
		}
		if err != nil {
			a.explain(c.ctx, err)
			reply = replyTo(err, a.BaseURL)
		} else if op.headStatus != 0 && c.req.Method == http.MethodHead {
			reply = Reply{Status: op.headStatus, Header: reply.Header}
		}
		return a.write(ec, reply)
	}
}

// stray reports whether the path only seems to be that of the route: Echo lets a variable at the end swallow
// further segments, and no name is anything but text.
func stray(ec echo.Context, param func(string) string) bool {
	for i, name := range ec.ParamNames() {
		s := param(name)
		if strings.Contains(ec.ParamValues()[i], "/") || !utf8.ValidString(s) || strings.IndexByte(s, 0) >= 0 {
			return true
		}
	}
	return false
}

// pathParam returns the reader of path variables. Echo hands them out as they were sent when the path holds an
// escape that need not be there (%2D) or that hides a slash, and decoded otherwise.
func pathParam(ec echo.Context) func(string) string {
	if ec.Request().URL.RawPath == "" {
		return ec.Param
	}
	return func(name string) string {
		s, err := url.PathUnescape(ec.Param(name))
		if err != nil { // net/http has parsed the path, so this cannot be
			return ec.Param(name)
		}
		return s
	}
}

func (a *API) serve(c *Call, check *contract.Operation) (Reply, error) {
	if c.op.Public == "" {
		if err := a.authenticate(c); err != nil {
			return Reply{}, err
		}
	}
	if c.req.URL.RawQuery != "" {
		var err error
		if c.query, err = contract.ParseQuery(c.req.URL.RawQuery); err != nil {
			return Reply{}, err
		}
		if err := check.CheckQuery(c.query); err != nil {
			return Reply{}, err
		}
	}
	if err := c.readBody(check); err != nil {
		return Reply{}, err
	}
	return c.op.run(c)
}

func (a *API) authenticate(c *Call) error {
	actor, err := a.caller(c)
	if err != nil {
		if fault.Is(err, fault.Unauthorized) || fault.Is(err, fault.NotFound) || fault.Is(err, fault.Forbidden) {
			// The one thing that is told of a token which is refused: it is good, and people ask why they are out.
			if fault.ReasonOf(err) == session.ReasonIdle {
				return errUnauthenticated.Because(session.ReasonIdle)
			}
			return errUnauthenticated
		}
		return err
	}
	c.Actor = actor
	origin := event.OriginOf(c.ctx)
	origin.ActorID = actor.UserID
	c.ctx = event.WithOrigin(c.ctx, origin)
	return nil
}

// caller tells who asks: the bearer of the token, or of a receipt where there is no token and a receipt will do.
func (a *API) caller(c *Call) (policy.Actor, error) {
	values := c.req.Header.Values("X-Auth-Token")
	if receipt := c.Header(ReceiptHeader); c.op.byReceipt && len(values) == 0 && receipt != "" {
		return a.Receipts.Enrolling(c.ctx, receipt)
	}
	if len(values) != 1 || values[0] == "" {
		return policy.Actor{}, errUnauthenticated
	}
	return a.Auth.Authenticate(c.ctx, values[0], c.req.Method, c.req.URL.EscapedPath(), c.cameWith)
}

// ReceiptHeader is where receipts travel, both ways.
const ReceiptHeader = "Openstack-Auth-Receipt"

// readBody reads, bounds and checks the body. Operations whose contract has no body ignore what is sent, but
// still bound it.
func (c *Call) readBody(check *contract.Operation) error {
	if c.req.Body == nil || c.req.Body == http.NoBody {
		return c.checkBody(check, nil)
	}
	raw, err := io.ReadAll(io.LimitReader(c.req.Body, MaxBody+1))
	if err != nil {
		return fault.New(fault.BadRequest, "The request body could not be read.").From(err)
	}
	if len(raw) > MaxBody {
		return fault.New(fault.TooLarge, "The request body is larger than %d bytes.", MaxBody)
	}
	if len(raw) == 0 {
		return c.checkBody(check, nil)
	}
	if check.HasForm() {
		c.form = raw
	}
	if !check.HasBody() {
		return nil
	}
	if err := checkMediaType(c.req.Header); err != nil {
		return err
	}
	body, err := contract.Decode(raw)
	if err != nil {
		return err
	}
	if err := c.checkBody(check, body); err != nil {
		return err
	}
	c.raw, err = members(raw)
	return err
}

func (c *Call) checkBody(check *contract.Operation, body map[string]any) error {
	if !check.HasBody() {
		return nil
	}
	return check.CheckBody(body)
}

func members(raw []byte) (map[string]jsontext.Value, error) {
	m := map[string]jsontext.Value{}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fault.New(fault.BadRequest, "The request body is not a JSON object.").From(err)
	}
	return m, nil
}

// checkMediaType accepts JSON types and, as Keystone does, no type at all.
func checkMediaType(h http.Header) error {
	for _, coding := range h.Values("Content-Encoding") {
		if coding == "" || coding == "identity" {
			continue
		}
		return fault.New(fault.UnsupportedMediaType, "Encoded request bodies are not accepted.")
	}
	types := h.Values("Content-Type")
	if len(types) == 0 || len(types) == 1 && types[0] == "" {
		return nil
	}
	t, params, err := mime.ParseMediaType(types[0])
	if err == nil && len(types) == 1 && (t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json")) {
		if cs := params["charset"]; cs == "" || strings.EqualFold(cs, "utf-8") {
			return nil
		}
	}
	return fault.New(fault.UnsupportedMediaType, "The request body must be of type application/json.")
}

// write sends an answer; HEAD gets the headers of the GET.
func (a *API) write(ec echo.Context, r Reply) error {
	buf := buffers.Get().(*bytes.Buffer) //nolint:forcetypeassert // the pool holds nothing else
	defer release(buf)
	body, ct, err := r.render(buf)
	if err != nil {
		a.explain(ec.Request().Context(), err)
		r = replyTo(err, a.BaseURL)
		body, ct, _ = r.render(buf)
	}
	res := ec.Response()
	if res.Committed {
		return nil
	}
	h := res.Header()
	maps.Copy(h, r.Header)
	if body != nil {
		h["Content-Type"] = ct
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	res.WriteHeader(r.Status)
	if body == nil || ec.Request().Method == http.MethodHead {
		return nil
	}
	_, err = res.Write(body)
	if err != nil {
		a.Log.DebugContext(ec.Request().Context(), "the client went away", "error", err)
	}
	return nil
}

// echoError gives the router's own refusals (404, 405) the envelope.
func (a *API) echoError(err error, ec echo.Context) {
	f := fault.New(fault.Internal, "")
	if he, ok := errors.AsType[*echo.HTTPError](err); ok {
		switch he.Code {
		case http.StatusNotFound:
			f = fault.New(fault.NotFound, "The resource could not be found.")
		case http.StatusMethodNotAllowed:
			f = fault.New(fault.MethodNotAllowed, "The method is not allowed for the requested resource.")
		case http.StatusRequestEntityTooLarge:
			f = fault.New(fault.TooLarge, "The request body is too large.")
		}
	}
	if f.Kind == fault.Internal {
		a.explain(ec.Request().Context(), err)
	}
	_ = a.write(ec, replyTo(f, a.BaseURL))
}

// refused records a refusal by policy.
func (a *API) refused(c *Call, rule policy.Rule) {
	if a.Audit == nil || a.DryRun {
		return
	}
	a.Audit(c.ctx, event.Event{
		Action: "policy.refuse", Outcome: event.Failure, Kind: event.Policy, TargetID: rule.Name, UserID: c.Actor.UserID,
	})
}
