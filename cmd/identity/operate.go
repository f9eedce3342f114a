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
	keys := &cobra.Command{Use: "keys", Short: "Look at and rotate the keys that sign tokens, and change the root key"}
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
	keys.AddCommand(rotate, &cobra.Command{
		Use:   "reseal",
		Short: "Seal everything anew with the first root key, so that older ones may leave the file",
		Long: "Seal everything that an older root key sealed with the first one of keys.root_file. Nothing else changes. It may\n" +
			"run beside servers that have the same keys in the same order, be interrupted, and run again.",
		Args: cobra.NoArgs,
		RunE: with(resealAll),
	})
	return keys
}

// resealAll fails when something cannot be opened, so that nobody takes a key out of the file without having read of it.
func resealAll(cmd *cobra.Command, k *server.Keys) error {
	all, err := k.Reseal(cmd.Context())
	w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "COLUMN\tSEALED AGAIN\tUNREADABLE")
	sealed, unreadable := 0, 0
	for _, c := range all {
		fmt.Fprintf(w, "%s\t%d\t%d\n", c.Column, c.Sealed, c.Unreadable)
		sealed, unreadable = sealed+c.Sealed, unreadable+c.Unreadable
	}
	if err := errors.Join(err, w.Flush()); err != nil {
		return err
	}
	if unreadable > 0 {
		return fmt.Errorf("%d values are damaged or sealed by none of the root keys, and stay as they are; the rest is sealed by the first", unreadable)
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d sealed again; everything is sealed by %s, the first root key\n", sealed, k.Root())
	return err
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
		Short: "Report every problem of a policy file, policy.file unless one is named, and of step_up.operations",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := a.config()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				cfg.Policy.File = args[0]
			}
			_, wrong := server.Policy(cfg)
			_, unknown := server.StepUp(cfg)
			if err := errors.Join(wrong, unknown); err != nil {
				return errRefused{err}
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "the policy is good")
			return err
		},
	})
	return p
}
