package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// What is measured, in the order of the report.
const (
	bareEcho     = "bare Echo handler, the same bytes"
	validateOne  = "validate one token"
	validateMany = "validate among many tokens"
	issueToken   = "issue by rescoping"
	issuePass    = "issue by password"
	listUsers    = "list users"
	bareHash     = "bare password hash"
	bareCommit   = "bare write of 4 KiB to the disk"
)

var order = []string{bareEcho, validateOne, validateMany, issueToken, issuePass, listUsers, bareHash, bareCommit}

// bench is one run.
type bench struct {
	options
	dir, wrk string
	found    map[string][]measured // by name, one for each round
	bytes    int                   // of a validation's body
	listed   int                   // users in the answer of the list
}

// measured is the outcome of one measurement.
type measured struct {
	PerSecond float64       `json:"per_second"`
	P50       time.Duration `json:"p50"`
	P99       time.Duration `json:"p99"`
}

func (b *bench) note(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// measure runs everything. The hashes come last and right after the sign-ins they are compared with, when no
// server runs any more.
func (b *bench) measure(ctx context.Context) error {
	if err := b.measureServers(ctx); err != nil {
		return err
	}
	for range b.rounds {
		b.note("%s", bareHash)
		m, err := b.hashes(ctx)
		if err != nil {
			return err
		}
		b.found[bareHash] = append(b.found[bareHash], m)
	}
	b.note("%s", bareCommit)
	m, err := measureCommits(ctx, b.dir, b.duration)
	b.found[bareCommit] = []measured{m}
	return err
}

func (b *bench) measureServers(ctx context.Context) (err error) {
	id, err := b.startIdentity(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, id.stop()) }()
	b.note("making %d users with a project each and %d tokens", b.users, b.tokens)
	w, err := makeWorld(ctx, id.address, b.users, b.tokens)
	if err != nil {
		return id.explain(err)
	}
	body, kind, err := w.validation(ctx)
	if err != nil {
		return id.explain(err)
	}
	b.bytes, b.listed = len(body), w.listed
	twin, err := startEcho(ctx, b.dir, body, kind)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, twin.stop()) }()
	for range b.rounds {
		for _, s := range []struct {
			name, address string
			requests      []request
		}{
			{bareEcho, twin.address, w.validateOne()},
			{validateOne, id.address, w.validateOne()},
			{validateMany, id.address, w.validateMany()},
			{listUsers, id.address, w.listUsers()},
			{issueToken, id.address, w.rescopes()},
			{issuePass, id.address, w.signIns()},
		} {
			b.note("%s", s.name)
			m, err := b.load(ctx, s.address, s.requests)
			if err != nil {
				return id.explain(fmt.Errorf("%s: %w", s.name, err))
			}
			b.found[s.name] = append(b.found[s.name], m)
		}
	}
	return nil
}

// hashes runs the part that hashes in a process of its own.
func (b *bench) hashes(ctx context.Context) (measured, error) {
	self, err := os.Executable()
	if err != nil {
		return measured{}, err
	}
	cmd := exec.CommandContext(ctx, self, "-part", "hash", "-duration", b.duration.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return measured{}, fmt.Errorf("hash passwords: %w", err)
	}
	var m measured
	return m, json.Unmarshal([]byte(strings.TrimSpace(string(out))), &m)
}
