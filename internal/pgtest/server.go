package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// startTimeout is how long a server may take to accept its first connection; a recovery is part of it.
const startTimeout = 60 * time.Second

// ErrMissing means that this machine has no PostgreSQL server programs.
var ErrMissing = errors.New("no PostgreSQL server programs (initdb, postgres) were found")

// Options change how a server is started. The zero value suits tests that don't crash it.
type Options struct {
	// Durable makes commits reach the disk before they are reported, as in production. It is slow.
	Durable bool
	// Settings are server parameters given on the command line, such as "max_connections": "20".
	Settings map[string]string
}

// Server is one PostgreSQL server with a data directory of its own. It is not safe for concurrent use,
// except for URL and CreateDatabase.
type Server struct {
	bin     string // folder of initdb and postgres
	dir     string // holds data/, log and the socket
	account account
	options Options

	process *os.Process
	exited  chan struct{} // closed when process has ended
	leash   io.Closer     // closing it makes the watchdog clean up
}

// Start makes a data directory and starts a server on it. It fails with ErrMissing when the machine has no
// PostgreSQL. The caller must Close the server; the watchdog does so when the caller's process ends first.
func Start(ctx context.Context, o Options) (*Server, error) {
	bin, err := find()
	if err != nil {
		return nil, err
	}
	acc, err := unprivileged()
	if err != nil {
		return nil, err
	}
	dir, err := acc.mkdirTemp()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, dir: dir, account: acc, options: o}
	if err := errors.Join(s.initialise(ctx), s.watch()); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := s.Restart(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// initialise creates the data directory. The first locale that the machine knows is taken: with plain C
// PostgreSQL would fold the case of ASCII letters only, unlike the databases of most operators.
func (s *Server) initialise(ctx context.Context) error {
	var err error
	for _, locale := range []string{"C.UTF-8", "en_US.UTF-8", "C"} {
		cmd := s.account.command(ctx, s.dir, filepath.Join(s.bin, "initdb"), "--pgdata="+s.data(), "--username=postgres",
			"--encoding=UTF8", "--locale="+locale, "--auth-local=trust", "--auth-host=reject", "--no-sync")
		out, e := cmd.CombinedOutput()
		if e == nil {
			return nil
		}
		err = fmt.Errorf("initdb: %w\n%s", e, out)
		if e := os.RemoveAll(s.data()); e != nil {
			return e
		}
	}
	return err
}

// Restart starts the server on its data directory again, after Crash or Stop, and waits until it answers.
func (s *Server) Restart(ctx context.Context) error {
	if s.process != nil {
		return errors.New("the server is running already")
	}
	log, err := os.OpenFile(s.log(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	// The server outlives ctx: it ends by Close or by the watchdog.
	cmd := s.account.command(context.WithoutCancel(ctx), s.dir, filepath.Join(s.bin, "postgres"), s.arguments()...)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.process, s.exited = cmd.Process, make(chan struct{})
	go func(exited chan struct{}) {
		_ = cmd.Wait() // how it ended is in the log
		close(exited)
	}(s.exited)
	return s.await(ctx)
}

// arguments are those of the postgres program.
func (s *Server) arguments() []string {
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=300", "-c", "shared_buffers=64MB"}
	if !s.options.Durable {
		args = append(args, "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	}
	for name, value := range s.options.Settings {
		args = append(args, "-c", name+"="+value)
	}
	return args
}

// await returns when the server accepts connections, has died, or has had its time.
func (s *Server) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.exited:
			s.process = nil
			return fmt.Errorf("postgres ended while it started: %w\n%s", err, s.tail())
		case <-ctx.Done():
			return fmt.Errorf("postgres does not answer: %w\n%s", err, s.tail())
		case <-tick.C:
		}
	}
}

// URL is the address of a database on this server, for the superuser.
func (s *Server) URL(database string) string {
	u := url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/" + database, RawQuery: url.Values{"host": {s.dir}}.Encode()}
	return u.String()
}

// Crash ends the server as `pg_ctl stop -m immediate` does: at once and without a checkpoint, so that the next
// Restart has to recover.
func (s *Server) Crash() error { return s.end(syscall.SIGQUIT) }

// Stop ends the server as `pg_ctl stop -m fast` does: clients are thrown out, everything is written.
func (s *Server) Stop() error { return s.end(syscall.SIGINT) }

func (s *Server) end(sig os.Signal) error {
	if s.process == nil {
		return nil
	}
	if err := s.process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.exited
	s.process = nil
	return nil
}

// Close ends the server and removes its directory.
func (s *Server) Close() error {
	return errors.Join(s.Crash(), os.RemoveAll(s.dir), s.leash.Close())
}

// watchdog waits for the end of its input, which comes when the process holding the other end of the pipe
// closes it or dies, and then removes what is left of the server.
const watchdog = `cat >/dev/null
pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) &&
	kill -QUIT "$pid" 2>/dev/null &&
	while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
rm -rf "$1"`

// watch starts the watchdog, in a process group of its own so that an interrupt from the keyboard spares it.
func (s *Server) watch() error {
	cmd := s.account.command(context.Background(), "/", "/bin/sh", "-c", watchdog, "sh", s.dir)
	leash, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	s.leash = leash
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start the watchdog: %w", err)
	}
	go func() { _ = cmd.Wait() }() // nobody is left to hear of a failure
	return nil
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) log() string { return filepath.Join(s.dir, "log") }

// tail is the end of the server's log, for error messages.
func (s *Server) tail() []byte {
	log, err := os.ReadFile(s.log())
	if err != nil {
		return []byte(err.Error())
	}
	lines := bytes.SplitAfter(log, []byte("\n"))
	return bytes.Join(slices.Clone(lines[max(0, len(lines)-20):]), nil)
}

// account is the user that server programs run as; PostgreSQL refuses to run as root.
type account struct {
	credential *syscall.Credential // nil means the current user
}

// command prepares a program to run as the account, in dir, in a process group of its own.
func (a account) command(ctx context.Context, dir, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir // the current one may be closed to the account
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: a.credential}
	return cmd
}
