package attack_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

// altered returns the payload with the value of one member replaced, as text, at its place; an empty value
// takes the member away.
func altered(t *testing.T, claims, member, value string) string {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(claims), &all); err != nil {
		t.Fatal(err)
	}
	was, ok := all[member]
	if !ok {
		t.Fatalf("no %s in %s", member, claims)
	}
	old := fmt.Sprintf("%q:%s", member, was)
	if value == "" {
		out := strings.Replace(strings.Replace(claims, ","+old, "", 1), old+",", "", 1)
		if out == claims {
			t.Fatalf("cannot take %s out of %s", member, claims)
		}
		return out
	}
	return strings.Replace(claims, old, fmt.Sprintf("%q:%s", member, value), 1)
}

// seconds is a time as tokens state it.
func seconds(t time.Time) string { return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000) }

func TestG5ASignatureAloneMakesNoToken(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
		s, header := w.Signer(), w.Signer().Header("token")
		claims := apitest.Claims(w.Token("alice", "project:red/p1"))
		now := w.Clock.Now()
		set := func(member, value string) string { return altered(t, claims, member, value) }
		with := func(member string) string { return strings.TrimSuffix(claims, "}") + "," + member + "}" }
		forged := map[string]string{
			"exp missing": set("exp", ""), "exp past": set("exp", seconds(now.Add(-time.Microsecond))), "exp now": set("exp", seconds(now)),
			"exp a string": set("exp", `"`+seconds(now.Add(time.Hour))+`"`), "exp 1e300": set("exp", "1e300"), "exp null": set("exp", "null"),
			"exp negative": set("exp", "-1.000000"), "exp a whole number": set("exp", fmt.Sprint(now.Add(time.Hour).Unix())),
			"exp infinite": set("exp", "99999999999999999999.000000"), "exp in the year 10000": set("exp", "253402300800.000000"),
			"exp before iat": set("exp", seconds(now.Add(-time.Hour))), "iat missing": set("iat", ""), "iat zero": set("iat", "0.000000"),
			"iat future": altered(t, set("iat", seconds(now.Add(10*time.Minute))), "exp", seconds(now.Add(time.Hour))),
			"nbf future": with(`"nbf":` + seconds(now.Add(time.Hour))), "nbf past": with(`"nbf":` + seconds(now.Add(-time.Hour))),
			"iss other": with(`"iss":"https://evil.example"`), "aud other": with(`"aud":"other"`), "aud an array": with(`"aud":["other"]`), "aud empty": with(`"aud":[]`),
			"sub missing": set("sub", ""), "sub empty": set("sub", `""`), "sub unknown": set("sub", `"f00dfeedf00dfeedf00dfeedf00dfeed"`),
			"sub null": set("sub", "null"), "sub an array": set("sub", `["`+w.ID("alice")+`"]`), "sub a number": set("sub", "1"),
			"sub in capitals": set("sub", `"`+strings.ToUpper(w.ID("alice"))+`"`), "sub with a blank": set("sub", `"`+w.ID("alice")+` "`),
			"sub with NUL": set("sub", `"`+w.ID("alice")+`\u0000"`), "sub a query": set("sub", `"' OR '1'='1"`),
			"a project without a role": set("prj", `"`+w.Project("red", "p9")+`"`), "a project of another domain": set("prj", `"`+w.Project("blue", "p1")+`"`),
			"an unknown project": set("prj", `"f00dfeedf00dfeedf00dfeedf00dfeed"`), "a domain as project": set("prj", `"`+w.ID("red")+`"`),
			"a project as domain": strings.Replace(claims, `"prj"`, `"dom"`, 1), "another's domain": strings.Replace(set("prj", `"`+w.ID("red")+`"`), `"prj"`, `"dom"`, 1),
			"the system":               strings.Replace(claims, `"prj":"`+w.ID("red/p1")+`"`, `"sys":true`, 1),
			"a project and the system": strings.Replace(claims, `,"amr"`, `,"sys":true,"amr"`, 1), "sys false": strings.Replace(claims, `,"amr"`, `,"sys":false,"amr"`, 1),
			"an auth version to come": set("ver", "2000000000"), "an auth version gone by": set("ver", "0"), "a negative auth version": set("ver", "-1"),
			"an auth version too great": set("ver", "9223372036854775808"), "no auth version": set("ver", ""),
			"no methods": set("amr", "[]"), "no amr": set("amr", ""), "an empty method": set("amr", `[""]`), "amr null": set("amr", "null"),
			"no audit id": set("jti", ""), "a short audit id": set("jti", `"AAAA"`), "an audit id with stray bits": set("jti", `"AAAAAAAAAAAAAAAAAAAAAB"`),
			"a trust that is not there":                   strings.Replace(claims, `,"amr"`, `,"trs":"f00dfeedf00dfeedf00dfeedf00dfeed","amr"`, 1),
			"an application credential that is not there": strings.Replace(claims, `,"amr"`, `,"apc":"f00dfeedf00dfeedf00dfeedf00dfeed","amr"`, 1),
			"a member twice":                              strings.Replace(claims, "{", `{"sub":"`+w.ID("admin")+`",`, 1), "an unknown member": with(`"admin":true`), "roles": with(`"roles":["admin"]`),
			"a name in capitals": strings.Replace(claims, `"sub"`, `"SUB"`, 1), "an escaped name": strings.Replace(claims, `"sub"`, `"\u0073ub"`, 1),
			"a blank": strings.Replace(claims, ",", ", ", 1), "a byte order mark": "\ufeff" + claims, "two objects": claims + claims, "an array": "[" + claims + "]",
			"nothing": "", "null": "null", "text": `"token"`, "an empty object": "{}",
			"an id that is not UTF-8": set("sub", "\"\xff\xfe\""), "auth_time to come": strings.Replace(claims, `,"ver"`, `,"auth_time":`+seconds(now.Add(time.Hour))+`,"ver"`, 1),
		}
		for what, payload := range forged {
			if payload == claims {
				t.Errorf("%s: nothing was changed", what)
			}
			refused(t, w, what, s.Forge(header, payload))
		}
		live(t, w, "another audit id, which is nobody's business", s.Forge(header, set("jti", `"AAAAAAAAAAAAAAAAAAAAAA"`)))
	})
}

