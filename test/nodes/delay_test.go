// Package nodes_test runs two built servers on one PostgreSQL database and measures how long one of them still takes a
// token that was ended on the other. docs/performance.md has the command and what it
// printed.
package nodes_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"github.com/keyward/identity/internal/pgtest"
	"github.com/keyward/identity/test/program"
)

func TestMain(m *testing.M) { program.Main(m) }

// promised is how soon the other nodes know.
const promised = time.Second

// deafen makes NOTIFY do nothing in a database, so that nodes hear of each other only by asking.
const deafen = `CREATE FUNCTION public.pg_notify(text, text) RETURNS void LANGUAGE sql AS '';
DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = public, pg_catalog', current_database()); END $$`

// pair are two servers, and ann, who is a member of the project web.
type pair struct {
	t        *testing.T
	a, b     *program.Server
	admin    string
	ann, web string
	role     string
	password string
	made     string // the path of what the last token of a delegation stands on
}

func newPair(t *testing.T, setup string) *pair {
	t.Helper()
	url := pgtest.URL(t)
	if setup != "" {
		db, err := sql.Open("pgx", url)
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.ExecContext(t.Context(), setup)
		if e := db.Close(); err != nil || e != nil {
			t.Fatal(err, e)
		}
	}
	env := []string{"IDENTITY_DATA_DIR=" + t.TempDir()}
	p := &pair{t: t, a: program.New(t, url, env...), b: program.New(t, url, env...), password: "the first Passw0rd of ann"}
	p.a.Start()
	p.b.Start()
	p.admin = p.a.AdminToken(t)
	p.web = p.make("/v3/projects", "project", program.Map{"name": "web", "domain_id": "default"})
	p.ann = p.make("/v3/users", "user", program.Map{"name": "ann", "domain_id": "default", "password": p.password})
	p.role = p.member()
	p.do(http.MethodPut, p.grant(), nil, http.StatusNoContent)
	return p
}

// member is the id of the role member.
func (p *pair) member() string {
	p.t.Helper()
	res := p.do(http.MethodGet, "/v3/roles?name=member", nil, http.StatusOK)
	roles, _ := res.At("roles").([]any)
	if len(roles) != 1 {
		p.t.Fatalf("roles named member: %s", res.Text)
	}
	id, _ := roles[0].(map[string]any)["id"].(string)
	return id
}

func (p *pair) do(method, path string, body any, want int) program.Response {
	p.t.Helper()
	return p.a.Must(p.t, want, program.Request{Method: method, Path: path, Token: p.admin, Body: body})
}

func (p *pair) make(path, kind string, body program.Map) string {
	p.t.Helper()
	return p.do(http.MethodPost, path, program.Map{kind: body}, http.StatusCreated).String(kind, "id")
}

func (p *pair) grant() string {
	return "/v3/projects/" + p.web + "/users/" + p.ann + "/roles/" + p.role
}

func (p *pair) sessions() string { return "/v3/users/" + p.ann + "/sessions" }

func (p *pair) user(body program.Map) {
	p.t.Helper()
	p.do(http.MethodPatch, "/v3/users/"+p.ann, program.Map{"user": body}, http.StatusOK)
}

// token signs ann in on the first node.
func (p *pair) token() string {
	p.t.Helper()
	body := program.PasswordAuth("ann", p.password, program.Map{"project": program.Map{"id": p.web}})
	res := p.a.Must(p.t, http.StatusCreated, program.Request{Method: http.MethodPost, Path: "/v3/auth/tokens", Body: body})
	return res.Header.Get("X-Subject-Token")
}

// until asks the second node until it answers a token with the status, and returns when it did.
func (p *pair) until(text string, status int) time.Time {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), 10*promised)
	defer cancel()
	for {
		res, err := p.b.Do(ctx, program.Request{Method: http.MethodGet, Path: "/v3/auth/projects", Token: text})
		if err != nil {
			p.t.Fatalf("the second node does not answer a token with %d in time: %v", status, err)
		}
		if res.Status == status {
			return time.Now()
		}
	}
}

// change is something that ends a token: how one is had, what ends it, and what makes the next one possible.
// The round makes passwords differ.
type change struct {
	name  string
	token func() string
	end   func(text string, round int)
	again func()
}

func (p *pair) changes() []change {
	nothing := func() {}
	return []change{
		{"token revoked", p.token, func(text string, _ int) {
			p.a.Must(p.t, http.StatusNoContent, program.Request{
				Method: http.MethodDelete, Path: "/v3/auth/tokens", Token: p.admin, Header: map[string]string{"X-Subject-Token": text},
			})
		}, nothing},
		{
			"user disabled", p.token, func(string, int) { p.user(program.Map{"enabled": false}) },
			func() { p.user(program.Map{"enabled": true}) },
		},
		{
			"role removed", p.token, func(string, int) { p.do(http.MethodDelete, p.grant(), nil, http.StatusNoContent) },
			func() { p.do(http.MethodPut, p.grant(), nil, http.StatusNoContent) },
		},
		{"password changed", p.token, func(_ string, round int) {
			p.password = fmt.Sprintf("the %d. Passw0rd of ann", round+2)
			p.user(program.Map{"password": p.password})
		}, nothing},
		{"session ended", p.token, func(string, int) {
			list := p.do(http.MethodGet, p.sessions(), nil, http.StatusOK)
			newest := list.At("sessions").([]any)[0].(map[string]any)["id"].(string)
			p.do(http.MethodDelete, p.sessions()+"/"+newest, nil, http.StatusNoContent)
		}, nothing},
		{"all sessions ended", p.token, func(string, int) { p.do(http.MethodDelete, p.sessions(), nil, http.StatusNoContent) }, nothing},
		{"application credential deleted", p.credential, p.unmake, nothing},
		{"trust deleted", p.trust, p.unmake, nothing},
		{"access key deleted", p.accessKey, p.unmake, nothing},
		{"OAuth access token revoked", p.accessToken, p.unmake, nothing},
	}
}

// rounds is how often each change is made.
func rounds() int {
	if n, err := strconv.Atoi(os.Getenv("IDENTITY_TEST_ROUNDS")); err == nil && n > 0 {
		return n
	}
	return 5
}

func TestDelayUntilTheOtherNodeKnows(t *testing.T) {
	t.Parallel()
	for name, setup := range map[string]string{"LISTEN/NOTIFY": "", "polling alone": deafen} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, setup)
			var all []time.Duration
			var table strings.Builder
			for _, c := range p.changes() {
				var took []time.Duration
				for round := range rounds() {
					text := c.token()
					p.until(text, http.StatusOK)
					c.end(text, round)
					began := time.Now()
					took = append(took, p.until(text, http.StatusUnauthorized).Sub(began))
					c.again()
				}
				all = append(all, took...)
				table.WriteString(row(c.name, took))
			}
			t.Logf("%s\n\n| change | number | p50 | p99 | worst |\n|---|---:|---:|---:|---:|\n%s%s", name, &table, row("all", all))
			if worst := slices.Max(all); worst > promised {
				t.Errorf("%s: the slowest took %v", name, worst)
			}
		})
	}
}

func row(what string, took []time.Duration) string {
	sorted := slices.Sorted(slices.Values(took))
	at := func(percent int) string {
		return fmt.Sprintf("%.1f ms", float64(sorted[(len(sorted)*percent+99)/100-1].Microseconds())/1000)
	}
	return fmt.Sprintf("| %s | %d | %s | %s | %s |\n", what, len(took), at(50), at(99), at(100))
}
