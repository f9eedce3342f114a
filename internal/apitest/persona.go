package apitest

import (
	"net/http"
	"regexp"
	"strings"
)

// Persona returns a token of a caller, made when it is first named and again when it is about to expire. A test
// that ends the caller's tokens makes its own with Token.
//
//	nobody             no token
//	admin              the bootstrapped administrator, on the project admin
//	sysadmin           the same user, on the system
//	reader@system      a user of the default domain with the role on the system, scoped to it
//	reader@red         a user of the domain red with the role on that domain, scoped to it
//	reader@red/web     a user of the domain red with the role on its project web, scoped to it
//	ann                a user made by User, without scope
//
// Domains, projects, roles and users that a name mentions are made on demand; their ids are then known to
// Expand under their names ("red", "red/web", "reader@red").
func (w *World) Persona(name string) string {
	w.t.Helper()
	w.mu.Lock()
	known, ok := w.tokens[name]
	w.mu.Unlock()
	if name == "nobody" || ok && w.Clock.Now().Before(known.until) {
		return known.text
	}
	var text string
	switch {
	case name == "admin":
		text = w.Token("admin", "project:default/admin")
	case name == "sysadmin":
		text = w.Token("admin", "system")
	case strings.Contains(name, "@"):
		role, on, _ := strings.Cut(name, "@")
		domain, project, inProject := strings.Cut(on, "/")
		scope := "domain:" + domain
		if on == "system" {
			domain, scope = "default", "system"
		} else if inProject {
			w.Project(domain, project)
			scope = "project:" + on
		}
		w.User(name, domain)
		w.Grant(name, role, scope)
		text = w.Token(name, scope)
	default:
		text = w.Token(name, "")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tokens[name] = issued{text, w.Clock.Now().Add(w.Config.Token.TTL * 9 / 10)}
	return text
}

// ForgetTokens makes Persona sign everyone in again, after a test has ended their tokens.
func (w *World) ForgetTokens() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.tokens)
}

// Domain returns the id of the domain, which is made when there is none of that name.
func (w *World) Domain(name string) string {
	w.t.Helper()
	return w.named(name, func() string {
		return w.Post("/v3/domains", map[string]any{"domain": map[string]any{"name": name}}, w.As("sysadmin")).Want(http.StatusCreated).Str("domain.id")
	})
}

// Project returns the id of the project of the domain, which is made when there is none of that name.
func (w *World) Project(domain, name string) string {
	w.t.Helper()
	domainID := w.Domain(domain)
	return w.named(domain+"/"+name, func() string {
		body := map[string]any{"project": map[string]any{"name": name, "domain_id": domainID}}
		return w.Post("/v3/projects", body, w.As("sysadmin")).Want(http.StatusCreated).Str("project.id")
	})
}

// Role returns the id of the global role, which is made when there is none of that name.
func (w *World) Role(name string) string {
	w.t.Helper()
	return w.named("role "+name, func() string {
		if found := w.Get("/v3/roles?name="+name, w.As("sysadmin")).Want(http.StatusOK); len(found.List("roles")) > 0 {
			return found.Str("roles.0.id")
		}
		return w.Post("/v3/roles", map[string]any{"role": map[string]any{"name": name}}, w.As("sysadmin")).Want(http.StatusCreated).Str("role.id")
	})
}

// User returns the id of a user that tests may sign in as, who is made when there is none of that name.
func (w *World) User(name, domain string) string {
	w.t.Helper()
	domainID := w.Domain(domain)
	return w.named(name, func() string {
		password := w.newPassword()
		body := map[string]any{"user": map[string]any{"name": name, "domain_id": domainID, "password": password}}
		id := w.Post("/v3/users", body, w.As("sysadmin")).Want(http.StatusCreated).Str("user.id")
		w.mu.Lock()
		defer w.mu.Unlock()
		w.users[name] = account{id, name, domainID, password}
		return id
	})
}

// Password returns the password of a user made by User, or of "admin".
func (w *World) Password(user string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.users[user].password
}

// NewPassword returns a password that nobody has yet and that the log is searched for.
func (w *World) NewPassword() string { return w.newPassword() }

