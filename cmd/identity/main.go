// Command identity is an OpenStack Identity server. This package owns flags, exit codes and what an operator
// sees on the terminal; everything else is in the packages that it calls.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/keyward/identity/internal/config"
)

// version is set by the linker.
var version = ""

// Exit codes.
const (
	exitFailed  = 1 // it was tried and did not work
	exitRefused = 2 // flags or configuration cannot be meant
)

// errRefused marks what is wrong with flags or configuration.
type errRefused struct{ error }

func (e errRefused) Unwrap() error { return e.error }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Environ(), os.Stdout, os.Stderr))
}

// run executes the command line and returns the exit code. Each problem is one line on stderr.
func run(ctx context.Context, args, environ []string, stdout, stderr io.Writer) int {
	root := newRoot(&app{environ: environ})
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	if _, ok := errors.AsType[errRefused](err); ok {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			fmt.Fprintln(stderr, "identity:", line)
		}
		return exitRefused
	}
	fmt.Fprintln(stderr, "identity:", strings.Join(strings.Fields(err.Error()), " "))
	return exitFailed
}

// app is what the commands share.
type app struct {
	environ    []string
	configPath string
}

// config reads the configuration.
func (a *app) config() (config.Config, error) {
	cfg, err := config.Load(a.configPath, a.environ)
	if err != nil {
		return cfg, errRefused{err}
	}
	return cfg, nil
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:           "identity",
		Short:         "An OpenStack Identity server",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return errRefused{err} })
	root.PersistentFlags().StringVar(&a.configPath, "config", "", "configuration file; every key is also an environment variable IDENTITY_…")
	root.AddCommand(serveCommand(a), bootstrapCommand(a), migrateCommand(a), keysCommand(a), policyCommand(a), &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "identity", versionText())
			return err
		},
	})
	return root
}

func versionText() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
