package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// request is one HTTP request, to be sent by this program or by wrk.
type request struct {
	method, path   string
	token, subject string
	receipt        string
	body           string
}

// client keeps as many connections as there are at most who ask at once.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (r request) http(ctx context.Context, address string) (*http.Request, error) {
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, "http://"+address+r.path, body)
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{"X-Auth-Token": r.token, "X-Subject-Token": r.subject, "Openstack-Auth-Receipt": r.receipt} {
		if value != "" {
			req.Header.Set(name, value)
		}
	}
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// wire is the request as it is sent.
func (r request) wire(address string) ([]byte, error) {
	req, err := r.http(context.Background(), address)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = req.Write(&b)
	return b.Bytes(), err
}

func (r request) do(ctx context.Context, address string) (answer, error) {
	req, err := r.http(ctx, address)
	if err != nil {
		return answer{}, err
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, body}, err
}

// world is what the database holds for the measurements.
type world struct {
	address        string
	admin          string // token of the administrator
	member, reader string // ids of the roles
	listed         int    // users in the list
	people         []person
}

type person struct {
	name, project string
	first         string   // token of the sign-in
	tokens        []string // made from it
}

// openWorld signs in to a fresh server.
func openWorld(ctx context.Context, address string) (*world, error) {
	w := &world{address: address}
	var err error
	if w.admin, err = w.issue(ctx, signIn("admin", adminPassword, "admin")); err != nil {
		return nil, fmt.Errorf("sign in as admin: %w", err)
	}
	for name, into := range map[string]*string{"member": &w.member, "reader": &w.reader} {
		var found struct{ Roles []struct{ ID string } }
		if err := w.call(ctx, request{path: "/v3/roles?name=" + name}, &found); err != nil {
			return nil, err
		}
		if len(found.Roles) != 1 {
			return nil, fmt.Errorf("found %d roles named %s, want 1", len(found.Roles), name)
		}
		*into = found.Roles[0].ID
	}
	return w, nil
}

// makeWorld makes users who each are a member of a project of their own, and spreads the tokens over them.
func makeWorld(ctx context.Context, address string, users, tokens int) (*world, error) {
	w, err := openWorld(ctx, address)
	if err != nil {
		return nil, err
	}
	w.people = make([]person, users)
	err = atOnce(ctx, users, func(ctx context.Context, i int) error {
		n := tokens / users
		if i < tokens%users {
			n++
		}
		return w.populate(ctx, i, n)
	})
	if err != nil {
		return nil, err
	}
	var list struct{ Users []struct{ ID string } }
	err = w.call(ctx, request{path: "/v3/users"}, &list)
	w.listed = len(list.Users)
	return w, err
}

// populate makes one person and n tokens.
func (w *world) populate(ctx context.Context, i, n int) error {
	p := &w.people[i]
	p.name, p.project = fmt.Sprintf("user-%04d", i), fmt.Sprintf("project-%04d", i)
	user, err := w.makeUser(ctx, p.name, userPassword)
	if err != nil {
		return err
	}
	project, err := w.makeProject(ctx, p.project)
	if err != nil {
		return err
	}
	if err := w.grant(ctx, project, user, w.member); err != nil {
		return err
	}
	return w.signInAs(ctx, p, n)
}

// makeUser makes a user, who cannot sign in when the password is empty, and returns the id.
func (w *world) makeUser(ctx context.Context, name, password string) (string, error) {
	if password != "" {
		password = fmt.Sprintf(`,"password":%q`, password)
	}
	var made struct{ User struct{ ID string } }
	err := w.call(ctx, request{method: "POST", path: "/v3/users", body: fmt.Sprintf(
		`{"user":{"name":%q,"domain_id":"default","email":"%s@example.org"%s}}`, name, name, password)}, &made)
	return made.User.ID, err
}

// makeProject makes a project and returns its id.
func (w *world) makeProject(ctx context.Context, name string) (string, error) {
	var made struct{ Project struct{ ID string } }
	err := w.call(ctx, request{method: "POST", path: "/v3/projects", body: fmt.Sprintf(
		`{"project":{"name":%q,"domain_id":"default"}}`, name)}, &made)
	return made.Project.ID, err
}

