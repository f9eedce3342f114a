package v3_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

const revocationsPath = "/v3/OS-REVOKE/events"

func TestRevocationEventsAreRefused(t *testing.T) {
	t.Parallel()
	w := apitest.New(t)
	w.Run(t, []apitest.Case{
		{Name: "to strangers", Do: "GET " + revocationsPath, Want: 401},
		{Name: "to readers of the system", As: "reader@system", Do: "GET " + revocationsPath, Want: 403},
		{Name: "to managers of a project", As: "manager@red/web", Do: "GET " + revocationsPath, Want: 403},
		{Name: "to administrators of a domain", As: "admin@red", Do: "GET " + revocationsPath, Want: 403},
		{Name: "for a time that is none", As: "sysadmin", Do: "GET " + revocationsPath + "?since=yesterday", Want: 400},
		{Name: "for a day that is none", As: "sysadmin", Do: "GET " + revocationsPath + "?since=2031-02-30T00:00:00Z", Want: 400},
		{Name: "for a marker that is none", As: "sysadmin", Do: "GET " + revocationsPath + "?marker=abc", Want: 400},
		{Name: "for a limit that is none", As: "sysadmin", Do: "GET " + revocationsPath + "?limit=-1", Want: 400},
		{Name: "not to administrators", As: "sysadmin", Do: "GET " + revocationsPath, Want: 200},
		{Name: "not to services", As: "service@red/web", Do: "GET " + revocationsPath, Want: 200},
		{Name: "not to those who ask for the head only", As: "sysadmin", Do: "HEAD " + revocationsPath, Want: 200},
	})
}

