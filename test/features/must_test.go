package features_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
)

const day = 24 * time.Hour

// enrolment is the reason of a receipt that is good for enrolling.
const enrolment = "factor_enrolment_required"

// demand makes a requirement and returns its id.
func demand(w *apitest.World, body string) string {
	return w.Post("/v3/mfa/requirements", `{"requirement":`+body+`}`, fresh(w)).Want(http.StatusCreated).Str("requirement.id")
}

// fresh is a sign-in of the administrator that is good for everything.
func fresh(w *apitest.World) apitest.With { return apitest.Token(w.Token("admin", "system")) }

// refusedUntilEnrolled fails unless a sign-in with the password gives a receipt for enrolling, which it returns.
func refusedUntilEnrolled(w *apitest.World, user, scope string) apitest.With {
	r := w.SignIn(user, scope).Want(http.StatusUnauthorized)
	r.Has(enrolment)
	if r.Token() != "" {
		panic("a token beside a refusal")
	}
	return apitest.Header("Openstack-Auth-Receipt", r.Header.Get("Openstack-Auth-Receipt"))
}

// L17: who must have a second factor and has none enrols with the receipt, and does nothing else with it.
func TestL17WhoMustEnrolsAndDoesNothingElse(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("ben", "red")
		w.Grant("ann", "Staff", "project:red/web")
		before := w.Token("ann", "project:red/web")
		demand(w, `{"role_id":"{role Staff}","description":"Staff"}`)
		w.SignIn("ben", "").Want(http.StatusCreated)
		receipt := refusedUntilEnrolled(w, "ann", "project:red/web")
		refusedUntilEnrolled(w, "ann", "") // the role counts without a scope too

		for _, do := range []string{
			"GET /v3/users/{ann}", "GET /v3/users/{ann}/mfa", "GET /v3/auth/tokens", "GET /v3/auth/projects", "GET /v3/projects",
			"POST /v3/users/{ann}/mfa/recovery_codes", "GET /v3/users/{ann}/mfa/recovery_codes", "GET /v3/mfa/requirements",
			"DELETE /v3/users/{ann}/mfa/totp/none", "POST /v3/users/{ann}/application_credentials",
		} {
			var method, path string
			_, _ = fmt.Sscan(do, &method, &path)
			w.Do(method, path, receipt).Want(http.StatusUnauthorized)
		}
		enrol := "/v3/users/{ann}/mfa/totp"
		w.Post("/v3/users/{ben}/mfa/totp", `{"totp":{}}`, receipt).Want(http.StatusForbidden)
		w.Post(enrol, `{"totp":{}}`).Want(http.StatusUnauthorized)
		w.Post(enrol, `{"totp":{}}`, apitest.Header("Openstack-Auth-Receipt", before)).Want(http.StatusUnauthorized) // no receipt
		w.Post(enrol, `{"totp":{}}`, receipt, apitest.Token("nonsense")).Want(http.StatusUnauthorized)               // a bad token counts
		stale := w.Post("/v3/users/{ann}/mfa/totp", `{"totp":{}}`, apitest.Token(before)).Want(http.StatusUnauthorized).
			Header.Get("Openstack-Auth-Receipt")
		w.Post(enrol, `{"totp":{}}`, apitest.Header("Openstack-Auth-Receipt", stale)).Want(http.StatusUnauthorized) // it proves nothing

		a := begin(w, "ann", receipt)
		w.Post(a.confirm(), `{"totp":{"passcode":"000000"}}`, receipt).Want(http.StatusUnauthorized)
		refusedUntilEnrolled(w, "ann", "") // nothing is on yet
		r := w.Post(a.confirm(), a.body(), receipt).Want(http.StatusOK)
		if len(r.List("recovery_codes")) != 4 {
			t.Error("no recovery codes")
		}
		w.Post(enrol, `{"totp":{}}`, receipt).Want(http.StatusUnauthorized) // it was for one factor
		next := apitest.Header("Openstack-Auth-Receipt", r.Header.Get("Openstack-Auth-Receipt"))
		w.Post(enrol, `{"totp":{}}`, next).Want(http.StatusUnauthorized)
		w.Post("/v3/auth/tokens", a.totp(a.code(), "project:red/web"), next).Want(http.StatusUnauthorized) // spent by the confirmation
		done := w.Post("/v3/auth/tokens", a.totp(a.next(), "project:red/web"), next).Want(http.StatusCreated)
		if m := done.List("token.methods"); len(m) != 2 {
			t.Errorf("the methods are %v", m)
		}
		w.Post("/v3/auth/tokens", a.totp(a.next(), ""), next).Want(http.StatusUnauthorized) // used up
	})
}