// grant gives a user a role on a project.
func (w *world) grant(ctx context.Context, project, user, role string) error {
	return w.call(ctx, request{method: "PUT", path: "/v3/projects/" + project + "/users/" + user + "/roles/" + role}, nil)
}

// signInAs signs a person in and makes n tokens from the first.
func (w *world) signInAs(ctx context.Context, p *person, n int) (err error) {
	if p.first, err = w.issue(ctx, signIn(p.name, userPassword, p.project)); err != nil {
		return err
	}
	for range n {
		text, err := w.issue(ctx, rescope(p.first, p.project))
		if err != nil {
			return err
		}
		p.tokens = append(p.tokens, text)
	}
	return nil
}

const userPassword = "bench-user-password"

// call sends a request as administrator and reads the answer's body.
func (w *world) call(ctx context.Context, r request, into any) error {
	r.token = w.admin
	a, err := r.do(ctx, w.address)
	if err != nil {
		return err
	}
	if a.status/100 != 2 {
		return fmt.Errorf("%s %s: %d %s", r.method, r.path, a.status, a.body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(a.body, into)
}

// issue sends a sign-in and returns the token.
func (w *world) issue(ctx context.Context, r request) (string, error) {
	a, err := r.do(ctx, w.address)
	if err != nil {
		return "", err
	}
	text := a.header.Get("X-Subject-Token")
	if a.status != http.StatusCreated || text == "" {
		return "", fmt.Errorf("%s: %d %s", r.path, a.status, a.body)
	}
	return text, nil
}

func signIn(user, password, project string) request {
	return request{method: "POST", path: "/v3/auth/tokens", body: fmt.Sprintf(
		`{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":%q,"domain":{"id":"default"},"password":%q}}},`+
			`"scope":{"project":{"name":%q,"domain":{"id":"default"}}}}}`, user, password, project)}
}

func rescope(token, project string) request {
	return request{method: "POST", path: "/v3/auth/tokens", body: fmt.Sprintf(
		`{"auth":{"identity":{"methods":["token"],"token":{"id":%q}},"scope":{"project":{"name":%q,"domain":{"id":"default"}}}}}`, token, project)}
}

// validation returns the answer to the validation that the bare handler imitates.
func (w *world) validation(ctx context.Context) (body []byte, contentType string, err error) {
	a, err := w.validateOne()[0].do(ctx, w.address)
	if err == nil && a.status != http.StatusOK {
		err = fmt.Errorf("validate: %d %s", a.status, a.body)
	}
	return a.body, a.header.Get("Content-Type"), err
}

func (w *world) validate(subject string) request {
	return request{method: "GET", path: "/v3/auth/tokens", token: w.admin, subject: subject}
}

func (w *world) validateOne() []request { return []request{w.validate(w.people[0].tokens[0])} }

// validateMany goes round the people, so that neighbouring requests have nothing in common.
func (w *world) validateMany() []request {
	var all []request
	for i := range w.people[0].tokens {
		for _, p := range w.people {
			if i < len(p.tokens) {
				all = append(all, w.validate(p.tokens[i]))
			}
		}
	}
	return all
}

func (w *world) listUsers() []request {
	return []request{{method: "GET", path: "/v3/users", token: w.admin}}
}

func (w *world) rescopes() []request {
	return mapped(w.people, func(p person) request { return rescope(p.first, p.project) })
}

func (w *world) signIns() []request {
	return mapped(w.people, func(p person) request { return signIn(p.name, userPassword, p.project) })
}

func mapped(people []person, to func(person) request) []request {
	all := make([]request, 0, len(people))
	for _, p := range people {
		all = append(all, to(p))
	}
	return all
}

// atOnce calls fn for 0 to n-1, a few at a time, until all are done or one fails.
func atOnce(ctx context.Context, n int, fn func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if err := context.Cause(ctx); err != nil {
				return
			}
			if err := fn(ctx, i); err != nil {
				cancel(err)
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}
