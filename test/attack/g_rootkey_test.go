package attack_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/keyring"
	"github.com/keyward/identity/internal/server"
)

// rootLine makes a root key and returns its line of the file and its id.
func rootLine(t *testing.T) (line, id string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "root.key")
	if err := keyring.Create(path); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	id, _, _ = strings.Cut(string(b), ":")
	return string(b), id
}

// rooted is another node that starts with these lines for its root keys, and the operator's keys beside it.
func rooted(t *testing.T, w *apitest.World, lines ...string) (*apitest.World, *server.Keys) {
	t.Helper()
	if err := os.WriteFile(w.Config.Keys.RootFile, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	n, _ := w.Node()
	return n, n.Keys()
}

// resealed runs the command and returns how many values of each column it sealed, and how many it could not.
func resealed(t *testing.T, k *server.Keys) (sealed map[string]int, unreadable int) {
	t.Helper()
	all, err := k.Reseal(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sealed = map[string]int{}
	for _, r := range all {
		if r.Sealed > 0 {
			sealed[r.Column] = r.Sealed
		}
		unreadable += r.Unreadable
	}
	return sealed, unreadable
}

// rows opens the database behind the server's back.
func rows(t *testing.T, w *apitest.World) *sql.DB {
	t.Helper()
	driver, dsn := "pgx", w.Config.Database.URL.Reveal()
	if path, found := strings.CutPrefix(dsn, "sqlite://"); found {
		driver, dsn = "sqlite", "file:"+path+"?_pragma=busy_timeout(4000)"
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// holding names the columns, as table.column, that hold a text anywhere in the database.
func holding(t *testing.T, w *apitest.World, text string) map[string]int {
	t.Helper()
	db := rows(t, w)
	query := "SELECT name FROM sqlite_schema WHERE type = 'table'"
	if !strings.HasPrefix(w.Config.Database.URL.Reveal(), "sqlite:") {
		query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
	}
	found := map[string]int{}
	each(t, db, query, func(table map[string]string) {
		for _, name := range table {
			each(t, db, "SELECT * FROM "+name, func(row map[string]string) {
				for column, value := range row {
					if strings.Contains(value, text) {
						found[name+"."+column]++
					}
				}
			})
		}
	})
	return found
}

// each calls do with every row of a query, by the names of the columns.
func each(t *testing.T, db *sql.DB, query string, do func(map[string]string)) {
	t.Helper()
	all, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = all.Close() }()
	names, err := all.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for all.Next() {
		values, into := make([]sql.NullString, len(names)), make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := all.Scan(into...); err != nil {
			t.Fatal(err)
		}
		row := map[string]string{}
		for i, name := range names {
			row[name] = values[i].String
		}
		do(row)
	}
	if err := all.Err(); err != nil {
		t.Fatal(err)
	}
}

// household is one of everything that the root key seals or makes digests of.
type household struct {
	phone         *phone
	program       program
	holder, ready robot
	token         string
	device        string // the secret of mia's
	codes         int    // recovery codes used so far
}

func newHousehold(w *apitest.World) *household {
	cast(w)
	h := &household{phone: enrolled(w, "mia")}
	h.device = remembered(h.phone)
	h.program = programOf(w, "bob", "backup", "")
	withKey(w, "alice", "her-access", "her-secret-text")
	withCert(w, "alice", "a certificate of hers")
	w.Put("/v3/domains/{red}/config", w.As("sysadmin"), apitest.Body(`{"config":{"ldap":{"url":"ldap://x","password":"ldap-canary"}}}`)).Want(http.StatusCreated)
	o := settled(w, "owner", "default")
	text := w.Token(o.name, o.scope())
	k := newRobot(w)
	h.ready = k.allowed(w, o, text)
	h.holder = h.ready.with(w, h.ready.exchange(w))
	h.ready = k.allowed(w, o, text)
	h.token = w.Token("bob", "project:red/p1")
	return h
}

// lives checks on a node that everything can still be used, and nothing else.
func (h *household) lives(t *testing.T, n *apitest.World, when string) {
	t.Helper()
	n = n.In(t)
	h.phone.w, h.program.w = n, n
	status := func(what string, r *apitest.Response, want int) {
		t.Helper()
		if r.Status != want {
			t.Errorf("%s: %s: %d, want %d: %s", when, what, r.Status, want, r.Body)
		}
	}
	mia := thePassword(n, "mia")
	status("a wrong recovery code", shown(n, mia.and(code(n, "mia", strings.Repeat("AAAA-", 5)+"AAAA"))), 401)
	status("a wrong secret", h.program.signIn(map[string]any{"secret": "wrong"}), 401)
	status("a token of before", n.Get("/v3/auth/projects", apitest.Token(h.token)), 200)
	status("a password", n.SignIn("alice", "project:red/p1"), 201)
	status("a passcode", shown(n, mia.and(code(n, "mia", h.phone.next()))), 201)
	status("a recovery code", shown(n, mia.and(code(n, "mia", h.phone.codes[h.codes]))), 201)
	status("the same again", shown(n, mia.and(code(n, "mia", h.phone.codes[h.codes]))), 401)
	h.codes++
	status("another device", shown(n, mia.and(onDevice(strings.Repeat("A", len(h.device))))), 401)
	status("a remembered device", shown(n, mia.and(onDevice(h.device))), 201)
	status("an application credential", h.program.signIn(nil), 201)
	status("an access key", n.Post("/v3/ec2tokens", apitest.SignedEC2("her-access", "her-secret-text", n.Clock.Now()), n.As("sysadmin")), 200)
	if got := n.Get("/v3/credentials/{cert of alice}", n.As("sysadmin")).Want(http.StatusOK).Str("credential.blob"); got != "a certificate of hers" {
		t.Errorf("%s: the credential holds %q", when, got)
	}
	status("an access token of OAuth", h.holder.signIn(n, nil), 201)
}

// sealedKinds are the columns that the household fills. That of mac_key the command fills by itself, for each key
// that is not in the first line.
var sealedKinds = []string{
	"application_credential.secret", "credential.sealed", "domain_option.value", "factor.secret", "mac_key.sealed", "oauth_access_token.secret",
	"oauth_consumer.secret", "oauth_request_token.secret", "oauth_request_token.verifier", "password.hash", "signing_key.private_key",
}

func TestOperatorsReplaceTheRootKeyWhileServersRun(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		h := newHousehold(w)
		b, err := os.ReadFile(w.Config.Keys.RootFile)
		if err != nil {
			t.Fatal(err)
		}
		oldLine := string(b)
		oldID, _, _ := strings.Cut(oldLine, ":")
		newLine, newID := rootLine(t)

		if err := os.WriteFile(w.Config.Keys.RootFile, []byte(newLine), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := server.New(t.Context(), w.Config, server.Deps{Now: w.Clock.Now}); err == nil || !strings.Contains(err.Error(), "is not the one") {
			t.Errorf("a server without the root key: got %v", err)
		}

		before, keys := rooted(t, w, oldLine, newLine) // every node learns to read it first
		if sealed, unreadable := resealed(t, keys); len(sealed) > 0 || unreadable > 0 {
			t.Errorf("with the old key in the first line %v were sealed again", sealed)
		}
		after, keys := rooted(t, w, newLine, oldLine)
		h.lives(t, after, "with both keys")
		start, done := make(chan struct{}), make(chan struct{})
		go func() { // a node that still seals with the old key
			defer close(done)
			<-start
			for i := range 20 {
				before.Post("/v3/credentials", fmt.Sprintf(`{"credential":{"type":"late","user_id":"{alice}","blob":"%d"}}`, i), before.As("sysadmin"))
			}
		}()
		close(start)
		sealed, unreadable := resealed(t, keys)
		<-done
		for _, column := range sealedKinds {
			if sealed[column] == 0 {
				t.Errorf("nothing of %s was sealed again", column)
			}
		}
		if len(sealed) != len(sealedKinds) || unreadable > 0 {
			t.Errorf("sealed again: %v, and %d unreadable", sealed, unreadable)
		}
		h.lives(t, before, "on a node that prefers the old key")
		resealed(t, keys) // what that node sealed meanwhile
		if left := holding(t, w, "v1."+oldID+"."); len(left) > 0 {
			t.Errorf("under the old key: %v", left)
		}
		if got := holding(t, w, "v1."+newID+"."); len(got) != len(sealedKinds) {
			t.Errorf("under the new key: %v", got)
		}
		if sealed, _ := resealed(t, keys); len(sealed) > 0 {
			t.Errorf("the second time %v were sealed again", sealed)
		}

		last, keys := rooted(t, w, newLine)
		h.lives(t, last, "without the old key")
		h.ready.with(last, h.ready.exchange(last))
		h.again(t, w, keys, newLine)
	})
}

// again replaces the key once more: what is left of the first one moves on. A damaged value stops nothing.
func (h *household) again(t *testing.T, w *apitest.World, keys *server.Keys, oldLine string) {
	t.Helper()
	if err := keys.Rotate(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	nextLine, _ := rootLine(t)
	_, keys = rooted(t, w, nextLine, oldLine)
	if _, err := rows(t, w).ExecContext(t.Context(), "UPDATE credential SET sealed = 'v1.gone.AAAA' WHERE kind = 'late'"); err != nil {
		t.Fatal(err)
	}
	if sealed, unreadable := resealed(t, keys); sealed["mac_key.sealed"] != 6 || sealed["password.hash"] == 0 || unreadable != 20 {
		t.Errorf("the second key: sealed again %v, and %d unreadable", sealed, unreadable)
	}
	n, _ := rooted(t, w, nextLine)
	h.lives(t, n, "without the second key")
}
