package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode"
)

// WebhookOptions say where notices are sent.
type WebhookOptions struct {
	URL string
	// Key signs the calls: whsec_ and base64, or plain text.
	Key string
	// Allowed are networks that the receiver may be in although they are not public. Only there may the URL be http, or
	// have another port than 443.
	Allowed []netip.Prefix
	// Config is what TLS connections are made with; nil for Go's defaults.
	Config *tls.Config
	// Timeout bounds one call; zero for 5 seconds.
	Timeout time.Duration
}

// Webhook calls a URL of the operator's with each notice, signed as Standard Webhooks 1.0 has it: the headers webhook-id,
// webhook-timestamp and webhook-signature, which is v1 and the HMAC-SHA256 of "id.timestamp.body".
type Webhook struct {
	o      WebhookOptions
	key    []byte
	plain  bool // http
	client *http.Client
	now    func() time.Time
}

// Bounds of one call.
const (
	webhookTimeout = 5 * time.Second
	maxReply       = 64 << 10
	maxHeader      = 16 << 10
	// MinKey is how many bytes a key has at least.
	MinKey = 24
)

// errAddress is for addresses that a receiver may not have.
var errAddress = errors.New("the receiver is not at port 443 of a public address, and not in notices.webhook_allowed_networks")

// NewWebhook makes the channel. It fails for what can be no receiver.
func NewWebhook(o WebhookOptions, now func() time.Time) (*Webhook, error) {
	if err := CheckWebhook(o.URL, o.Key, o.Allowed); err != nil {
		return nil, err
	}
	u, _ := url.Parse(o.URL) // it was checked
	w := &Webhook{o: o, key: webhookKey(o.Key), plain: u.Scheme == "http", now: now}
	if o.Timeout == 0 {
		w.o.Timeout = webhookTimeout
	}
	dialer := &net.Dialer{Timeout: w.o.Timeout, Control: w.control}
	w.client = &http.Client{
		Timeout:       w.o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{ // without a proxy, who would dial for us
			DialContext: dialer.DialContext, TLSClientConfig: o.Config, DisableKeepAlives: true, DisableCompression: true,
			ResponseHeaderTimeout: w.o.Timeout, MaxResponseHeaderBytes: maxHeader,
		},
	}
	return w, nil
}

// CheckWebhook says what is wrong with a receiver, without repeating what may be secret.
func CheckWebhook(target, key string, allowed []netip.Prefix) error {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || line(target, len(target)) != target:
		return errors.New("notices.webhook_url: must be https://host/path, without user and fragment")
	case strings.ContainsFunc(u.Host, func(r rune) bool { return r > unicode.MaxASCII }):
		return errors.New("notices.webhook_url: must name the host in ASCII (xn--…)") // twins of letters show
	case u.Scheme != "https" && (u.Scheme != "http" || len(allowed) == 0):
		return errors.New("notices.webhook_url: must be https, or http in notices.webhook_allowed_networks")
	case len(webhookKey(key)) < MinKey:
		return fmt.Errorf("notices.webhook_key: must have %d bytes at least", MinKey)
	}
	if u.Port() != "" && u.Port() != "443" && len(allowed) == 0 {
		return errAddress
	}
	ip, err := netip.ParseAddr(u.Hostname())
	if err == nil && !public(ip) && !within(ip, allowed) {
		return errAddress
	}
	return nil
}

func webhookKey(key string) []byte {
	if encoded, ok := strings.CutPrefix(key, "whsec_"); ok {
		raw, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			return nil
		}
		return raw
	}
	return []byte(key)
}

// Name is the channel's name.
func (w *Webhook) Name() string { return "webhook" }

// control refuses the address that a name was resolved to, when the connection is made: what was asked before
// may have changed since.
func (w *Webhook) control(_, target string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(target)
	if err != nil {
		return errAddress
	}
	if within(at.Addr(), w.o.Allowed) || !w.plain && at.Port() == 443 && public(at.Addr()) {
		return nil
	}
	return errAddress
}

// payload is the body of a call.
type payload struct {
	ID        string    `json:"id"`
	Type      Kind      `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	User    user   `json:"user"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	Facts   Facts  `json:"event"`
}

type user struct {
	ID       string `json:"id"`
	DomainID string `json:"domain_id"`
	Name     string `json:"name"`
	Language string `json:"language"`
}

// Send calls the receiver. Every answer but 2xx is a failure; what it says is not looked at.
func (w *Webhook) Send(ctx context.Context, m Message) error {
	body, err := json.Marshal(payload{
		ID: m.ID, Type: m.Kind, Timestamp: m.At, Data: data{
			User:    user{m.Person.ID, m.Person.DomainID, m.Person.Name, m.Person.Language},
			Subject: m.Subject, Text: m.Text, Facts: m.Facts,
		},
	})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.o.URL, bytes.NewReader(body))
	if err != nil {
		return errors.New("the call could not be made")
	}
	stamp := strconv.FormatInt(w.now().Unix(), 10)
	req.Header["Content-Type"] = []string{"application/json"}
	req.Header["User-Agent"] = []string{"identity"}
	req.Header.Set("Webhook-Id", m.ID)
	req.Header.Set("Webhook-Timestamp", stamp)
	req.Header.Set("Webhook-Signature", Sign(w.key, m.ID, stamp, body))
	res, err := w.client.Do(req)
	switch {
	case errors.Is(err, errAddress):
		return errAddress
	case err != nil:
		return errors.New("the receiver could not be reached, or did not answer in time")
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, maxReply)) // for its manners; the status has come
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the receiver answered %d", res.StatusCode)
	}
	return nil
}

// Sign is the signature of a call with a key, as in its header webhook-signature.
func Sign(key []byte, id, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(id + "." + timestamp + "."))
	h.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}
