// Command bench starts the built server, loads it over loopback with wrk, and prints how many requests a second
// it answers and how long they take, beside what bare parts take in the same run: an Echo handler that returns
// the bytes of a validation, the hash of a password, and one write that reaches the disk.
//
//	go run ./test/bench -binary bin/identity
//
// With -scale it fills one database with 1,000 users and then with 100,000, and measures the same reads at both.
//
// The server runs as an operator would run it: default hash cost, default log, durable commits. The load comes
// from the same machine, so a core that makes requests answers none; wrk is small enough to leave most of it.
// Everything listens on 127.0.0.1 and lives in a temporary folder that is removed at the end.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	binary, database    string
	duration, warmup    time.Duration
	connections, rounds int
	users, tokens       int
	scale               bool
	part                string
}

func main() {
	var o options
	flag.StringVar(&o.binary, "binary", "bin/identity", "the server to measure")
	flag.StringVar(&o.database, "database", "sqlite", "sqlite, or postgres: the server that "+envPostgres+" names")
	flag.DurationVar(&o.duration, "duration", 5*time.Second, "time for each measurement, in whole seconds")
	flag.DurationVar(&o.warmup, "warmup", 2*time.Second, "load before each measurement, in whole seconds")
	flag.IntVar(&o.connections, "connections", 16, "connections that ask at the same time")
	flag.IntVar(&o.rounds, "rounds", 1, "how often to measure everything; medians are reported")
	flag.IntVar(&o.users, "users", 100, "users with a project each")
	flag.IntVar(&o.tokens, "tokens", 10_000, "tokens to validate among")
	flag.BoolVar(&o.scale, "scale", false, "compare the times of reads with 1,000 and with 100,000 users instead")
	flag.StringVar(&o.part, "part", "", "internal: echo or hash, to be that part of the measurement")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	switch o.part {
	case "echo":
		return serveEcho(ctx, os.Stdin)
	case "hash":
		return measureHashes(ctx, o.duration, os.Stdout)
	case "":
	default:
		return fmt.Errorf("there is no part %q", o.part)
	}
	if o.duration < time.Second || o.warmup < time.Second || o.connections < 1 || o.rounds < 1 || o.users < 1 || o.tokens < o.users {
		return errors.New("durations must be at least 1s, numbers at least 1, and -tokens at least -users")
	}
	dir, err := os.MkdirTemp("", "identity-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	b := &bench{options: o, dir: dir, found: map[string][]measured{}}
	if b.wrk, err = findWrk(ctx); err != nil {
		return err
	}
	before := loadAverage()
	if o.scale {
		s, err := b.measureScale(ctx)
		if err == nil {
			s.report(os.Stdout, b, before)
		}
		return err
	}
	if err := b.measure(ctx); err != nil {
		return err
	}
	b.report(os.Stdout, before)
	return nil
}
