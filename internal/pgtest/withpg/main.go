// Command withpg runs a command while a private PostgreSQL is up, and tells it where by IDENTITY_TEST_POSTGRES:
//
//	go run ./internal/pgtest/withpg go test ./...
//
// Its exit code is the command's. A missing PostgreSQL is installed where that is allowed, else it is an error.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/keyward/identity/internal/pgtest"
)

func main() {
	durable := flag.Bool("durable", false, "let commits reach the disk, as in production")
	flag.Parse()
	if flag.NArg() == 0 {
		fmt.Fprintln(os.Stderr, "usage: withpg [-durable] command [argument ...]")
		os.Exit(2)
	}
	err := with(pgtest.Options{Durable: *durable}, flag.Args())
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && exit.ExitCode() > 0 {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "withpg:", err)
		os.Exit(1)
	}
}

// with runs the command between start and end of a server. An interrupt reaches the command and is left to it.
func with(o pgtest.Options, command []string) (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT) // swallowed, for the terminal sends it to the command too
	if err := pgtest.Install(); err != nil {
		return err
	}
	server, err := pgtest.Start(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()

	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), pgtest.EnvURL+"="+server.URL("postgres"), pgtest.EnvRequire+"=1")
	return cmd.Run()
}
