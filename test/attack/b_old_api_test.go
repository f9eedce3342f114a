package attack_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

// TestB11TheOldAPIIsClosedToWhoeverHasAFactor in every operation that gives a token or a view of one.
func TestB11TheOldAPIIsClosedToWhoeverHasAFactor(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		o, ann := settled(w, "mia", "default"), settled(w, "ann", "default")
		w.Grant("mia", "service", o.scope())
		weak := w.Token("mia", o.scope())
		signed := keyWay("/v2.0/ec2tokens")(w, o, weak)
		fresh := w.Token("ann", ann.scope())
		access := w.Post("/v3/users/{ann}/credentials/OS-EC2", `{"tenant_id":"{`+ann.project+`}"}`, apitest.Token(fresh)).Want(http.StatusCreated)
		w.Secret(access.Str("credential.secret"))
		key := w.Post("/v2.0/users/{mia}/credentials/OS-EC2", `{"tenant_id":"{`+o.project+`}"}`, apitest.Token(weak)).Want(http.StatusOK)
		w.Secret(key.Str("credential.secret"))
		w.Name("key", key.Str("credential.access"))
		withSeed(w, "mia", aSeed)
		strong := continued(w, strongToken(t, w, "mia", aSeed), onProject(w.ID(o.project))).Want(http.StatusCreated).Token()
		better := keyWay("/v2.0/s3tokens")(w, o, strong)
		proof := func(member, value, text string) map[string]any {
			return map[string]any{"auth": map[string]any{"tenantId": w.ID(o.project), "passwordCredentials": map[string]any{member: value, "password": text}}}
		}
		token := func(text string) map[string]any {
			return map[string]any{"auth": map[string]any{"tenantId": w.ID(o.project), "token": map[string]any{"id": text}}}
		}
		none := w.Post("/v2.0/tokens", proof("username", "nobody", "not the password")).Want(http.StatusUnauthorized)
		alike(t, "a wrong password", w.Post("/v2.0/tokens", proof("username", "mia", "not the password")), none)
		post := func(path string, body any, with ...apitest.With) func() *apitest.Response {
			return func() *apitest.Response { return w.Post(path, body, with...) }
		}
		do := func(what string, with ...apitest.With) func() *apitest.Response {
			method, path, _ := strings.Cut(what, " ")
			return func() *apitest.Response { return w.Do(method, path, with...) }
		}
		her := apitest.Token(strong)
		change := user(map[string]any{"original_password": w.Password("mia"), "password": w.NewPassword()})
		brought := func(path string) func() *apitest.Response {
			return post(path, signatures[path](access.Str("credential.access"), access.Str("credential.secret"), w.Clock.Now()), her)
		}
		rows := map[string]func() *apitest.Response{
			"her password, by name":                          post("/v2.0/tokens", proof("username", "mia", w.Password("mia"))),
			"her password, by id":                            post("/v2.0/tokens", proof("userId", w.ID("mia"), w.Password("mia"))),
			"her token of before":                            post("/v2.0/tokens", token(weak)),
			"her token by both":                              post("/v2.0/tokens", token(strong)),
			"a signature of a key of before":                 func() *apitest.Response { return signed(w) },
			"a signature of a key by both":                   func() *apitest.Response { return better(w) },
			"her token of before, shown to an administrator": do("GET /v2.0/tokens/"+weak, w.As("admin")),
			"her token by both, shown to an administrator":   do("GET /v2.0/tokens/"+strong, w.As("admin")),
			"the endpoints of her token":                     do("GET /v2.0/tokens/"+strong+"/endpoints", w.As("admin")),
			"her token, shown to herself":                    do("GET /v2.0/tokens/"+strong, her),
			"another's token, shown to her":                  do("GET /v2.0/tokens/"+fresh, her),
			"the endpoints of another's token, shown to her": do("GET /v2.0/tokens/"+fresh+"/endpoints", her),
			"a signature of another's, brought by her":       brought("/v2.0/ec2tokens"),
			"a signature of S3 of another's":                 brought("/v2.0/s3tokens"),
			"her keys":                                       do("GET /v2.0/users/{mia}/credentials/OS-EC2", her),
			"her key":                                        do("GET /v2.0/users/{mia}/credentials/OS-EC2/{key}", her),
			"a new key":                                      post("/v2.0/users/{mia}/credentials/OS-EC2", `{"tenant_id":"{`+o.project+`}"}`, her),
			"the end of a key":                               do("DELETE /v2.0/users/{mia}/credentials/OS-EC2/{key}", her),
			"a new password":                                 do("PATCH /v2.0/OS-KSCRUD/users/{mia}", her, apitest.Body(change)),
		}
		for what, ask := range rows {
			r := ask()
			if r.Status != http.StatusUnauthorized || r.Str("error.reason") != "mfa_requires_v3" {
				t.Errorf("%s: %d, want 401 and the reason: %s", what, r.Status, r.Body)
			}
			r.Never(`"access"`).Never("secret").Never(w.ID(o.project))
		}
		for _, path := range []string{"/v2.0/tokens/" + weak, "/v2.0/tokens/" + strong, "/v2.0/tokens/" + strong + "/endpoints"} {
			w.Do(http.MethodHead, path, w.As("admin")).Want(http.StatusUnauthorized)
		}
		w.Delete("/v2.0/tokens/"+weak, w.As("admin")).Want(http.StatusNoContent) // to end one is never too old
		live(t, w, "her own token", strong)
		// Without the factor it is open again: it was the factor.
		w.Delete("/v3/credentials/{seed of mia}", w.As("sysadmin")).Want(http.StatusNoContent)
		w.Post("/v2.0/tokens", proof("username", "mia", w.Password("mia"))).Want(http.StatusOK)
	}, quick)
}

