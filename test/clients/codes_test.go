package clients_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/test/program"
)

const (
	period = 30 // seconds a code is shown
	// slack is what a client may need from getting a code to handing it in.
	slack = 10 * time.Second
)

// authenticator is a person's app: oathtool with a seed. A code is accepted once, and those of the step before
// and after the current one are accepted too, so three codes can be had without waiting.
type authenticator struct {
	seed string
	last int64 // the step of the last code
}

// next returns a code that was not used, of the oldest step that will still do.
func (a *authenticator) next(t *testing.T) string {
	t.Helper()
	now := time.Now()
	step := now.Unix() / period
	oldest := step - 1
	if now.Add(slack).Unix()/period != step { // the step before is about to leave the window
		oldest = step
	}
	a.last = max(a.last+1, oldest)
	if a.last > step+1 {
		t.Logf("codes ran out; wait for the next step")
		<-time.After(time.Until(time.Unix((a.last-1)*period, 0)))
	}
	return a.at(t, a.last)
}

// at returns the code of a step.
func (a *authenticator) at(t *testing.T, step int64) string {
	t.Helper()
	now := "@" + strconv.FormatInt(step*period, 10)
	out, err := exec.CommandContext(t.Context(), "oathtool", "--totp", "-b", "--now", now, a.seed).CombinedOutput()
	if err != nil {
		t.Fatalf("oathtool: %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// person is a user with a role on a project.
type person struct {
	id, name, password, projectID string
}

// hire makes a user and a project of the same name, on which the user is a member.
func hire(t *testing.T, s *program.Server, admin, name string) person {
	t.Helper()
	p := person{name: name, password: "correct horse " + name}
	res := s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/users", Token: admin, Body: program.Map{
		"user": program.Map{"name": name, "password": p.password, "domain_id": "default"},
	}})
	p.id = res.String("user", "id")
	res = s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/projects", Token: admin, Body: program.Map{
		"project": program.Map{"name": name, "domain_id": "default"},
	}})
	p.projectID = res.String("project", "id")
	res = s.Must(t, 200, program.Request{Method: "GET", Path: "/v3/roles?name=member", Token: admin})
	roles, _ := res.At("roles").([]any)
	if len(roles) != 1 {
		t.Fatalf("roles named member: got %s, want one", res.Text)
	}
	role, _ := roles[0].(map[string]any)["id"].(string)
	s.Must(t, 204, program.Request{Method: "PUT", Path: "/v3/projects/" + p.projectID + "/users/" + p.id + "/roles/" + role, Token: admin})
	return p
}

// scope is the person's project.
func (p person) scope() program.Map { return program.Map{"project": program.Map{"id": p.projectID}} }

// enrol lets the person set up an authenticator and returns it with the recovery codes.
func enrol(t *testing.T, s *program.Server, p person) (*authenticator, []string) {
	t.Helper()
	token := s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/auth/tokens", Body: program.PasswordAuth(p.name, p.password, nil)}).Header.Get("X-Subject-Token")
	path := "/v3/users/" + p.id + "/mfa/totp"
	res := s.Must(t, 201, program.Request{Method: "POST", Path: path, Token: token, Body: program.Map{"totp": program.Map{"name": "phone"}}})
	a := &authenticator{seed: res.String("totp", "secret")}
	sameQR(t, res.String("totp", "qr_png"), res.String("totp", "uri"))
	res = s.Must(t, 200, program.Request{
		Method: "POST", Path: path + "/" + res.String("totp", "id") + "/confirm", Token: token,
		Body: program.Map{"totp": program.Map{"passcode": a.next(t)}},
	})
	if got := res.String("totp", "state"); got != "active" {
		t.Errorf("state after the confirmation: got %q, want active", got)
	}
	list, _ := res.At("recovery_codes").([]any)
	codes := make([]string, len(list))
	for i := range list {
		codes[i], _ = list[i].(string)
	}
	return a, codes
}
