package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/keyward/identity/internal/password"
)

// startEcho starts this program once more, as the bare handler that answers body.
func startEcho(ctx context.Context, dir string, body []byte, contentType string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	address := freeAddress()
	answer, err := json.Marshal(echoAnswer{address, contentType, body})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-part", "echo")
	cmd.Stdin = bytes.NewReader(answer)
	p, err := start(cmd, filepath.Join(dir, "echo.log"))
	if err != nil {
		return nil, err
	}
	return p, p.await(ctx, address, "/v3/auth/tokens")
}

// echoAnswer is what the bare handler is told on standard input.
type echoAnswer struct {
	Address, ContentType string
	Body                 []byte
}

// serveEcho is the least that one can do with Echo: one route, no middleware, fixed bytes.
func serveEcho(ctx context.Context, in io.Reader) error {
	var a echoAnswer
	if err := json.NewDecoder(in).Decode(&a); err != nil {
		return err
	}
	e := echo.New()
	e.GET("/v3/auth/tokens", func(c echo.Context) error { return c.Blob(http.StatusOK, a.ContentType, a.Body) })
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", a.Address)
	if err != nil {
		return err
	}
	s := &http.Server{Handler: e, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// measureHashes hashes passwords at the server's default cost, on all cores at once.
func measureHashes(ctx context.Context, d time.Duration, out io.Writer) error {
	h, err := password.NewHasher(password.Default)
	if err != nil {
		return err
	}
	var n atomic.Int64
	m, err := repeat(ctx, runtime.GOMAXPROCS(0), d, func() error {
		n.Add(1)
		_, err := h.Hash("correct horse battery staple")
		return err
	})
	if err != nil {
		return err
	}
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return err
	}
	m.CPU = time.Duration(used.Utime.Nano()+used.Stime.Nano()) / time.Duration(n.Load())
	return json.NewEncoder(out).Encode(m)
}

// measureCommits writes 4 KiB to the end of a file and waits for the disk, one after another: the least that
// any durable commit takes.
func measureCommits(ctx context.Context, dir string, d time.Duration) (m measured, err error) {
	f, err := os.OpenFile(filepath.Join(dir, "commit"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	page := bytes.Repeat([]byte{1}, 4096)
	return repeat(ctx, 1, d, func() error {
		if _, err := f.Write(page); err != nil {
			return err
		}
		return f.Sync()
	})
}

// repeat calls fn for the time from so many goroutines and tells how that went.
func repeat(ctx context.Context, workers int, d time.Duration, fn func() error) (measured, error) {
	var mu sync.Mutex
	var all []time.Duration
	var failed error
	var wg sync.WaitGroup
	began := time.Now()
	for range workers {
		wg.Go(func() {
			var took []time.Duration
			var err error
			for at := time.Now(); err == nil && at.Sub(began) < d && ctx.Err() == nil; {
				err = fn()
				next := time.Now()
				took = append(took, next.Sub(at))
				at = next
			}
			mu.Lock()
			defer mu.Unlock()
			all, failed = append(all, took...), errors.Join(failed, err)
		})
	}
	wg.Wait()
	total := time.Since(began)
	if failed == nil {
		failed = ctx.Err()
	}
	if failed != nil || len(all) == 0 {
		return measured{}, fmt.Errorf("measure: %w", failed)
	}
	slices.Sort(all)
	return measured{PerSecond: float64(len(all)) / total.Seconds(), P50: all[len(all)/2], P99: all[len(all)*99/100]}, nil
}
