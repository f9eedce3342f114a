package clients_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/keyward/identity/test/program"
)

// TestKeystoneauth answers receipts and sends both factors at once with the library that Python clients use.
func TestKeystoneauth(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, openstackCLI, "oathtool") // openstackclient brings keystoneauth1
		admin := s.AdminToken(t)
		mia := hire(t, s, admin, "mia")
		app := &authenticator{seed: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR"}
		s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/credentials", Token: admin, Body: program.Map{
			"credential": program.Map{"type": "totp", "user_id": mia.id, "blob": app.seed},
		}})
		input, err := json.Marshal(program.Map{
			"url": s.URL, "user": mia.id, "password": mia.password, "project": mia.projectID,
			"codes": []string{app.next(t), app.next(t), app.next(t)},
		})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), python, "keystoneauth.py")
		cmd.Stdin, cmd.Env = bytes.NewReader(input), environment(t)
		out, err := cmd.CombinedOutput()
		const want = `password more receipt [["password", "totp"]]
receipt+totp token password,totp True
password again more receipt [["password", "totp"]]
password+totp token password,totp True
multifactor token password,totp True
multifactor with the same code unauthorized
totp alone unauthorized
`
		if err != nil || string(out) != want {
			t.Errorf("keystoneauth: %v, got\n%swant\n%s", err, out, want)
		}
	})
}

// TestKeystoneauthIsAskedForACode does what demands a recent proof with the library that Python clients use.
func TestKeystoneauthIsAskedForACode(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, openstackCLI, "oathtool")
		admin := s.AdminToken(t)
		mia := hire(t, s, admin, "mia")
		app := &authenticator{seed: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR"}
		s.Must(t, 201, program.Request{Method: "POST", Path: "/v3/credentials", Token: admin, Body: program.Map{
			"credential": program.Map{"type": "totp", "user_id": mia.id, "blob": app.seed},
		}})
		input, err := json.Marshal(program.Map{"url": s.URL, "user": mia.id, "password": mia.password, "code": app.next(t)})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), python, "stepup.py")
		cmd.Stdin, cmd.Env = bytes.NewReader(input), environment(t)
		out, err := cmd.CombinedOutput()
		const want = `without a code more receipt [["password", "totp"]] ["token", "totp"]
with a code 201
`
		if err != nil || string(out) != want {
			t.Errorf("keystoneauth: %v, got\n%swant\n%s", err, out, want)
		}
	}, "IDENTITY_STEP_UP_SECOND_FACTOR_AT=action")
}