// What each change says of tokens, told exactly once and with nothing else set.
func TestRevocationEvents(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.Project("red", "web")
		w.User("ann", "red")
		w.User("bea", "red")
		for _, user := range []string{"ann", "bea"} {
			w.Grant(user, "member", "project:red/web")
			w.Grant(user, "lead", "project:red/web")
			w.Grant(user, "lead", "domain:red")
		}
		w.Name("crew", w.Post("/v3/groups", `{"group":{"name":"crew","domain_id":"{red}"}}`, w.As("sysadmin")).Want(201).Str("group.id"))
		w.Put("/v3/groups/{crew}/users/{bea}", w.As("sysadmin")).Want(204)
		w.Put("/v3/projects/{red/web}/groups/{crew}/roles/{role lead}", w.As("sysadmin")).Want(204)
		first := w.SignIn("ann", "")
		firstAudit := first.Str("token.audit_ids.0")
		scoped := w.Post("/v3/auth/tokens", map[string]any{"auth": map[string]any{
			"identity": map[string]any{"methods": []string{"token"}, "token": map[string]any{"id": first.Token()}},
			"scope":    map[string]any{"project": map[string]any{"id": w.ID("red/web")}},
		}}).Want(201)
		scopedAudit := scoped.Str("token.audit_ids.0")

		for _, c := range []struct {
			do, body, want string // want is empty for what ends no token
		}{
			{"PATCH /v3/users/{bea}", `{"user":{"description":"x"}}`, ""},
			{"PATCH /v3/projects/{red/web}", `{"project":{"description":"x"}}`, ""},
			{"DELETE /v3/projects/{red/web}/groups/{crew}/roles/{role lead}", "", ""},
			{"DELETE /v3/groups/{crew}/users/{bea}", "", ""},
			{"POST /v3/users", `{"user":{"name":"cid","domain_id":"{red}","password":"a long enough Passw0rd"}}`, ""},
			{"REVOKE " + scoped.Token(), "", `{"audit_id":"` + scopedAudit + `"}`},
			{"REVOKE " + first.Token(), "", `{"audit_chain_id":"` + firstAudit + `"}`},
			{"DELETE /v3/projects/{red/web}/users/{bea}/roles/{role lead}", "", `{"project_id":"{red/web}","role_id":"{role lead}","user_id":"{bea}"}`},
			{"DELETE /v3/domains/{red}/users/{bea}/roles/{role lead}", "", `{"domain_scope_id":"{red}","role_id":"{role lead}","user_id":"{bea}"}`},
			{"PATCH /v3/users/{bea}", `{"user":{"password":"another long Passw0rd"}}`, `{"user_id":"{bea}"}`},
			{"PATCH /v3/users/{bea}", `{"user":{"enabled":false}}`, `{"user_id":"{bea}"}`},
			{"PATCH /v3/users/{bea}", `{"user":{"enabled":true}}`, ""},
			{"DELETE /v3/roles/{role lead}", "", `{"role_id":"{role lead}"}`},
			{"PATCH /v3/projects/{red/web}", `{"project":{"enabled":false}}`, `{"project_id":"{red/web}"}`},
			{"DELETE /v3/projects/{red/web}", "", `{"project_id":"{red/web}"}`},
			{"DELETE /v3/users/{bea}", "", `{"user_id":"{bea}"}`},
			{"PATCH /v3/domains/{red}", `{"domain":{"enabled":false}}`, `{"domain_id":"{red}"}`},
			{"DELETE /v3/domains/{red}", "", `{"domain_id":"{red}"}`},
		} {
			w.Clock.Advance(time.Second)
			at := w.Clock.Now().UTC()
			do := w.Expand(c.do)
			method, path, _ := strings.Cut(do, " ")
			with := []apitest.With{w.As("sysadmin")}
			if method == "REVOKE" {
				with = append(with, apitest.Header("X-Subject-Token", path))
				method, path = "DELETE", "/v3/auth/tokens"
			}
			if c.body != "" {
				with = append(with, apitest.Body(c.body))
			}
			if r := w.Do(method, path, with...); r.Status >= 300 {
				t.Fatalf("%s: %d %s", do, r.Status, r.Body)
			}
			got := w.Get(revocationsPath+"?since="+url.QueryEscape(at.Format(time.RFC3339Nano)), w.As("sysadmin")).Want(200).List("events")
			if c.want == "" {
				if len(got) != 0 {
					t.Errorf("%s: %v", do, got)
				}
				continue
			}
			if len(got) != 1 {
				t.Errorf("%s: %v", do, got)
				continue
			}
			one := got[0].(map[string]any)
			for _, key := range []string{"revoked_at", "issued_before"} {
				if one[key] != at.Format("2006-01-02T15:04:05.000000Z") {
					t.Errorf("%s: %s is %v", do, key, one[key])
				}
				delete(one, key)
			}
			if text, _ := json.Marshal(one); string(text) != w.Expand(c.want) {
				t.Errorf("%s: got %s, want %s", do, text, w.Expand(c.want))
			}
		}
		revocationPages(t, w)
	})
}

func revocationPages(t *testing.T, w *apitest.World) {
	all := w.Get(revocationsPath, w.As("sysadmin")).Want(200).List("events")
	var walked []any
	for path := revocationsPath + "?limit=3"; path != ""; {
		r := w.Get(path, w.As("sysadmin")).Want(200)
		walked = append(walked, r.List("events")...)
		next, _ := r.Value("links.next").(string)
		path = strings.TrimPrefix(next, apitest.PublicURL)
	}
	if len(all) < 12 || fmt.Sprint(walked) != fmt.Sprint(all) {
		t.Errorf("got %v, want %v", walked, all)
	}
	w.Get(revocationsPath+"?since=", w.As("sysadmin")).Want(200)
	later := w.Clock.Now().Add(time.Second).Format("2006-01-02T15:04:05")
	if got := w.Get(revocationsPath+"?since="+later, w.As("sysadmin")).Want(200).List("events"); len(got) != 0 {
		t.Errorf("since later: %v", got)
	}
	// Tokens from before cannot be good for longer.
	w.Clock.Advance(w.Config.Token.TTL + w.Config.Token.AllowExpiredWindow + time.Second)
	if got := w.Get(revocationsPath+"?since=2001-01-01", w.As("sysadmin")).Want(200).List("events"); len(got) != 0 {
		t.Errorf("from the time before tokens: %v", got)
	}
}