func TestG6KindsNeverMix(t *testing.T) {
	t.Parallel()
	eachAlgorithm(t, func(t *testing.T, w *apitest.World) {
		s := w.Signer()
		w.User("mia", "red")
		w.Patch("/v3/users/{mia}", user(map[string]any{"options": map[string]any{"multi_factor_auth_rules": [][]string{{"password", "totp"}}}}), w.As("sysadmin")).Want(http.StatusOK)
		receipt := w.SignIn("mia", "").Want(http.StatusUnauthorized).Header.Get("Openstack-Auth-Receipt")
		text := w.Token("alice", "")
		if receipt == "" {
			t.Fatal("there is no receipt")
		}
		if r := w.Get("/v3/auth/projects", apitest.Token(receipt)); r.Status != http.StatusUnauthorized {
			t.Errorf("a receipt as X-Auth-Token: %d", r.Status)
		}
		if r := validate(w, receipt); r.Status != http.StatusNotFound {
			t.Errorf("a receipt as X-Subject-Token: %d", r.Status)
		}
		w.Delete("/v3/auth/tokens", w.As("sysadmin"), subject(receipt)).Want(http.StatusNotFound)
		continued(w, receipt, nil).Want(http.StatusUnauthorized)
		r := w.Post("/v3/auth/tokens", signInBody(w, "alice", nil), apitest.Header("Openstack-Auth-Receipt", text))
		if r.Status != http.StatusUnauthorized || r.Token() != "" {
			t.Errorf("a token as a receipt: %d", r.Status)
		}
		// The header says what a text is: the same payload under the other kind, signed well, is still nothing.
		for _, kind := range []string{"JWT", "at+jwt", "Token", "TOKEN", "", "session", "enrolment", "csrf", "token ", "receipt"} {
			claims := apitest.Claims(text)
			if kind == "receipt" { // with the state of alice's factors it would be one
				continue
			}
			refused(t, w, "typ "+kind, s.Forge(s.Header(kind), claims))
		}
		relabelled := s.Forge(s.Header("receipt"), apitest.Claims(text))
		w.Get("/v3/auth/projects", apitest.Token(relabelled)).Want(http.StatusUnauthorized)
		w.Post("/v3/auth/tokens", signInBody(w, "alice", nil), apitest.Header("Openstack-Auth-Receipt", relabelled)).Want(http.StatusUnauthorized)
		w.Get("/v3/auth/projects", apitest.Token(s.Forge(s.Header("token"), apitest.Claims(receipt)))).Want(http.StatusUnauthorized)
	})
}

// TestG6SecretsAreNoTokens, nor tokens secrets, whatever they are given as.
func TestG6SecretsAreNoTokens(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		cast(w)
		o := settled(w, "owner", "default")
		token := w.Token(o.name, o.scope())
		mia := enrolled(w, "mia")
		p := programOf(w, o.name, "backup", "", apitest.Token(token))
		key := w.Post("/v3/users/{owner}/credentials/OS-EC2", `{"tenant_id":"{`+o.project+`}"}`, apitest.Token(token)).Want(http.StatusCreated)
		asked := newRobot(w).allowed(w, o, token)
		holder := asked.with(w, asked.exchange(w))
		receipt := receiptOf(w, "mia")
		for what, text := range map[string]string{
			"the id of an application credential": p.id, "its secret": p.secret, "an access key": key.Str("credential.access"), "the secret of a key": key.Str("credential.secret"),
			"a consumer": asked.id, "the secret of a consumer": asked.secret, "a request token": asked.token, "the secret of a request token": asked.tsec,
			"a verifier": asked.verify, "an access token": holder.token, "the secret of an access token": holder.tsec, "a receipt": receipt, "a recovery code": mia.codes[0],
			"a seed": mia.seed, "a password": w.Password(o.name), "the id of a user": w.ID(o.name), "an audit id": validate(w, token).Str("token.audit_ids.0"),
		} {
			refused(t, w, what, text)
			w.Get("/v2.0/tokens/"+text, w.As("admin")).Want(http.StatusNotFound)
			w.Post("/v2.0/tokens", map[string]any{"auth": map[string]any{"token": map[string]any{"id": text}}}).Want(http.StatusUnauthorized)
		}
		for what, secret := range map[string]string{"a token": token, "a receipt": receipt, "another's secret": holder.tsec, "the owner's password": w.Password(o.name)} {
			tokenless(t, what+" as the secret of an application credential", program{w, o.name, p.id, secret}.signIn(nil))
			tokenless(t, what+" as a recovery code", shown(w, thePassword(w, "mia").and(code(w, "mia", secret))))
			tokenless(t, what+" as a password", shown(w, password(w.ID(o.name), secret+"x")))
			w.Post("/v3/OS-OAUTH2/token", "grant_type=client_credentials&client_id="+p.id+"&client_secret="+secret,
				apitest.Header("Content-Type", "application/x-www-form-urlencoded")).Want(http.StatusUnauthorized)
			bent := holder
			bent.tsec = secret + "x"
			tokenless(t, what+" as the secret of an access token", bent.signIn(w, nil))
		}
	}, quick)
}
