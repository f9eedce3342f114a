package durability_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/test/program"
)

const writers = 8

// world is what the clients have written and what must therefore be there.
type world struct {
	t       *testing.T
	s       *program.Server
	admin   string // a token; it has to outlive all crashes
	role    string
	project string
	// patient clients go on after a 503; the others end at the first request that is not answered.
	patient bool

	answered, unanswered atomic.Int64
	clients              [writers]client
}

// client is one writer with things of its own. Each change is made to "next" first, and that becomes "sure"
// when it is answered; in between either may be what is stored.
type client struct {
	w      *world
	number int
	serial int
	users  []*record
	tokens []*record
}

// record is one user with its grant, or one token: what is certain, and what may be.
type record struct {
	id         string // empty for a user whose creation was not answered
	name       string
	sure, next state
}

// state is what can be seen of a record.
type state struct {
	exists      bool
	description string
	email       string
	enabled     bool
	granted     bool
}

func newWorld(t *testing.T, s *program.Server) *world {
	t.Helper()
	w := &world{t: t, s: s, admin: s.AdminToken(t)}
	res := s.Must(t, 200, program.Request{Method: "GET", Path: "/v3/roles?name=reader", Token: w.admin})
	roles, _ := res.At("roles").([]any)
	if len(roles) != 1 {
		t.Fatalf("role reader: got %s", res.Text)
	}
	w.role, _ = roles[0].(map[string]any)["id"].(string)
	w.project = s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/projects", Token: w.admin, Body: program.Map{
		"project": program.Map{"name": "work", "domain_id": "default"},
	}}).String("project", "id")
	for i := range w.clients {
		w.clients[i] = client{w: w, number: i}
	}
	return w
}

// write starts the clients. The function that it returns ends them and waits.
func (w *world) write() (stop func()) {
	ctx, cancel := context.WithCancel(w.t.Context())
	var all sync.WaitGroup
	for i := range w.clients {
		all.Go(func() {
			for more := true; more && ctx.Err() == nil; {
				more = w.clients[i].cycle()
			}
		})
	}
	return func() {
		cancel()
		all.Wait()
	}
}

// send sends a request and reports whether it was answered with the status. Whatever else comes besides
// silence and 503 is an error: no client writes to what belongs to another.
func (c *client) send(status int, r program.Request) (program.Response, bool) {
	ctx, cancel := context.WithTimeout(c.w.t.Context(), 30*time.Second)
	defer cancel()
	r.Token = c.w.admin
	res, err := c.w.s.Do(ctx, r)
	switch {
	case err != nil || res.Status == http.StatusServiceUnavailable:
		c.w.unanswered.Add(1)
		if err == nil && res.Header.Get("Retry-After") == "" {
			c.w.t.Errorf("%s %s: a 503 without Retry-After", r.Method, r.Path)
		}
		return res, false
	case res.Status != status:
		c.w.t.Errorf("%s %s: got %d %s, want %d", r.Method, r.Path, res.Status, res.Text, status)
		return res, false
	}
	c.w.answered.Add(1)
	return res, true
}

// change sends a request that changes a record and notes what came of it.
func (c *client) change(r *record, status int, req program.Request, edit func(*state)) bool {
	edit(&r.next)
	if _, ok := c.send(status, req); !ok {
		return false
	}
	r.sure = r.next
	return true
}

// cycle makes a user, changes it, and keeps it or deletes it; beside it a token is made and revoked. It reports
// whether to go on.
func (c *client) cycle() bool {
	c.serial++
	u := &record{name: fmt.Sprintf("user-%d-%d", c.number, c.serial)}
	c.users = append(c.users, u)
	for _, step := range []func(*record) bool{c.create, c.patch, c.grant, c.clear, c.revoke, c.withdraw, c.remove} {
		if !step(u) {
			return c.w.patient
		}
	}
	return true
}

func (c *client) create(u *record) bool {
	u.next = state{exists: true, description: "new", email: u.name + "@example.org", enabled: true}
	res, ok := c.send(201, program.Request{Method: "POST", Path: "/v3/users", Body: program.Map{
		"user": program.Map{"name": u.name, "domain_id": "default", "description": "new", "email": u.next.email},
	}})
	if ok {
		u.id, u.sure = res.String("user", "id"), u.next
	}
	return ok
}

func (c *client) update(u *record, body program.Map, edit func(*state)) bool {
	return c.change(u, 200, program.Request{Method: "PATCH", Path: "/v3/users/" + u.id, Body: program.Map{"user": body}}, edit)
}

func (c *client) patch(u *record) bool {
	return c.update(u, program.Map{"description": "changed", "email": "changed"}, func(s *state) { s.description, s.email = "changed", "changed" })
}

