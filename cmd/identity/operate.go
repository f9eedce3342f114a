package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/keyward/identity/internal/bootstrap"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/server"
)

func (a *app) deps(cmd *cobra.Command, cfg config.Config) server.Deps {
	return server.Deps{Log: server.NewLogger(cfg.Log, cmd.ErrOrStderr())}
}

func bootstrapCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "bootstrap",
		Short: "Make what is missing of the first domain, project, user, roles and catalog",
		Long: "Make what is missing of the first domain, project, user, roles and catalog, named by the bootstrap keys\n" +
			"of the configuration. What exists stays as it is, the administrator's password included.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			r, err := server.Bootstrap(cmd.Context(), cfg, a.deps(cmd, cfg))
			if errors.Is(err, bootstrap.ErrNoPassword) {
				return errRefused{errors.New("bootstrap.password: must be set, because there is no administrator yet")}
			}
			if err != nil {
				return err
			}
			text := "everything was there already"
			if r.Created {
				text = "made what was missing"
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s: user %s, project %s\n", text, r.UserID, r.ProjectID)
			return err
		},
	}
}

func migrateCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's schema up to date",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			if err := server.Migrate(cmd.Context(), cfg, a.deps(cmd, cfg)); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "the schema is up to date")
			return err
		},
	}
}

func keysCommand(a *app) *cobra.Command {
	keys := &cobra.Command{Use: "keys", Short: "Look at and rotate the keys that sign tokens"}
	with := func(use func(*cobra.Command, *server.Keys) error) func(*cobra.Command, []string) error {
		return func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			k, err := server.OpenKeys(cmd.Context(), cfg, a.deps(cmd, cfg))
			if err != nil {
				return err
			}
			return errors.Join(use(cmd, k), k.Close())
		}
	}
	keys.AddCommand(&cobra.Command{Use: "list", Short: "List the signing keys", Args: cobra.NoArgs, RunE: with(listKeys)})
	var now bool
	rotate := &cobra.Command{
		Use:   "rotate",
		Short: "Sign with the next key from now on; servers that run notice by themselves",
		Args:  cobra.NoArgs,
		RunE: with(func(cmd *cobra.Command, k *server.Keys) error {
			if err := k.Rotate(cmd.Context(), now); err != nil {
				return err
			}
			return listKeys(cmd, k)
		}),
	}
	rotate.Flags().BoolVar(&now, "now", false, "the old key has leaked: every token that it signed is dead at once")
	keys.AddCommand(rotate)
	return keys
}

func listKeys(cmd *cobra.Command, k *server.Keys) error {
	all, err := k.List(cmd.Context())
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "KEY\tALGORITHM\tSTATE\tMADE\tSIGNS SINCE\tVERIFIES UNTIL")
	for _, key := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", key.KID, key.Alg, key.State, when(key.CreatedAt), when(key.ActivatedAt), when(key.RetireAt))
	}
	return w.Flush()
}

func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

func policyCommand(a *app) *cobra.Command {
	p := &cobra.Command{Use: "policy", Short: "Look at and check who may do what"}
	p.AddCommand(&cobra.Command{
		Use:   "print",
		Short: "Print every rule, with what the operator's policy.file changes",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			engine, err := server.Policy(cfg)
			if err != nil {
				return errRefused{err}
			}
			return engine.Print(cmd.OutOrStdout())
		},
	}, &cobra.Command{
		Use:   "check [policy.yaml]",
		Short: "Report every problem of a policy file, policy.file unless one is named",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				cfg.Policy.File = args[0]
			}
			if _, err := server.Policy(cfg); err != nil {
				return errRefused{err}
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "the policy is good")
			return err
		},
	})
	return p
}
