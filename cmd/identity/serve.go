package main

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"strings"

	"github.com/spf13/cobra"

	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/server"
)

func serveCommand(a *app) *cobra.Command {
	var dev bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the API",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			return serve(cmd, cfg, dev)
		},
	}
	cmd.Flags().BoolVar(&dev, "dev", false, "fill an empty database with an administrator whose password is printed once")
	return cmd
}

// serve listens first, so that a port that is taken is known before anything is made.
func serve(cmd *cobra.Command, cfg config.Config, dev bool) error {
	ctx := cmd.Context()
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	defer func() { _ = l.Close() }()
	if strings.HasSuffix(cfg.PublicURL, ":0") { // the system chose the port
		cfg.PublicURL = "http://" + l.Addr().String()
	}
	generated := ""
	if dev {
		cfg.Log.Format = "text"
		if cfg.Bootstrap.Password == "" {
			generated = rand.Text()
			cfg.Bootstrap.Password = config.Secret(generated)
		}
	}
	log := server.NewLogger(cfg.Log, cmd.ErrOrStderr())
	s, err := server.New(ctx, cfg, server.Deps{Log: log})
	if err != nil {
		return err
	}
	if generated != "" && s.Bootstrapped().UserCreated {
		if err := welcome(cmd.OutOrStdout(), cfg, generated); err != nil {
			log.Warn("the file for clients could not be written", "error", err.Error())
		}
	}
	log.Info("serving", slog.String("address", l.Addr().String()), slog.String("url", cfg.PublicURL), slog.String("version", versionText()))
	return s.Serve(ctx, l)
}
