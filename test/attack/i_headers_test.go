package attack_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

func TestI3OtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	furnished(t, w)
	before := state(w)
	for _, op := range operations(t) {
		path := at(w, op.path)
		for _, method := range []string{"TRACE", "PROPFIND", "MKCOL", "get", "delete", "FOO"} {
			r := w.Do(method, path, w.As("sysadmin"), apitest.Header("X-Custom", "canary-header"), apitest.Undocumented())
			if r.Status != http.StatusMethodNotAllowed || !strings.Contains(r.Header.Get("Allow"), op.method) {
				t.Errorf("%s %s: got %d, Allow %q", method, path, r.Status, r.Header.Get("Allow"))
			}
			r.Never("canary-header")
		}
		r := w.Do("OPTIONS", path, apitest.Header("Origin", "https://evil.example"), apitest.Header("Access-Control-Request-Method", "DELETE"))
		noCORS(t, r)
		if r.Status != http.StatusNoContent || !strings.Contains(r.Header.Get("Allow"), op.method) {
			t.Errorf("OPTIONS %s: got %d, Allow %q", path, r.Status, r.Header.Get("Allow"))
		}
	}
	for _, header := range []string{"X-Http-Method-Override", "X-Http-Method", "X-Method-Override", "_method"} {
		w.Get("/v3/users/{the user_id}", w.As("sysadmin"), apitest.Header(header, "DELETE")).Want(http.StatusOK)
		w.Get("/v3/users/{the user_id}?_method=DELETE", w.As("sysadmin")).Want(http.StatusOK)
	}
	w.Do("GET", "/v3/users/{the user_id}", w.As("sysadmin"), apitest.Body(`{"user":{"enabled":false}}`)).Want(http.StatusOK)
	same(t, w, "a strange method", before)
	for _, text := range []string{"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "CONNECT evil.example:80 HTTP/1.1\r\nHost: evil.example:80\r\nConnection: close\r\n\r\n"} {
		if got := raw(t, w, text); len(got) != 1 || got[0] != http.StatusNotFound && got[0] != http.StatusMethodNotAllowed {
			t.Errorf("%.20s: got %v, want 404 or 405", text, got)
		}
	}
}

// noCORS fails the test when an answer lets scripts of other origins read it.
func noCORS(t *testing.T, r *apitest.Response) {
	t.Helper()
	for name := range r.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			t.Errorf("the answer has %s: %s", name, r.Header.Get(name))
		}
	}
}

func TestI4EveryAnswerSaysWhatItIs(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for _, r := range []*apitest.Response{
		w.Get("/"), w.Get("/v3"), w.Get("/healthcheck"), w.Get("/v3/users"), w.Get("/v3/users", w.As("sysadmin")), w.Get("/nowhere"),
		w.Delete("/v3"), w.Post("/v3/auth/tokens", "{"), w.Get("/openapi.yaml"), w.Get("/.well-known/security.txt"), w.Get("/v3/auth/jwks"),
		w.Get("/v3/users?name=%3Cscript%3E", w.As("sysadmin"), apitest.Header("Accept", "text/html")),
		w.Get("/nowhere/%3Cscript%3E", apitest.Header("Accept", "text/html")),
		w.Get("/v3/users", apitest.Header("Accept", "application/xml;q=1, */*;q=0")),
	} {
		if r.Header.Get("Content-Type") == "" || strings.Contains(r.Header.Get("Content-Type"), "html") {
			t.Errorf("the type of an answer is %q: %.100s", r.Header.Get("Content-Type"), r.Body)
		}
		for _, name := range []string{"Server", "X-Powered-By", "Via", "Set-Cookie"} {
			if v, ok := r.Header[name]; ok {
				t.Errorf("the answer has %s: %s", name, v)
			}
		}
		r.Never("<script>")
		noCORS(t, r)
	}
}

func TestI6HeadersOfTheRequestShapeNoLink(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	evil := []apitest.With{
		apitest.Header("X-Forwarded-Host", "evil.example"), apitest.Header("X-Forwarded-Proto", "javascript"),
		apitest.Header("X-Forwarded-Prefix", "/evil.example"), apitest.Header("Forwarded", "host=evil.example;proto=javascript"),
		apitest.Header("X-Original-Url", "/evil.example"), apitest.Header("X-Rewrite-Url", "/evil.example"), apitest.Header("Referer", "http://evil.example"),
		apitest.Header("X-Forwarded-Server", "evil.example"), apitest.Header("X-Host", "evil.example"), apitest.Header("Origin", "http://evil.example"),
	}
	for _, path := range []string{"/", "/v3", "/v2.0", "/v3/users", "/v3/domains?name=x", "/v3/auth/catalog", "/v3/users/nobody", "/nowhere", "/.well-known/security.txt"} {
		for _, who := range []string{"nobody", "admin"} {
			r := w.Get(path, append(evil, w.As(who))...).Never("evil.example").Never("javascript")
			if text := string(r.Body); strings.Contains(text, "http://") && !strings.Contains(text, apitest.PublicURL) {
				t.Errorf("%s: the links are not those of the public URL: %.300s", path, text)
			}
		}
	}
	for _, text := range []string{
		"GET /v3/users HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
		"GET http://evil.example/v3/users HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
	} {
		if got := raw(t, w, text); len(got) != 1 || got[0] != http.StatusUnauthorized {
			t.Errorf("%.40s: got %v, want 401", text, got)
		}
	}
	r := w.Get("/v3/users").Want(http.StatusUnauthorized)
	if got, want := r.Header.Get("Www-Authenticate"), `Keystone uri="`+apitest.PublicURL+`/v3"`; got != want {
		t.Errorf("WWW-Authenticate is %s, want %s", got, want)
	}
}