// L17: nobody slips by: every kind of target, groups, implied and inherited roles, and every way in.
func TestL17WhomARequirementNames(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for _, name := range []string{"grouped", "implied", "inherited", "elsewhere", "member"} {
			w.User(name, "red")
		}
		w.Project("red", "web")
		w.Role("boss")
		w.Role("ops")
		w.Put("/v3/roles/{role boss}/implies/{role ops}", w.As("sysadmin")).Want(http.StatusCreated)
		w.Name("staff", w.Post("/v3/groups", `{"group":{"name":"staff","domain_id":"{red}"}}`, w.As("sysadmin")).Want(http.StatusCreated).Str("group.id"))
		w.Put("/v3/groups/{staff}/users/{grouped}", w.As("sysadmin")).Want(http.StatusNoContent)
		w.Grant("implied", "boss", "project:red/web")
		w.Put("/v3/OS-INHERIT/domains/{red}/users/{inherited}/roles/{role ops}/inherited_to_projects", w.As("sysadmin")).Want(http.StatusNoContent)
		w.Grant("elsewhere", "ops", "domain:blue")
		w.Grant("member", "plain", "project:red/web")
		everybody := []string{"grouped", "implied", "inherited", "elsewhere", "member"}
		for _, c := range []struct {
			name, body string
			want       []string
		}{
			{"a role", `{"role_id":"{role ops}"}`, []string{"implied", "inherited", "elsewhere"}},
			{"a group", `{"group_id":"{staff}"}`, []string{"grouped"}},
			{"a project", `{"project_id":"{red/web}"}`, []string{"implied", "inherited", "member"}},
			{"a domain", `{"domain_id":"{red}"}`, everybody},
		} {
			id := demand(w, c.body)
			for _, user := range everybody {
				if slices.Contains(c.want, user) {
					refusedUntilEnrolled(w, user, "")
				} else if r := w.SignIn(user, ""); r.Status != http.StatusCreated {
					t.Errorf("%s: %s got %d", c.name, user, r.Status)
				}
			}
			var found []string
			r := w.Get("/v3/mfa/refusals", fresh(w)).Want(http.StatusOK)
			for i, name := range r.Names("refusals", "name") {
				found = append(found, name)
				if got := r.Str(fmt.Sprintf("refusals.%d.requirement_ids.0", i)); got != id {
					t.Errorf("%s: %s fails %s", c.name, name, got)
				}
			}
			if !sameSet(found, c.want) {
				t.Errorf("%s: the dry run names %v, want %v", c.name, found, c.want)
			}
			w.Delete("/v3/mfa/requirements/"+id, fresh(w)).Want(http.StatusNoContent)
			for _, user := range everybody {
				w.SignIn(user, "").Want(http.StatusCreated) // at once
			}
		}
	})
}

func sameSet(a, b []string) bool {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	return slices.Equal(a, b)
}

// L17: what stands for a person obeys too, and the old API does not let such people in.
func TestL17EveryWayInObeys(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.User("old", "default")
		w.Grant("ann", "ops", "project:red/web")
		w.Grant("old", "ops", "project:default/shop")
		made := w.Post("/v3/users/{ann}/application_credentials", `{"application_credential":{"name":"robot"}}`,
			apitest.Token(w.Token("ann", "project:red/web"))).Want(http.StatusCreated)
		robot := map[string]any{"auth": map[string]any{"identity": map[string]any{
			"methods": []string{"application_credential"}, "application_credential": map[string]any{
				"id": made.Str("application_credential.id"), "secret": made.Str("application_credential.secret")},
		}}}
		v2 := map[string]any{"auth": map[string]any{"passwordCredentials": map[string]any{"userId": w.ID("old"), "password": w.Password("old")}}}
		parent := w.Token("ann", "")
		rescope := map[string]any{"auth": map[string]any{"identity": map[string]any{"methods": []string{"token"}, "token": map[string]any{"id": parent}},
			"scope": map[string]any{"project": map[string]any{"id": w.ID("red/web")}}}}
		w.Post("/v3/auth/tokens", robot).Want(http.StatusCreated)
		w.Post("/v2.0/tokens", v2).Want(http.StatusOK)
		w.Post("/v3/auth/tokens", rescope).Want(http.StatusCreated)

		demand(w, `{"role_id":"{role ops}"}`)
		w.Post("/v3/auth/tokens", robot).Want(http.StatusUnauthorized).Has("second_factor_required")
		w.Post("/v2.0/tokens", v2).Want(http.StatusUnauthorized).Has("mfa_requires_v3")
		r := w.Post("/v3/auth/tokens", rescope).Want(http.StatusUnauthorized)
		r.Never(enrolment) // a token alone is not enough to enrol with: the password is asked for
		code := w.Post("/v3/users/{ann}/mfa/totp", `{"totp":{}}`, apitest.Header("Openstack-Auth-Receipt", r.Header.Get("Openstack-Auth-Receipt")))
		code.Want(http.StatusUnauthorized)
	})
}