// KnowPassword tells the world that a user has changed the password.
func (w *World) KnowPassword(user, password string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.users[user]
	a.password = password
	w.users[user] = a
}

// SetPassword gives a user made by User a new password, as an administrator does.
func (w *World) SetPassword(user string) {
	w.t.Helper()
	fresh := w.newPassword()
	body := map[string]any{"user": map[string]any{"password": fresh}}
	w.Patch("/v3/users/"+w.ID(user), body, w.As("sysadmin")).Want(http.StatusOK)
	w.KnowPassword(user, fresh)
}

// Grant gives a user made by User a role on a scope as Token has it.
func (w *World) Grant(user, role, scope string) {
	w.t.Helper()
	kind, target, _ := strings.Cut(scope, ":")
	on := "/v3/system"
	switch kind {
	case "domain":
		on = "/v3/domains/" + w.Domain(target)
	case "project":
		domain, project, _ := strings.Cut(target, "/")
		on = "/v3/projects/" + w.Project(domain, project)
	}
	w.Put(on+"/users/"+w.ID(user)+"/roles/"+w.Role(role), w.As("sysadmin")).Want(http.StatusNoContent)
}

// Token signs a user in with the password. The scope is "" for none, "system", "domain:red" or
// "project:red/web". Unlike Persona it makes a new token each time.
func (w *World) Token(user, scope string) string {
	w.t.Helper()
	return w.SignIn(user, scope).Want(http.StatusCreated).Token()
}

// SignIn is Token for sign-ins that may be refused.
func (w *World) SignIn(user, scope string) *Response {
	w.t.Helper()
	w.mu.Lock()
	a, ok := w.users[user]
	w.mu.Unlock()
	if !ok {
		w.t.Fatalf("no user %s; make one with User", user)
	}
	return w.Post("/v3/auth/tokens", PasswordBody(a.id, a.password, w.scope(scope)))
}

// PasswordBody is the body of a sign-in with a password; scope is as the API has it, or nil for the default.
func PasswordBody(userID, password string, scope any) map[string]any {
	auth := map[string]any{"identity": map[string]any{
		"methods":  []string{"password"},
		"password": map[string]any{"user": map[string]any{"id": userID, "password": password}},
	}}
	if scope != nil {
		auth["scope"] = scope
	}
	return map[string]any{"auth": auth}
}

func (w *World) scope(scope string) any {
	w.t.Helper()
	kind, target, _ := strings.Cut(scope, ":")
	switch kind {
	case "system":
		return map[string]any{"system": map[string]any{"all": true}}
	case "domain":
		return map[string]any{"domain": map[string]any{"id": w.Domain(target)}}
	case "project":
		if target == "default/admin" {
			return map[string]any{"project": map[string]any{"id": w.ID("admin-project")}}
		}
		domain, project, _ := strings.Cut(target, "/")
		return map[string]any{"project": map[string]any{"id": w.Project(domain, project)}}
	}
	return "unscoped"
}

// named returns the id that is known under a name, or makes the thing.
func (w *World) named(name string, create func() string) string {
	w.t.Helper()
	w.mu.Lock()
	id, ok := w.ids[name]
	w.mu.Unlock()
	if ok {
		return id
	}
	id = create()
	w.Name(name, id)
	return id
}

// Name makes an id known to Expand under a name.
func (w *World) Name(name, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ids[name] = id
}

// ID returns the id that is known under a name, and ends the test when there is none.
func (w *World) ID(name string) string {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	id, ok := w.ids[name]
	if !ok {
		w.t.Fatalf("nothing is named %q", name)
	}
	return id
}

var braces = regexp.MustCompile(`\{([A-Za-z0-9_@/ -]+)\}`)

// Expand replaces names in braces by ids. Roles are written {role reader}; roles and domains are made on demand.
func (w *World) Expand(text string) string {
	w.t.Helper()
	return braces.ReplaceAllStringFunc(text, func(m string) string {
		name := m[1 : len(m)-1]
		if role, ok := strings.CutPrefix(name, "role "); ok {
			return w.Role(role)
		}
		return w.ID(name)
	})
}