// TestD12TheOldAPIKnowsOneDomain: neither people nor projects of others, whoever asks, and by whatever way.
func TestD12TheOldAPIKnowsOneDomain(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		furnished(t, w)
		ann, zoe := settled(w, "ann", "default"), settled(w, "zoe", "red")
		for _, role := range []string{"admin", "member"} {
			w.Grant("ann", role, "project:red/web")
			w.Grant("zoe", role, ann.scope())
		}
		abroad := owner{"ann", "default", "red/web"}
		guest := owner{"zoe", "red", ann.project}
		for what, o := range map[string]owner{"a project of another domain": abroad, "a user of another domain": guest, "both of another domain": zoe} {
			text := w.Token(o.name, o.scope())
			for _, v := range ways {
				if !v.old {
					continue
				}
				if r := v.prepare(w, o, text)(w); r.Status != http.StatusUnauthorized || tokenIn(w, r) != "" {
					t.Errorf("%s: %s gives %d: %s", what, v.name, r.Status, r.Body)
				}
			}
			for _, query := range []string{"", "?belongsTo=" + w.ID(o.project)} {
				w.Get("/v2.0/tokens/"+text+query, w.As("admin")).Want(http.StatusUnauthorized).Never(w.ID(o.name))
				w.Get("/v2.0/tokens/"+text+"/endpoints"+query, w.As("admin")).Want(http.StatusUnauthorized)
			}
		}
		text := w.Token("ann", ann.scope())
		for query, want := range map[string]int{
			"": 200, "?belongsTo={" + ann.project + "}": 200, "?belongsTo=": 400, "?belongsTo={red/web}": 401, "?belongsTo=default": 401, "?belongsTo={the tenant_id}": 401,
			"?belongsTo=" + strings.ToUpper(w.ID(ann.project)): 401, "?belongsTo=%20{" + ann.project + "}": 401, "?belongsTo=none": 401, "?belongsTo=%00": 400,
			"?belongsTo={the tenant_id}&belongsTo={" + ann.project + "}": 401,
		} {
			if r := w.Get("/v2.0/tokens/"+text+query, w.As("admin")); r.Status != want && (want != 401 || r.Status != 400) {
				t.Errorf("%q: %d, want %d: %s", query, r.Status, want, r.Body)
			}
		}
		w.Name("the user_id", w.ID("ann"))
		before := state(w)
		foreign := map[string]string{"tenant_id": w.ID("red/web"), "user_id": w.ID("zoe")}
		const missing = "0123456789abcdef0123456789abcdef"
		for _, op := range operations(t) {
			if !strings.HasPrefix(op.path, "/v2.0/") {
				continue
			}
			with := []apitest.With{w.As("admin")}
			if op.body != nil {
				with = append(with, apitest.Body(op.body.example(t, w, "")))
			}
			for name, id := range foreign {
				if !strings.Contains(op.path, "{"+name+"}") {
					continue
				}
				ask := func(id string) *apitest.Response {
					return w.Do(op.method, at(w, strings.Replace(op.path, "{"+name+"}", id, 1)), with...)
				}
				there, not := ask(id), ask(missing)
				if there.Status < 400 || there.Status != not.Status || strings.ReplaceAll(string(there.Body), id, missing) != string(not.Body) {
					t.Errorf("%s with the %s of another domain: %d %s, and with one of nobody %d %s", op, name, there.Status, there.Body, not.Status, not.Body)
				}
			}
		}
		same(t, w, "the walk", before)
	}, quick)
}