// clear stores the values that are easily taken for absent ones.
func (c *client) clear(u *record) bool {
	return c.update(u, program.Map{"description": "", "enabled": false}, func(s *state) { s.description, s.enabled = "", false })
}

func (c *client) grantPath(u *record) string {
	return "/v3/projects/" + c.w.project + "/users/" + u.id + "/roles/" + c.w.role
}

func (c *client) grant(u *record) bool {
	return c.change(u, 204, program.Request{Method: "PUT", Path: c.grantPath(u)}, func(s *state) { s.granted = true })
}

func (c *client) withdraw(u *record) bool {
	if c.serial%3 != 0 {
		return true
	}
	return c.change(u, 204, program.Request{Method: "DELETE", Path: c.grantPath(u)}, func(s *state) { s.granted = false })
}

func (c *client) remove(u *record) bool {
	if c.serial%2 != 0 {
		return true
	}
	return c.change(u, 204, program.Request{Method: "DELETE", Path: "/v3/users/" + u.id}, func(s *state) { *s = state{} })
}

// revoke makes a token and revokes it.
func (c *client) revoke(*record) bool {
	res, ok := c.send(201, program.Request{Method: "POST", Path: "/v3/auth/tokens", Body: program.Map{"auth": program.Map{
		"identity": program.Map{"methods": []string{"token"}, "token": program.Map{"id": c.w.admin}},
		"scope":    program.Map{"project": program.Map{"name": "admin", "domain": program.Map{"id": "default"}}},
	}}})
	if !ok {
		return false
	}
	t := &record{id: res.Header.Get("X-Subject-Token"), sure: state{exists: true}, next: state{exists: true}}
	c.tokens = append(c.tokens, t)
	if c.serial%4 == 0 {
		return true // this one stays alive
	}
	return c.change(t, 204, program.Request{
		Method: "DELETE", Path: "/v3/auth/tokens", Header: map[string]string{"X-Subject-Token": t.id},
	}, func(s *state) { s.exists = false })
}

// check compares everything with what is stored, and takes what is stored for certain from then on.
func (w *world) check() {
	w.t.Helper()
	for i := range w.clients {
		c := &w.clients[i]
		for _, u := range c.users {
			w.settle(u, w.stored(c, u))
		}
		for _, t := range c.tokens {
			w.settle(t, w.valid(t))
		}
	}
}

func (w *world) settle(r *record, got state) {
	w.t.Helper()
	if got != r.sure && got != r.next {
		w.t.Errorf("%s %.40s: stored is %+v, want %+v or %+v", r.name, r.id, got, r.sure, r.next)
	}
	r.sure, r.next = got, got
}

// stored reads a user and its grant.
func (w *world) stored(c *client, u *record) state {
	w.t.Helper()
	if u.id == "" {
		u.id = w.find(u.name)
	}
	if u.id == "" {
		return state{}
	}
	res := w.get("/v3/users/"+u.id, nil)
	if res.Status == http.StatusNotFound {
		return state{}
	}
	enabled, _ := res.At("user", "enabled").(bool)
	if res.Status != http.StatusOK || res.String("user", "name") != u.name || res.String("user", "domain_id") != "default" {
		w.t.Errorf("user %s: got %d %s", u.name, res.Status, res.Text)
	}
	return state{
		exists: true, description: res.String("user", "description"), email: res.String("user", "email"), enabled: enabled,
		granted: w.get(c.grantPath(u), nil).Status == http.StatusNoContent,
	}
}

// find returns the id of the user with the name, empty when there is none.
func (w *world) find(name string) string {
	w.t.Helper()
	res := w.get("/v3/users?domain_id=default&name="+name, nil)
	list, _ := res.At("users").([]any)
	if res.Status != http.StatusOK || len(list) > 1 {
		w.t.Errorf("users named %s: got %d %s", name, res.Status, res.Text)
	}
	if len(list) != 1 {
		return ""
	}
	id, _ := list[0].(map[string]any)["id"].(string)
	return id
}

func (w *world) valid(t *record) state {
	w.t.Helper()
	res := w.get("/v3/auth/tokens", map[string]string{"X-Subject-Token": t.id})
	if res.Status != http.StatusOK && res.Status != http.StatusNotFound {
		w.t.Errorf("validate a token: got %d %s", res.Status, res.Text)
	}
	return state{exists: res.Status == http.StatusOK}
}

func (w *world) get(path string, header map[string]string) program.Response {
	w.t.Helper()
	res, err := w.s.Do(w.t.Context(), program.Request{Method: "GET", Path: path, Token: w.admin, Header: header})
	if err != nil {
		w.t.Fatalf("GET %s: %v", path, err)
	}
	return res
}
