package config

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

var update = flag.Bool("update", false, "write configs/identity.yaml and the table in docs/operations.md again")

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		file string
		env  []string
		want []string // a line each
	}{
		{"a key of the file that is not known", "tokn:\n  ttl: 1h\n", nil, []string{"unknown key tokn.ttl"}},
		{"a key that is known elsewhere", "ttl: 1h\n", nil, []string{"unknown key ttl"}},
		{"a variable that is not known", "", []string{"IDENTITY_TOKEN_TLL=1h"}, []string{"unknown environment variable IDENTITY_TOKEN_TLL"}},
		{"Keystone's shared secret", "admin_token: ADMIN\n", []string{"IDENTITY_ADMIN_TOKEN=ADMIN"}, []string{"unknown key admin_token", "unknown environment variable IDENTITY_ADMIN_TOKEN"}},
		{"a file that is not YAML", "a: [\n", nil, []string{"is not valid YAML"}},
		{"every problem at once", "token:\n  ttl: soon\nmfa:\n  digits: 7\n", []string{"IDENTITY_CACHE_SIZE=many"}, []string{"token.ttl: must be a duration", "cache.size: must be a whole number"}},
		{"every choice that cannot be", "", []string{"IDENTITY_MFA_DIGITS=7", "IDENTITY_KEYS_ALGORITHM=none", "IDENTITY_LOG_LEVEL=loud"}, []string{"mfa.digits: must be 6 or 8", "keys.algorithm: must be one of", "log.level: must be one of"}},
		{"all addresses without a public URL", "listen: 0.0.0.0:5000\n", nil, []string{"public_url: must be set"}},
		{"all addresses of IPv6 without a public URL", "", []string{"IDENTITY_LISTEN=[::]:5000"}, []string{"public_url: must be set"}},
		{"a port alone without a public URL", "", []string{"IDENTITY_LISTEN=:5000"}, []string{"public_url: must be set"}},
		{"an address without a port", "listen: localhost\n", nil, []string{"listen: must be host:port"}},
		{"a public URL with a user", "", []string{"IDENTITY_PUBLIC_URL=https://a:b@id.test"}, []string{"public_url: must be"}},
		{"another database", "", []string{"IDENTITY_DATABASE_URL=mysql://u:hunter2@db/x"}, []string{"database.url: must begin with"}},
		{"hashes that are too cheap", "", []string{"IDENTITY_PASSWORD_MEMORY_KIB=1024"}, []string{"password.memory_kib: must be from 19456"}},
		{"less memory than more passes make up for", "", []string{"IDENTITY_PASSWORD_PASSES=3", "IDENTITY_PASSWORD_MEMORY_KIB=9216"}, []string{"password.memory_kib: must be from 12288"}},
		{"more guesses than NIST bears", "", []string{"IDENTITY_LOCKOUT_PASSWORD_ATTEMPTS_ANYWHERE=101"}, []string{"lockout.password_attempts_anywhere: must be from 1 to 100"}},
		{"passwords that expire before they may be changed", "security_compliance:\n  password_expires_days: 2\n  minimum_password_age: 2\n", nil, []string{"security_compliance.minimum_password_age: must be less"}},
		{"a pause of Keystone's in seconds", "security_compliance:\n  lockout_duration: 1800\n", nil, []string{"security_compliance.lockout_duration: must be a duration"}},
		{"digests of wrong passwords without a key", "", []string{"IDENTITY_SECURITY_COMPLIANCE_REPORT_INVALID_PASSWORD_HASH=event"}, []string{"security_compliance.invalid_password_hash_secret_key: must have 16"}},
		{"a proxy that is no network", "trusted_proxies: [10.0.0.1]\n", nil, []string{"trusted_proxies: item 1"}},
		{"certificates from nobody who is believed", "oauth2:\n  client_certificate_header: Client-Cert\n", nil, []string{"oauth2.client_certificate_header: needs trusted_proxies"}},
		{"a header that cannot be", "trusted_proxies: [10.0.0.0/8]\n", []string{"IDENTITY_OAUTH2_CLIENT_CERTIFICATE_HEADER=Client Cert"}, []string{"oauth2.client_certificate_header: must be the name"}},
		{"a header that is the client's", "trusted_proxies: [10.0.0.0/8]\n", []string{"IDENTITY_OAUTH2_CLIENT_CERTIFICATE_HEADER=x-auth-token"}, []string{"oauth2.client_certificate_header: must be a header of its own"}},
		{"certificates that no mapping makes users of", "trusted_proxies: [10.0.0.0/8]\noauth2:\n  client_certificate_header: Client-Cert\n  cert_dn_mapping_id: ''\n", nil, []string{"oauth2.cert_dn_mapping_id: must not be empty"}},
		{"a contact with a line end", "", []string{"IDENTITY_SECURITY_CONTACT=mailto:a@b\nExpires: never"}, []string{"security.contact: must be"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(write(t, c.file), c.env)
			if err == nil {
				t.Fatal("it was accepted")
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(c.want) {
				t.Errorf("got %d problems, want %d: %q", len(lines), len(c.want), lines)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("lacks %q: %v", want, err)
				}
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("it shows a secret: %v", err)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	file := write(t, "listen: 10.0.0.1:80\ntoken:\n  ttl: 2h\n  allow_rescope_scoped_token: false\ntrusted_proxies: [10.1.2.3/8]\nmfa:\n#  digits: 8\n")
	c, err := Load(file, []string{"IDENTITY_TOKEN_TTL=30m", "IDENTITY_DATABASE_URL=postgres://u:hunter2@db/x", "IDENTITY_TEST_POSTGRES=x", "PATH=/bin"})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct{ what, got, want string }{
		{"the environment before the file", c.Token.TTL.String(), "30m0s"},
		{"the file before the default", c.Listen, "10.0.0.1:80"},
		{"a boolean", fmt.Sprint(c.Token.RescopeScoped), "false"},
		{"the public URL from the address", c.PublicURL, "http://10.0.0.1:80"},
		{"a network", fmt.Sprint(c.TrustedProxies), "[10.0.0.0/8]"},
		{"the default", fmt.Sprint(c.MFA.Digits), "6"},
		{"the secret, revealed", c.Database.URL.Reveal(), "postgres://u:hunter2@db/x"},
		{"the root key in the data folder", c.Keys.RootFile, "var/root.key"},
	} {
		if f.got != f.want {
			t.Errorf("%s: got %s, want %s", f.what, f.got, f.want)
		}
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	c, err := Load("", []string{"IDENTITY_DATABASE_URL=postgres://u:hunter2@db/x", "IDENTITY_BOOTSTRAP_PASSWORD=hunter2"})
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("x", "config", c)
	asYAML, _ := yaml.Marshal(c)
	all := fmt.Sprintf("%v %+v %#v %s %s", c, c, c, asYAML, logged.String())
	if strings.Contains(all, "hunter2") {
		t.Errorf("a secret was printed: %s", all)
	}
}

// TestSampleEqualsDefaults keeps configs/identity.yaml in step: it holds every key, and what it says is the default.
func TestSampleEqualsDefaults(t *testing.T) {
	t.Parallel()
	same(t, "../../configs/identity.yaml", func(string) string { return sample() })
	c, err := Load("../../configs/identity.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if d := Default(); !reflect.DeepEqual(c, d) {
		t.Errorf("got %+v, want %+v", c, d)
	}
}

// TestDocumentedTable keeps the table of docs/operations.md in step.
func TestDocumentedTable(t *testing.T) {
	t.Parallel()
	const begin, end = "<!-- settings: written by go test ./internal/config -update -->\n", "<!-- end of settings -->"
	same(t, "../../docs/operations.md", func(old string) string {
		before, rest, ok1 := strings.Cut(old, begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatal("docs/operations.md lacks the marks of the table")
		}
		table := "| key | environment | default | |\n|---|---|---|---|\n"
		for _, s := range Settings() {
			table += fmt.Sprintf("| `%s` | `%s` | `%s` | %s |\n", s.Key, Env(s.Key), s.Default, s.Doc)
		}
		return before + begin + table + end + after
	})
}

// sample renders the settings as a commented file.
func sample() string {
	var b strings.Builder
	b.WriteString("# Every setting with its default. Each is also an environment variable, which wins: token.ttl is\n# IDENTITY_TOKEN_TTL. `go test ./internal/config -update` writes this file.\n")
	section := ""
	for _, s := range Settings() {
		head, name, nested := strings.Cut(s.Key, ".")
		indent := ""
		if nested {
			indent = "  "
			if head != section {
				b.WriteString("\n" + head + ":\n")
			}
			section = head
		} else {
			name = head
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%s# %s\n%s%s: %s\n", indent, s.Doc, indent, name, s.Default)
	}
	return b.String()
}

// same compares a file with what it should be, or writes it.
func same(t *testing.T, path string, want func(old string) string) {
	t.Helper()
	old, err := os.ReadFile(path)
	if err != nil && !*update {
		t.Fatal(err)
	}
	text := want(string(old))
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(old) != text {
		t.Errorf("%s is out of date; run go test ./internal/config -update", path)
	}
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "identity.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