// L17: the days of grace are each person's own, they begin once, and from sets the earliest end.
func TestL17Grace(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for _, name := range []string{"ann", "ben"} {
			w.User(name, "red")
		}
		id := demand(w, `{"domain_id":"{red}","grace_days":7}`)
		start := w.Clock.Now()
		w.SignIn("ann", "").Want(http.StatusCreated)
		r := w.Get("/v3/users/{ann}/mfa", apitest.Token(w.Token("ann", ""))).Want(http.StatusOK)
		if r.Bool("mfa.required") || r.Str("mfa.required_from") != stamp(start.Add(7*day)) {
			t.Errorf("it says %s", r.Body)
		}
		w.Clock.Advance(7*day - time.Second)
		w.SignIn("ann", "").Want(http.StatusCreated)
		if who := w.Get("/v3/mfa/refusals", fresh(w)).Want(http.StatusOK).Names("refusals", "name"); !sameSet(who, []string{"ann"}) {
			t.Errorf("tomorrow %v are refused, want ann", who)
		}
		w.Clock.Advance(time.Second)
		refusedUntilEnrolled(w, "ann", "")
		w.SignIn("ben", "").Want(http.StatusCreated) // his begins now
		w.Clock.Advance(7 * day)
		refusedUntilEnrolled(w, "ben", "")

		later := w.Clock.Now().Add(3 * day).UTC().Format("2006-01-02T15:04:05Z")
		w.Patch("/v3/mfa/requirements/"+id, `{"requirement":{"from":"`+later+`"}}`, fresh(w)).Want(http.StatusOK)
		w.SignIn("ben", "").Want(http.StatusCreated)
		w.Clock.Advance(3 * day)
		refusedUntilEnrolled(w, "ben", "")
	})
}

// L17: exemptions name one person, say why, end, and are on record.
func TestL17ExemptionsAreExplicitAndAudited(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		demand(w, `{"domain_id":"{red}"}`)
		at := func(d time.Duration) string { return w.Clock.Now().Add(d).UTC().Format("2006-01-02T15:04:05Z") }
		exempt := func(user, reason, until string, status int) *apitest.Response {
			return w.Post("/v3/mfa/exemptions", map[string]any{"exemption": map[string]any{"user_id": w.ID(user), "reason": reason, "expires_at": until}}, fresh(w)).
				Want(status)
		}
		exempt("ann", " ", at(day), 400)
		exempt("ann", "why not", at(-day), 400)
		exempt("ann", "for good", at(1000*day), 400)
		exempt("ann", "some day", "soon", 400)
		exempt("admin", "me too", at(day), 403).Has("self_exemption")
		w.Name("ghost", "0123456789abcdef0123456789abcdef")
		exempt("ghost", "nobody", at(day), 404)
		refusedUntilEnrolled(w, "ann", "")

		x := exempt("ann", "her phone is in repair", at(2*day), 201)
		if x.Str("exemption.created_by") != w.ID("admin") {
			t.Errorf("made by %s", x.Body)
		}
		exempt("ann", "again", at(3*day), 409)
		w.SignIn("ann", "").Want(http.StatusCreated)
		a := w.Get("/v3/mfa/adoption", fresh(w)).Want(http.StatusOK)
		if a.Int("adoption.exempt") != 1 || a.Int("adoption.required") != 0 {
			t.Errorf("the counts are %s", a.Body)
		}
		w.Clock.Advance(2 * day)
		refusedUntilEnrolled(w, "ann", "")
		id := exempt("ann", "it still is", at(day), 201).Str("exemption.id")
		w.SignIn("ann", "").Want(http.StatusCreated)
		w.Delete("/v3/mfa/exemptions/"+id, fresh(w)).Want(http.StatusNoContent)
		refusedUntilEnrolled(w, "ann", "")
		w.Delete("/v3/mfa/exemptions/"+id, fresh(w)).Want(http.StatusNotFound)

		var told []string
		for _, e := range w.Events() {
			if e.UserID == w.ID("ann") && e.Kind == "factor" {
				told = append(told, fmt.Sprint(e.Action, " ", e.ActorID == w.ID("admin"), " ", e.Detail["reason"]))
			}
		}
		want := []string{"mfa_exemption.create true her phone is in repair", "mfa_exemption.create true it still is", "mfa_exemption.delete true <nil>"}
		if !slices.Equal(told, want) {
			t.Errorf("the stream tells %q, want %q", told, want)
		}
	})
}

