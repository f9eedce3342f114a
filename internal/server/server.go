// Package server builds the whole program from a configuration: database, keys, services, routes and the
// listener, and ends it in order. It holds no rules. Besides internal/httpapi it is the only package that
// knows Echo.
package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/net/netutil"

	"github.com/keyward/identity/internal/bootstrap"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/facts"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/limit"
	"github.com/keyward/identity/internal/notify"
	"github.com/keyward/identity/internal/session"
	"github.com/keyward/identity/internal/store"
)

const (
	maxHeaderBytes = 16 << 10
	grace          = 10 * time.Second
	housekeeping   = time.Minute
	sightings      = time.Second // each session at most once a minute
)

// Limits are those of the listener. Slow or greedy clients meet them before anything else.
type Limits struct {
	// Header is how long a client may take for the head of a request, Request for all of it, Answer for taking the
	// answer once the head is there, and Idle for the next request on the same connection.
	Header, Request, Answer, Idle time.Duration
	// Connections is how many there may be at a time. Further ones wait for one to end.
	Connections int
}

// DefaultLimits are what is served with.
var DefaultLimits = Limits{
	Header: 5 * time.Second, Request: 15 * time.Second, Answer: 30 * time.Second, Idle: time.Minute, Connections: 8192,
}

// Deps are the server's sources of time, ids and log, for tests to replace. Zero fields get the real ones.
type Deps struct {
	Now   func() time.Time
	NewID func() string
	Log   *slog.Logger
	// Stream goes between the server and the stream of events, for tests that cut a node off. Nil for nothing.
	Stream func(facts.Stream) facts.Stream
	// OnStatement hears of every statement that the database runs, for tests that count them. Nil for nobody.
	OnStatement func(ctx context.Context, sql string)
	// Limits of the listener, for tests that cannot wait for the real ones. Zero fields get those of DefaultLimits.
	Limits Limits
}

func (d Deps) complete() Deps {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.NewID == nil {
		d.NewID = newID
	}
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Stream == nil {
		d.Stream = func(s facts.Stream) facts.Stream { return s }
	}
	l, def := &d.Limits, DefaultLimits
	l.Header, l.Request = cmp.Or(l.Header, def.Header), cmp.Or(l.Request, def.Request)
	l.Answer, l.Idle = cmp.Or(l.Answer, def.Answer), cmp.Or(l.Idle, def.Idle)
	l.Connections = cmp.Or(l.Connections, def.Connections)
	return d
}

// newID returns 32 random hex digits.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Server is everything, ready to serve.
type Server struct {
	cfg   config.Config
	deps  Deps
	store *store.Store
	keys  *Keys
	api   *httpapi.API
	ops   []httpapi.Op
	echo  *echo.Echo
	boot  bootstrap.Result

	places  *session.Places // nil for none
	notices *notify.Service
	audit   *audit

	stop context.CancelFunc // ends what runs in the background
	work sync.WaitGroup
}

// New opens the database and brings it up to date, loads or makes the keys, fills an empty database when
// bootstrap.password is set, and assembles services and routes. It fails, with one line that holds no secret,
// for everything that would make a server that is not safe or not whole. Call Close when it succeeds and
// Serve is not called.
func New(ctx context.Context, cfg config.Config, deps Deps) (s *Server, err error) {
	s = &Server{cfg: cfg, deps: deps.complete()}
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	defer func() {
		if err != nil {
			_ = s.Close()
			err = oneLine{err}
		}
	}()
	if err := s.open(ctx); err != nil {
		return s, err
	}
	p, err := s.assemble()
	if err != nil {
		return s, err
	}
	if err := s.bootstrap(ctx, p); err != nil {
		return s, err
	}
	if err := p.follower.Start(ctx); err != nil {
		return s, fmt.Errorf("read the stream of events: %w", err)
	}
	s.work.Go(func() { p.follower.Run(background) })
	s.work.Go(func() { s.keepHouse(background) })
	s.work.Go(func() { s.notices.Run(background) })
	s.work.Go(func() { s.keepSightings(background, p.sessions) })
	return s, nil
}

// oneLine is an error whose text is one line, whatever the libraries below wrote.
type oneLine struct{ error }

// Error returns the text.
func (e oneLine) Error() string { return strings.Join(strings.Fields(e.error.Error()), " ") }

// Unwrap returns the error itself.
func (e oneLine) Unwrap() error { return e.error }

// open connects to the database, migrates it, and loads the keys.
func (s *Server) open(ctx context.Context) error {
	var err error
	if s.store, err = openStore(ctx, s.cfg, s.deps); err != nil {
		return err
	}
	if s.keys, err = openKeys(ctx, s.store, s.cfg, s.deps); err != nil {
		return err
	}
	if err := s.checkDepth(ctx); err != nil {
		return err
	}
	return s.keys.ensure(ctx)
}

// checkDepth refuses a model of limits that the projects which are there do not fit.
func (s *Server) checkDepth(ctx context.Context) error {
	if limit.Model(s.cfg.UnifiedLimit.EnforcementModel) != limit.StrictTwoLevel {
		return nil
	}
	deep, err := s.store.ProjectDeeperThan(ctx, limit.StrictDepth)
	if err == nil && deep != "" {
		err = fmt.Errorf("unified_limit.enforcement_model: strict_two_level admits %d levels of projects, and %s is deeper", limit.StrictDepth, deep)
	}
	return err
}

