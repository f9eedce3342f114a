package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/keyward/identity/internal/config"
)

// cloud is the name of the entry in clouds.yaml.
const cloud = "identity"

// welcome shows the administrator that was made, once, and writes the same for clients, readable by the owner
// only.
func welcome(out io.Writer, cfg config.Config, password string) error {
	path := filepath.Join(cfg.DataDir, "clouds.yaml")
	entry := cloudsEntry(cfg, password)
	err := writePrivate(path, entry)
	fmt.Fprintf(out, `
The database was empty. An administrator was made; the password is shown only now:

    user      %s
    password  %s

Clients read this entry (it is also in %s):

%s
Try, in another terminal:

    %s

    OS_CLIENT_CONFIG_FILE=%s openstack --os-cloud %s user list

`, cfg.Bootstrap.User, password, path, indent(entry), signIn(cfg, password), shellQuote(path), cloud)
	return err
}

// cloudsEntry is the entry of a clouds.yaml.
func cloudsEntry(cfg config.Config, password string) string {
	return fmt.Sprintf(`clouds:
  %s:
    auth:
      auth_url: %s
      username: %s
      password: %s
      project_name: %s
      user_domain_name: Default
      project_domain_name: Default
    region_name: %s
    identity_api_version: 3
`, cloud, strconv.Quote(cfg.PublicURL+"/v3"), strconv.Quote(cfg.Bootstrap.User), strconv.Quote(password),
		strconv.Quote(cfg.Bootstrap.Project), strconv.Quote(cfg.Bootstrap.Region))
}

// signIn is a command that signs the administrator in; the token is in the header X-Subject-Token.
func signIn(cfg config.Config, password string) string {
	domain := map[string]any{"id": "default"}
	body, _ := json.Marshal(map[string]any{"auth": map[string]any{ // maps of strings always can
		"identity": map[string]any{
			"methods":  []string{"password"},
			"password": map[string]any{"user": map[string]any{"name": cfg.Bootstrap.User, "domain": domain, "password": password}},
		},
		"scope": map[string]any{"project": map[string]any{"name": cfg.Bootstrap.Project, "domain": domain}},
	}})
	return "curl -i " + shellQuote(cfg.PublicURL+"/v3/auth/tokens") + " -H 'Content-Type: application/json' -d " + shellQuote(string(body))
}

func writePrivate(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	_ = os.Remove(path) // an old file may have another mode
	return os.WriteFile(path, []byte(text), 0o600)
}

func indent(s string) string {
	return "    " + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n    ") + "\n"
}

// shellQuote makes text one word for a shell.
func shellQuote(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("./:_-", r)
	}) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