// L17: who may demand, see and exempt, and what is malformed.
func TestL17RequirementsAreForAdministrators(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		w.User("ann", "red")
		w.Role("ops")
		w.Project("red", "web")
		w.Name("req", demand(w, `{"role_id":"{role ops}"}`))
		w.Name("exemption", w.Post("/v3/mfa/exemptions", `{"exemption":{"user_id":"{ann}","reason":"x","expires_at":"2026-04-01T00:00:00Z"}}`, fresh(w)).
			Want(http.StatusCreated).Str("exemption.id"))
		reads := []string{"GET /v3/mfa/requirements", "GET /v3/mfa/requirements/{req}", "GET /v3/mfa/exemptions", "GET /v3/mfa/exemptions/{exemption}",
			"GET /v3/mfa/refusals", "GET /v3/mfa/adoption"}
		writes := map[string]string{
			"POST /v3/mfa/requirements": `{"requirement":{"domain_id":"{red}"}}`, "PATCH /v3/mfa/requirements/{req}": `{"requirement":{"grace_days":300}}`,
			"DELETE /v3/mfa/requirements/{req}": "", "DELETE /v3/mfa/exemptions/{exemption}": "",
			"POST /v3/mfa/exemptions": `{"exemption":{"user_id":"{ann}","reason":"x","expires_at":"2026-04-01T00:00:00Z"}}`,
		}
		var cases []apitest.Case
		for _, do := range reads {
			cases = append(cases, apitest.Case{Do: do, Want: 401}, apitest.Case{As: "ann", Do: do, Want: 403}, apitest.Case{As: "manager@red", Do: do, Want: 403},
				apitest.Case{As: "admin@red", Do: do, Want: 403}, apitest.Case{As: "reader@system", Do: do, Want: 200})
		}
		for do, body := range writes {
			for _, who := range []string{"ann", "manager@red", "admin@red", "reader@system"} {
				cases = append(cases, apitest.Case{As: who, Do: do, Body: body, Want: 403})
			}
			cases = append(cases, apitest.Case{Do: do, Body: body, Want: 401})
		}
		post := "POST /v3/mfa/requirements"
		for name, body := range map[string]string{
			"nobody": `{}`, "only when": `{"grace_days":3}`, "two": `{"role_id":"{role ops}","domain_id":"{red}"}`, "null": `{"role_id":null}`,
			"days below none": `{"domain_id":"{red}","grace_days":-1}`, "years": `{"domain_id":"{red}","grace_days":366}`,
			"no time": `{"domain_id":"{red}","from":"tomorrow"}`, "no from": `{"domain_id":"{red}","from":null}`, "a user": `{"user_id":"{ann}"}`,
		} {
			cases = append(cases, apitest.Case{Name: name, As: "sysadmin", Do: post, Body: `{"requirement":` + body + `}`, Want: 400})
		}
		for name, body := range map[string]string{
			"no such role": `{"role_id":"none"}`, "no such group": `{"group_id":"none"}`, "a domain as a project": `{"project_id":"{red}"}`,
			"a project as a domain": `{"domain_id":"{red/web}"}`,
		} {
			cases = append(cases, apitest.Case{Name: name, As: "sysadmin", Do: post, Body: `{"requirement":` + body + `}`, Want: 404})
		}
		w.Run(t, append(cases,
			apitest.Case{Name: "the same again", As: "sysadmin", Do: post, Body: `{"requirement":{"role_id":"{role ops}"}}`, Want: 409},
			apitest.Case{As: "sysadmin", Do: "GET /v3/mfa/requirements/none", Want: 404},
			apitest.Case{As: "sysadmin", Do: "GET /v3/mfa/exemptions/none", Want: 404},
			apitest.Case{As: "sysadmin", Do: "GET /v3/mfa/refusals?at=soon", Want: 400},
			apitest.Case{As: "sysadmin", Do: "GET /v3/mfa/refusals?role_id={role ops}&domain_id={red}", Want: 400},
			apitest.Case{As: "sysadmin", Do: "GET /v3/mfa/refusals?project_id=none", Want: 404},
			apitest.Case{As: "sysadmin", Do: "GET /v3/mfa/requirements?role_id={role ops}", Want: 200, Has: "{req}"},
			apitest.Case{As: "sysadmin", Do: "GET /v3/mfa/requirements?role_id=none", Want: 200, Never: "{req}"},
			apitest.Case{As: "sysadmin", Do: "GET /v3/mfa/exemptions?user_id={ann}", Want: 200, Has: "{exemption}"},
		))
		w.Clock.Advance(11 * time.Minute) // the sign-in is stale now
		w.Patch("/v3/mfa/requirements/{req}", `{"requirement":{"grace_days":300}}`, w.As("sysadmin")).Want(http.StatusUnauthorized).Has("reauthentication_required")
		w.Delete("/v3/roles/{role ops}", w.As("sysadmin")).Want(http.StatusNoContent)
		w.Get("/v3/mfa/requirements/{req}", w.As("sysadmin")).Want(http.StatusNotFound) // it went with the role
	})
}

