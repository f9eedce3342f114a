package main

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

//go:embed load.lua
var script []byte

// findWrk returns the path of wrk, which is installed first where it is missing and that is allowed.
func findWrk(ctx context.Context) (string, error) {
	if path, err := exec.LookPath("wrk"); err == nil {
		return path, nil
	}
	if _, err := exec.LookPath("apt-get"); err != nil || os.Geteuid() != 0 {
		return "", errors.New("wrk was not found; install it (Debian: apt-get install wrk)")
	}
	for _, args := range [][]string{{"update"}, {"install", "--no-install-recommends", "wrk"}} {
		cmd := exec.CommandContext(ctx, "apt-get", append([]string{"--yes", "--quiet", "-o", "DPkg::Lock::Timeout=300"}, args...)...)
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("install wrk: apt-get %s: %w\n%s", args[0], err, out)
		}
	}
	return exec.LookPath("wrk")
}

// load sends the requests in turn to the address: first to warm up, then to measure. An answer that is no
// success fails it, for a refusal is cheaper than what was to be measured.
func (b *bench) load(ctx context.Context, server *process, requests []request) (measured, error) {
	lua, list := filepath.Join(b.dir, "load.lua"), filepath.Join(b.dir, "requests")
	var all bytes.Buffer
	for _, r := range requests {
		text, err := r.wire(server.address)
		if err != nil {
			return measured{}, err
		}
		fmt.Fprintf(&all, "%d\n%s", len(text), text)
	}
	if err := errors.Join(os.WriteFile(lua, script, 0o600), os.WriteFile(list, all.Bytes(), 0o600)); err != nil {
		return measured{}, err
	}
	if _, _, err := b.runWrk(ctx, b.warmup, lua, server.address, list); err != nil {
		return measured{}, err
	}
	before := server.cpu()
	m, n, err := b.runWrk(ctx, b.duration, lua, server.address, list)
	if err == nil {
		m.CPU = (server.cpu() - before) / time.Duration(n)
	}
	return m, err
}

// runWrk loads the address once and also tells how many requests were answered.
func (b *bench) runWrk(ctx context.Context, d time.Duration, lua, address, list string) (m measured, answers int64, err error) {
	cmd := exec.CommandContext(ctx, b.wrk, "--threads", "1", "--connections", strconv.Itoa(b.connections), "--timeout", "10s",
		"--duration", strconv.Itoa(int(d.Seconds()))+"s", "--script", lua, "http://"+address, list)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return m, 0, fmt.Errorf("wrk: %w\n%s", err, out)
	}
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	var r struct{ Requests, Micros, P50, P99, Refused, Broken int64 }
	if err := json.Unmarshal(lines[len(lines)-1], &r); err != nil {
		return m, 0, fmt.Errorf("read what wrk printed: %w\n%s", err, out)
	}
	if r.Refused > 0 || r.Broken > 0 || r.Requests == 0 {
		return m, 0, fmt.Errorf("of %d requests %d were refused and %d got no answer", r.Requests, r.Refused, r.Broken)
	}
	return measured{
		PerSecond: float64(r.Requests) / (time.Duration(r.Micros) * time.Microsecond).Seconds(),
		P50:       time.Duration(r.P50) * time.Microsecond,
		P99:       time.Duration(r.P99) * time.Microsecond,
	}, r.Requests, nil
}