func openStore(ctx context.Context, cfg config.Config, deps Deps) (*store.Store, error) {
	st, err := store.Open(ctx, store.Options{
		URL: cfg.Database.URL.Reveal(), Now: deps.Now, NewID: deps.NewID, Log: deps.Log, MaxConns: cfg.Database.MaxConnections,
		OnStatement: deps.OnStatement,
	})
	if err != nil {
		return nil, fmt.Errorf("database: %w", err)
	}
	if err := st.Migrate(ctx); err != nil {
		return nil, errors.Join(err, st.Close())
	}
	return st, nil
}

// bootstrap fills an empty database when the operator has set a password for the first administrator.
func (s *Server) bootstrap(ctx context.Context, p *parts) error {
	if s.cfg.Bootstrap.Password == "" {
		return nil
	}
	empty, err := s.store.Empty(ctx)
	if err != nil || !empty {
		return err
	}
	s.boot, err = runBootstrap(ctx, s.store, p.vault, s.cfg, s.deps)
	return err
}

// Bootstrapped tells what New made in an empty database; the zero Result when it made nothing.
func (s *Server) Bootstrapped() bootstrap.Result { return s.boot }

// Handler serves requests, for tests that need no listener.
func (s *Server) Handler() http.Handler { return s.echo }

// Ops lists all operations, for tests of the route table.
func (s *Server) Ops() []httpapi.Op { return s.ops }

// API is what the operations share. Tests switch its DryRun; nothing else may change it once it serves.
func (s *Server) API() *httpapi.API { return s.api }

// Serve answers requests on l until ctx ends. Then it accepts no more, lets what runs finish for at most ten
// seconds, and closes everything. It returns nil after an orderly end.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	defer runtime.KeepAlive(floor())
	limits := s.deps.Limits
	srv := &http.Server{
		Handler:           s.echo,
		ReadHeaderTimeout: limits.Header,
		ReadTimeout:       limits.Request,
		WriteTimeout:      limits.Answer,
		IdleTimeout:       limits.Idle,
		MaxHeaderBytes:    maxHeaderBytes,
		// OPTIONS * gets the answer of any other path that does not exist.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.deps.Log.Handler(), slog.LevelDebug), // strangers' protocol errors
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(netutil.LimitListener(l, limits.Connections)) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
		s.deps.Log.Info("stopping")
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		if err = srv.Shutdown(ending); err != nil {
			err = fmt.Errorf("some requests did not end in time: %w", errors.Join(err, srv.Close()))
		}
	}
	return errors.Join(err, s.Close())
}

// Close ends the work in the background and closes the database last. Serve calls it.
func (s *Server) Close() error {
	s.stop()
	s.work.Wait()
	err := s.places.Close()
	if s.store == nil {
		return err
	}
	return errors.Join(err, s.store.Close())
}

// keepHouse tidies up every minute, and tells at the end what was held back from the log.
func (s *Server) keepHouse(ctx context.Context) {
	tick := time.NewTicker(housekeeping)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.tellHeld(context.WithoutCancel(ctx))
			return
		case <-tick.C:
		}
		if err := s.Tidy(ctx); err != nil && ctx.Err() == nil {
			s.deps.Log.WarnContext(ctx, "housekeeping failed; it is tried again", "error", err.Error())
		}
	}
}

// Tidy forgets what has expired, retires keys whose time has come, and reads the keys again in case that failed when
// an event said that they changed. The server does so every minute by itself; tests do not wait for that.
func (s *Server) Tidy(ctx context.Context) error {
	s.tellHeld(ctx)
	keep := store.Retention{
		Events: s.cfg.Retention.Events, SignInFailures: s.cfg.Retention.SignInFailures, Notices: s.cfg.Notices.Retention,
	}
	return errors.Join(s.store.Purge(ctx, s.deps.Now(), keep), s.keys.Retire(ctx), s.keys.load(ctx))
}

// tellHeld logs how much was held back that nobody has heard of.
func (s *Server) tellHeld(ctx context.Context) {
	s.api.Flush(ctx)
	s.audit.tell(ctx, s.audit.rate.Held())
}

// keepSightings writes when sessions were seen, and what is left at the end.
func (s *Server) keepSightings(ctx context.Context, t *session.Service) {
	tick := time.NewTicker(sightings)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			err = t.Flush(context.WithoutCancel(ctx))
		case <-tick.C:
			err = t.Flush(ctx)
		}
		if err != nil {
			s.deps.Log.WarnContext(ctx, "when sessions were seen could not be written; it is tried again", "error", err.Error())
		}
		if ctx.Err() != nil {
			return
		}
	}
}

// ready says why a request could not be served now, or nothing. The schema is not asked about: New has brought
// it up to date, and this page is open to everyone.
func (s *Server) ready(ctx context.Context) string {
	if s.store.Ping(ctx) != nil {
		return "The database cannot be reached."
	}
	if !s.keys.Loaded() {
		return "The keys are not loaded."
	}
	return ""
}

// NewLogger makes the program's log.
func NewLogger(cfg config.Log, w io.Writer) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(cfg.Level)) // checked by config
	o := &slog.HandlerOptions{Level: level}
	if cfg.Format == "text" {
		return slog.New(slog.NewTextHandler(w, o))
	}
	return slog.New(slog.NewJSONHandler(w, o))
}
