package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// What is measured, in the order of the report.
const (
	bareEcho     = "bare Echo handler, the same bytes"
	validateOne  = "validate one token"
	validateMany = "validate among many tokens"
	issueToken   = "issue by rescoping"
	issueFirst   = "issue by password, before anything else"
	issuePass    = "issue by password"
	listUsers    = "list users"
	bareHash     = "bare password hash"
	bareCommit   = "bare write of 4 KiB to the disk"
	fewSessions  = "sessions of who has one"
	manySessions = "sessions of who has 1,000, one page"
)

var order = []string{bareEcho, validateOne, validateMany, issueToken, issueFirst, issuePass, listUsers, fewSessions, manySessions, bareHash, bareCommit}

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
	// CPU is what one answer or call takes of the processors, whoever else uses them; zero means not measured.
	CPU time.Duration `json:"cpu"`
}

func (b *bench) note(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// measure runs everything.
func (b *bench) measure(ctx context.Context) error {
	if err := b.measureServers(ctx); err != nil {
		return err
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
		if err := b.round(ctx, w, id, twin); err != nil {
			return err
		}
	}
	if err := b.measureSessions(ctx, w, id); err != nil {
		return id.explain(err)
	}
	if err := b.measurePeople(ctx, w, id); err != nil {
		return id.explain(err)
	}
	return nil
}

// round measures everything once, with what is compared next to each other.
func (b *bench) round(ctx context.Context, w *world, id, twin *process) error {
	for _, s := range []struct {
		name     string
		server   *process
		requests []request
	}{
		{issueFirst, id, w.signIns()}, // of the first round only: later ones remember tokens
		{bareEcho, twin, w.validateOne()},
		{validateOne, id, w.validateOne()},
		{validateMany, id, w.validateMany()},
		{listUsers, id, w.listUsers()},
		{issueToken, id, w.rescopes()},
		{issuePass, id, w.signIns()},
	} {
		if s.name == issueFirst && len(b.found[issueFirst]) > 0 {
			continue
		}
		b.note("%s", s.name)
		m, err := b.load(ctx, s.server, s.requests)
		if err != nil {
			return id.explain(fmt.Errorf("%s: %w", s.name, err))
		}
		b.found[s.name] = append(b.found[s.name], m)
	}
	b.note("%s", bareHash)
	m, err := b.hashes(ctx, id)
	b.found[bareHash] = append(b.found[bareHash], m)
	return err
}

// hashes runs the part that hashes in a process of its own, while the server stands still.
func (b *bench) hashes(ctx context.Context, server *process) (m measured, err error) {
	self, err := os.Executable()
	if err != nil {
		return m, err
	}
	if err := server.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, server.cmd.Process.Signal(syscall.SIGCONT)) }()
	cmd := exec.CommandContext(ctx, self, "-part", "hash", "-duration", b.duration.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return m, fmt.Errorf("hash passwords: %w", err)
	}
	return m, json.Unmarshal([]byte(strings.TrimSpace(string(out))), &m)
}