func TestI7ScriptsOfOtherOriginsReadNothing(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for _, origin := range []string{"null", "https://evil.example", apitest.PublicURL, apitest.PublicURL + ".evil.example", "https://identity.test", "*"} {
		for _, do := range []string{"GET /v3/users", "POST /v3/auth/tokens", "OPTIONS /v3/users", "GET /v3", "DELETE /nowhere"} {
			method, path, _ := strings.Cut(do, " ")
			r := w.Do(method, path, apitest.Header("Origin", origin), apitest.Header("Access-Control-Request-Headers", "x-auth-token"),
				apitest.Header("Access-Control-Request-Private-Network", "true"), apitest.Header("Cookie", "session=1"))
			noCORS(t, r)
		}
	}
}

func TestI8HeadersOfMiddlewareAreOnlyHeaders(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	ann := w.User("ann", "red")
	admin := w.Persona("admin")
	for name, value := range map[string]string{
		"X-User-Id": w.ID("admin"), "X-User": "admin", "X-Roles": "admin", "X-Role": "admin", "X-Is-Admin-Project": "True", "X-Project-Id": w.ID("admin-project"),
		"X-Identity-Status": "Confirmed", "X-Domain-Id": "default", "Remote_user": "admin", "Remote-User": "admin", "X-Remote-User": "admin",
		"X_auth_token": admin, "X-Service-Token": admin, "X-Storage-Token": admin, "Authorization": "Bearer " + admin, "Cookie": "token=" + admin,
		"Openstack-System-Scope": "all", "X-Admin-Token": "ADMIN", "Ssl-Client-Verify": "SUCCESS", "X-Forwarded-User": "admin",
	} {
		if r := w.Get("/v3/users", w.As("ann"), apitest.Header(name, value)); r.Status != http.StatusForbidden {
			t.Errorf("%s lets a user without roles get %d, want 403", name, r.Status)
		}
		if r := w.Get("/v3/users/"+ann, apitest.Header(name, value)); r.Status != http.StatusUnauthorized {
			t.Errorf("%s lets a stranger get %d, want 401", name, r.Status)
		}
	}
	for _, path := range []string{"/v3/users?auth_token=" + admin, "/v3/users?X-Auth-Token=" + admin, "/v3/users?access_token=" + admin} {
		w.Get(path).Want(http.StatusUnauthorized)
	}
}

func TestI10NothingButTheAPIIsServed(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	for _, path := range []string{
		"/debug/pprof", "/debug/pprof/heap", "/debug/vars", "/metrics", "/swagger", "/swagger/index.html", "/docs", "/.git/config", "/.env", "/identity.db",
		"/var/identity.db", "/data/root.key", "/root.key", "/configs/identity.yaml", "/admin", "/server-status", "/favicon.ico", "/robots.txt", "/v1", "/v4",
		"/V3/users", "/v3/Users", "/v3/..", "/v3/../v3/users", "/v3/users/../users", "/./v3/users", "//v3/users", "/v3//users", "/v3/%2e%2e/v3/users",
		"/v3/users%2f", "/v3/users;x=1", "/v3/users.json", "/etc/passwd", "/..%2f..%2fetc%2fpasswd", "/v3/regions/a/b", "/v3/regions/a/b/c",
	} {
		for _, who := range []string{"nobody", "sysadmin"} {
			r := w.Get(path, w.As(who), apitest.Undocumented())
			if r.Status != http.StatusNotFound && r.Status != http.StatusUnauthorized {
				t.Errorf("%s as %s: got %d, want 404 or 401: %.200s", path, who, r.Status, r.Body)
			}
		}
	}
}

func TestD17OtherSpellingsOfAPathMeetTheSameRule(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.User("ann", "red")
	ann, bob := w.ID("ann"), w.User("bob", "red")
	escaped := "%" + strings.ToUpper(hexOf(bob[0])) + bob[1:]
	for _, path := range []string{
		"/v3/users/" + bob, "/v3/users/" + bob + "/", "/v3/users/" + bob + "//", "/v3/users/" + bob + "?x=1", "/v3//users/" + bob, "//v3/users/" + bob,
		"/v3/users/" + ann + "/../" + bob, "/V3/users/" + bob, "/v3/users/" + escaped, "/v3/users/" + bob + "%20", "/v3/users/" + bob + "%00", "/v3/users/" + bob + ";a",
		"/v3/users/" + strings.ToUpper(bob), "/v3/users/./" + bob, "/v3/users/" + ann + "/" + bob,
	} {
		for _, method := range []string{"GET", "HEAD", "DELETE"} {
			if r := w.Do(method, path, w.As("ann"), apitest.Undocumented()); r.Status != http.StatusForbidden && r.Status != http.StatusNotFound {
				t.Errorf("%s %s of another user: got %d, want 403 or 404: %.200s", method, path, r.Status, r.Body)
			}
		}
	}
	for _, path := range []string{"/v3/users/" + bob + "/", "/v3/users/" + escaped} {
		if r := w.Get(path, w.As("sysadmin")).Want(http.StatusOK); r.Str("user.id") != bob {
			t.Errorf("%s shows another user: %s", path, r.Body)
		}
	}
}

func hexOf(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

func TestI11SecurityContactIsPublished(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	r := w.Get("/.well-known/security.txt").Want(http.StatusOK).Has("Contact: mailto:security@identity.test\n")
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("its type is %s", r.Header.Get("Content-Type"))
	}
	_, rest, _ := strings.Cut(string(r.Body), "Expires: ")
	line, _, _ := strings.Cut(rest, "\n")
	expires, err := time.Parse(time.RFC3339, line)
	if now := w.Clock.Now(); err != nil || expires.Before(now) || expires.After(now.AddDate(1, 0, 0)) {
		t.Errorf("it expires at %q", line)
	}
}
