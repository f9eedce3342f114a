package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	envPostgres   = "IDENTITY_TEST_POSTGRES" // internal/pgtest/withpg sets it
	adminPassword = "bench-admin-password"
	startTimeout  = 30 * time.Second
)

// process is a server that this program started.
type process struct {
	cmd     *exec.Cmd
	address string
	log     string
	exited  chan struct{} // closed when it has ended
	err     error         // how; read it after exited
}

// start runs the command with its output in a file.
func start(cmd *exec.Cmd, log string) (*process, error) {
	f, err := os.Create(log)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	cmd.Stdout, cmd.Stderr = f, f
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second // longer than the server's own grace
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, log: log, exited: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.exited)
	}()
	return p, nil
}

// await returns when the path is answered with 200. A server that does not come up is stopped.
func (p *process) await(ctx context.Context, address, path string) error {
	p.address = address
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if a, err := (request{path: path}).do(ctx, address); err == nil && a.status == http.StatusOK {
			return nil
		}
		select {
		case <-p.exited:
			return p.explain(fmt.Errorf("%s ended: %w", p.cmd.Path, p.err))
		case <-ctx.Done():
			return errors.Join(p.explain(fmt.Errorf("%s does not answer: %w", p.cmd.Path, ctx.Err())), p.stop())
		case <-tick.C:
		}
	}
}

// stop ends the process in order and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-p.exited
	if _, failed := errors.AsType[*exec.ExitError](p.err); failed {
		return p.explain(fmt.Errorf("%s: %w", p.cmd.Path, p.err))
	}
	return nil
}

// userHz is the unit in which Linux tells CPU times.
const userHz = 100

// cpu is the time that the process has had of the processors, or zero where /proc does not tell.
func (p *process) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name before it may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0
	}
	user, err1 := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	if err1 != nil || err2 != nil {
		return 0
	}
	return time.Duration(user+system) * time.Second / userHz
}

// explain adds the end of the log to an error.
func (p *process) explain(err error) error {
	text, e := os.ReadFile(p.log)
	if e != nil {
		return err
	}
	return fmt.Errorf("%w\n%s", err, text[max(0, len(text)-2000):])
}

// startIdentity starts the server on an empty database. Of the environment it gets nothing that configures it
// but what stands here.
func (b *bench) startIdentity(ctx context.Context) (*process, error) {
	binary, err := filepath.Abs(b.binary)
	if err != nil {
		return nil, err
	}
	var url string
	switch b.database {
	case "sqlite":
		url = "sqlite://" + filepath.Join(b.dir, "identity.db")
	case "postgres":
		if url = os.Getenv(envPostgres); url == "" {
			return nil, errors.New(envPostgres + " is not set; run this beside internal/pgtest/withpg -durable")
		}
	default:
		return nil, fmt.Errorf("there is no database %q", b.database)
	}
	address := freeAddress()
	cmd := exec.CommandContext(ctx, binary, "serve")
	cmd.Dir = b.dir
	cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "IDENTITY_LISTEN=" + address, "IDENTITY_DATA_DIR=" + b.dir,
		"IDENTITY_DATABASE_URL=" + url, "IDENTITY_BOOTSTRAP_PASSWORD=" + adminPassword,
	}
	p, err := start(cmd, filepath.Join(b.dir, "identity.log"))
	if err != nil {
		return nil, fmt.Errorf("start the server: %w", err)
	}
	return p, p.await(ctx, address, "/v3")
}

// freeAddress is an address on loopback that nobody listens on at the moment.
func freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "127.0.0.1:0" // starting on it will fail with a better message
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
