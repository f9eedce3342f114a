package notify

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/event"
)

func TestOf(t *testing.T) {
	t.Parallel()
	by := func(actor, action string, detail map[string]any) event.Event {
		return event.Event{Action: action, UserID: "ann", Detail: detail, Origin: event.Origin{ActorID: actor}}
	}
	type d = map[string]any
	for _, row := range []struct {
		name string
		ev   event.Event
		want Kind
	}{
		{"an ordinary sign-in", by("ann", "token.issue", d{"methods": "password"}), ""},
		{"a pending factor is forgotten", by("ann", "factor.delete", nil), ""},
		{"the first password", by("adm", "password.set", d{First: true}), ""},
		{"a certificate is stored", by("ann", "credential.create", d{"type": "cert"}), ""},
		{"a wrong password", by("", "token.refuse", d{"cause": "password_wrong"}), ""},
		{"nobody's event", event.Event{Action: "factor.confirm"}, ""},
		{"a device is forgotten", by("ann", "device.delete", nil), ""},
		{"a factor is renamed", by("ann", "factor.update", nil), ""},
		{"an account is renamed", by("adm", "user.update", nil), ""},
		{"an account comes with a provider's identity", by("adm", "user.federate", d{Linked: 1, First: true}), ""},
		{"the last identity is taken away", by("adm", "user.federate", d{Linked: 0}), ""},
		{"the mail address is another", by("adm", "user.update", d{Mailed: true}), MailChanged},
		{"an identity is added", by("adm", "user.federate", d{Linked: 1}), WayInAdded},
		{"a device is remembered", by("ann", "device.create", nil), DeviceRemembered},
		{"a factor has another secret", by("ann", "factor.update", d{Replaced: true}), FactorReplaced},
		{"all factors are reset", by("adm", "mfa.reset", d{"reason": "lost"}), FactorReset},
		{"the password is taken away", by("adm", "password.delete", nil), PasswordChanged},
		{"an EC2 key is replaced", by("ann", "credential.update", d{"type": "ec2"}), CredentialMade},
		{"a factor is confirmed", by("ann", "factor.confirm", nil), FactorAdded},
		{"a factor is removed", by("ann", "factor.delete", d{WasActive: true}), FactorRemoved},
		{"a factor is reset", by("adm", "factor.delete", d{WasActive: true}), FactorReset},
		{"a code is used", by("ann", "recovery_code.use", d{"remaining": 3}), RecoveryUsed},
		{"the last but one code is used", by("ann", "recovery_code.use", d{"remaining": 1}), RecoveryFew},
		{"codes are renewed", by("ann", "recovery_codes.create", nil), RecoveryRenewed},
		{"the password is changed", by("ann", "password.set", nil), PasswordChanged},
		{"an application credential is made", by("ann", "application_credential.create", nil), CredentialMade},
		{"an EC2 key is made", by("ann", "credential.create", d{"type": "ec2"}), CredentialMade},
		{"a trust is made", by("ann", "trust.create", nil), TrustMade},
		{"too many wrong passwords", by("", "token.refuse", d{"cause": "password_wrong", Locked: true}), LockedOut},
		{"too many wrong codes", by("", "token.refuse", d{"cause": "code_locked"}), LockedOut},
		{"an unusual sign-in", by("ann", "token.issue", d{Tell: true}), UnusualSignIn},
		{"a refused one", by("", "token.refuse", d{"cause": "risk_refused"}), RefusedSignIn},
	} {
		if got, _ := Of(row.ev); got != row.want {
			t.Errorf("%s makes %q, want %q", row.name, got, row.want)
		}
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	bad := t.TempDir()
	write(t, filepath.Join(bad, "en", "factor_added.txt"), "{{.Secret}}")
	if _, err := LoadTemplates(bad); err == nil {
		t.Error("a template that names what is not there was taken")
	}
	if _, err := LoadTemplates(t.TempDir()); err == nil {
		t.Error("an empty folder was taken")
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "de", "factor_added.txt"), "Neuer Faktor für {{.Person.Name}}\n\nText\n")
	all, err := LoadTemplates(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ language, kind, want string }{
		{"de-AT", "factor_added", "Neuer Faktor für Ann"},
		{"de", "factor_removed", "A second factor was removed from your account Ann"},
		{"xx", "factor_added", "A second factor was added to your account Ann"},
		{"../../etc", "factor_added", "A second factor was added to your account Ann"},
	} {
		m, err := all.Message(Notice{Kind: Kind(row.kind)}, Person{Name: "Ann", Language: row.language}, Facts{})
		if err != nil || m.Subject != row.want {
			t.Errorf("%s in %s: %q %v", row.kind, row.language, m.Subject, err)
		}
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestPauseGrowsToItsBound(t *testing.T) {
	t.Parallel()
	for attempts, want := range map[int]time.Duration{1: 30 * time.Second, 2: time.Minute, 7: 32 * time.Minute, 8: time.Hour, 1000: time.Hour} {
		if got := pause(attempts); got != want {
			t.Errorf("after %d tries %v, want %v", attempts, got, want)
		}
	}
}

func TestLine(t *testing.T) {
	t.Parallel()
	if got := line("a\r\nb\u202e\u2028c\x00\xffd", 100); got != "a b c ?d" {
		t.Errorf("%q", got)
	}
	if got := line(strings.Repeat("ä", 10), 3); got != "äää…" {
		t.Errorf("%q", got)
	}
}