// L17: the dry run is paged, reads once for many, and tries out what is not there.
func TestL17DryRunIsPaged(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		var want []string
		for i := range 5 {
			name := fmt.Sprint("u", i)
			w.User(name, "red")
			want = append(want, name)
		}
		w.SignIn("u0", "").Want(http.StatusCreated)
		admin := fresh(w)
		if all := w.Get("/v3/mfa/refusals", admin).Want(http.StatusOK).List("refusals"); len(all) != 0 {
			t.Errorf("without a requirement %d are refused", len(all))
		}
		var got []string
		for path := "/v3/mfa/refusals?limit=2&domain_id={red}"; path != ""; {
			r := w.Get(path, admin).Want(http.StatusOK)
			got = append(got, r.Names("refusals", "name")...)
			next, _ := r.Value("links.next").(string)
			if path = next; next != "" {
				path = next[len(apitest.PublicURL):]
			}
		}
		if !sameSet(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		w.SignIn("u0", "").Want(http.StatusCreated) // it was only tried
	})
}

// L16: people are reminded until they have a second factor or put it off; of what is demanded they are reminded anyway.
func TestL16Reminder(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for _, name := range []string{"ann", "ben"} {
			w.User(name, "red")
		}
		snooze := func(as, until string) *apitest.Response {
			return w.Patch("/v3/users/{ann}/mfa", `{"mfa":{"snoozed_until":`+until+`}}`, apitest.Token(w.Token(as, "")))
		}
		in := func(d time.Duration) string { return w.Clock.Now().Add(d).UTC().Format(`"` + time.RFC3339 + `"`) }
		advised := func(want string) {
			t.Helper()
			r := w.Get("/v3/users/{ann}/mfa", apitest.Token(w.Token("ann", ""))).Want(http.StatusOK)
			if got := fmt.Sprint(r.List("mfa.advice")); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		advised("[enrol_second_factor]")
		snooze("ann", in(91*day)).Want(http.StatusBadRequest)
		snooze("ann", `"tomorrow"`).Want(http.StatusBadRequest)
		snooze("ben", in(day)).Want(http.StatusForbidden)
		advised("[enrol_second_factor]")
		snooze("ann", in(2*day)).Want(http.StatusOK).Has("snoozed_until")
		advised("[]")
		snooze("ann", "null").Want(http.StatusOK)
		advised("[enrol_second_factor]")
		snooze("ann", in(2*day)).Want(http.StatusOK)
		w.Clock.Advance(2*day + time.Second)
		advised("[enrol_second_factor]")
		snooze("ann", in(day)).Want(http.StatusOK)
		demand(w, `{"domain_id":"{red}","grace_days":30}`)
		advised("[enrol_second_factor]")
		w.Patch("/v3/users/{ann}/mfa", `{"mfa":{}}`, apitest.Token(w.Token("ann", ""))).Want(http.StatusOK)
	})
}

// L16: optional for people, recommended: the administrators see how many have one.
func TestL16Adoption(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		for _, name := range []string{"ann", "ben", "cid"} {
			w.User(name, "red")
		}
		enrolled(w, "ann")
		count := func(want ...int) {
			t.Helper()
			r := w.Get("/v3/mfa/adoption", fresh(w)).Want(http.StatusOK)
			for i, key := range []string{"users", "enrolled", "required", "required_enrolled", "exempt"} {
				if got := r.Int("adoption." + key); got != want[i] {
					t.Errorf("%s: got %d, want %d", key, got, want[i])
				}
			}
		}
		count(4, 1, 0, 0, 0)
		demand(w, `{"domain_id":"{red}"}`)
		count(4, 1, 3, 1, 0)
		w.Patch("/v3/users/{cid}", `{"user":{"enabled":false}}`, fresh(w)).Want(http.StatusOK)
		count(3, 1, 2, 1, 0)
	})
}
