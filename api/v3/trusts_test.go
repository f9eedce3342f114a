package v3_test

import (
	gomaps "maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keyward/identity/internal/apitest"
	"github.com/keyward/identity/internal/config"
)

// trusting makes ann, who has the roles manager and (implied) member and reader on red/web, ben and eve.
func trusting(w *apitest.World) {
	for _, name := range []string{"ann", "ben", "eve"} {
		w.User(name, "red")
	}
	w.Grant("ann", "manager", "project:red/web")
	w.Project("red", "lab")
}

// trustBody is a trust of ann's to ben on red/web with the role member, changed by members of the same names.
// Empty text takes one away.
func trustBody(change map[string]string) string {
	members := map[string]string{
		"trustor_user_id": `"{ann}"`, "trustee_user_id": `"{ben}"`, "impersonation": "false", "project_id": `"{red/web}"`,
		"roles": `[{"name":"member"}]`,
	}
	gomaps.Copy(members, change)
	var parts []string
	for name, value := range members {
		if value != "" {
			parts = append(parts, `"`+name+`":`+value)
		}
	}
	slices.Sort(parts)
	return `{"trust":{` + strings.Join(parts, ",") + `}}`
}

// trust makes one of ann's and names it.
func makeTrust(w *apitest.World, name string, change map[string]string) *apitest.Response {
	r := w.Post("/v3/OS-TRUST/trusts", trustBody(change), w.As("ann")).Want(http.StatusCreated)
	w.Name(name, r.Str("trust.id"))
	return r
}

// withTrust signs a user in to a trust.
func withTrust(w *apitest.World, user, name string) *apitest.Response {
	scope := map[string]any{"OS-TRUST:trust": map[string]any{"id": w.ID(name)}}
	return w.Post("/v3/auth/tokens", apitest.PasswordBody(w.ID(user), w.Password(user), scope))
}

func noFloor(c *config.Config) { c.Lockout.FailureFloor = 0 }

func TestTrustRefusals(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		trusting(w)
		makeTrust(w, "trust", nil)
		past := `"` + w.Clock.Now().UTC().Add(-time.Minute).Format("2006-01-02T15:04:05") + `"`
		const trusts = "/v3/OS-TRUST/trusts"
		const random = "0123456789abcdef0123456789abcdef"
		cases := []apitest.Case{
			{Do: "GET " + trusts, Want: 401}, {Do: "POST " + trusts, Body: trustBody(nil), Want: 401},
			{Do: "GET " + trusts + "/{trust}", Want: 401}, {Do: "DELETE " + trusts + "/{trust}", Want: 401},
			{Do: "GET " + trusts + "/{trust}/roles", Want: 401}, {Do: "GET " + trusts + "/{trust}/roles/{role member}", Want: 401},
			{As: "ann", Do: "PATCH " + trusts + "/{trust}", Body: `{"trust":{"impersonation":true}}`, Want: 405},
			{As: "ann", Do: "PUT " + trusts + "/{trust}", Body: `{"trust":{}}`, Want: 405},
			{As: "ann", Do: "GET " + trusts, Want: 403}, {As: "ann", Do: "GET " + trusts + "?trustor_user_id={ben}", Want: 403},
			{As: "ann", Do: "GET " + trusts + "?trustee_user_id={ben}", Want: 403},
			{As: "ann", Do: "GET " + trusts + "?trustor_user_id={ben}&trustor_user_id={ann}", Want: 403},
			{As: "ann", Do: "GET " + trusts + "?trustor_user_id__contains={ann}", Want: 403},
			{As: "ann", Do: "GET " + trusts + "?trustor_user_id=", Want: 400},
			{As: "ben", Do: "DELETE " + trusts + "/{trust}", Want: 403}, {As: "reader@system", Do: "DELETE " + trusts + "/{trust}", Want: 404},
			{As: "admin@red", Do: "GET " + trusts + "/{trust}", Want: 403}, {As: "admin@red", Do: "GET " + trusts, Want: 403},
			{As: "admin@red", Do: "POST " + trusts, Body: trustBody(map[string]string{"trustor_user_id": `"{admin@red}"`}), Want: 403},
			{Name: "an administrator for somebody else", As: "admin", Do: "POST " + trusts, Body: trustBody(nil), Want: 403},
			{Name: "somebody for somebody else", As: "ben", Do: "POST " + trusts, Body: trustBody(nil), Want: 403},
			{Name: "a role that is not named", As: "ann", Do: "GET " + trusts + "/{trust}/roles/{role reader}", Want: 404},
			{Name: "a role that is not there", As: "ann", Do: "GET " + trusts + "/{trust}/roles/none", Want: 404},
		}
		for _, do := range []string{"GET " + trusts + "/", "DELETE " + trusts + "/"} {
			for _, who := range []string{"eve", "manager@red/web"} { // what is foreign looks as if it were not there
				cases = append(cases, apitest.Case{As: who, Do: do + "{trust}", Want: 404}, apitest.Case{As: who, Do: do + random, Want: 404})
			}
			cases = append(cases, apitest.Case{As: "ann", Do: do + random, Want: 404}, apitest.Case{As: "admin", Do: do + random, Want: 404},
				apitest.Case{As: "ann", Do: do + "not%20an%20id", Want: 404})
		}
		for name, c := range map[string]struct {
			change map[string]string
			want   int
		}{
			"no trustor":                       {map[string]string{"trustor_user_id": ""}, 400},
			"no trustee":                       {map[string]string{"trustee_user_id": ""}, 400},
			"no impersonation":                 {map[string]string{"impersonation": ""}, 400},
			"impersonation as text":            {map[string]string{"impersonation": `"true"`}, 400},
			"impersonation null":               {map[string]string{"impersonation": `null`}, 400},
			"an unknown trustee":               {map[string]string{"trustee_user_id": `"` + random + `"`}, 404},
			"a project without roles":          {map[string]string{"roles": ""}, 403},
			"a project with no roles":          {map[string]string{"roles": `[]`}, 403},
			"roles without a project":          {map[string]string{"project_id": ""}, 404},
			"another project":                  {map[string]string{"project_id": `"{red/lab}"`}, 404},
			"an unknown project":               {map[string]string{"project_id": `"` + random + `"`}, 404},
			"a domain as the project":          {map[string]string{"project_id": `"{red}"`}, 404},
			"a role that ann lacks":            {map[string]string{"roles": `[{"name":"member"},{"name":"admin"}]`}, 404},
			"a role that ann lacks, by its id": {map[string]string{"roles": `[{"id":"{role admin}"}]`}, 404},
			"an unknown role":                  {map[string]string{"roles": `[{"name":"none"}]`}, 404},
			"the id wins over the name":        {map[string]string{"roles": `[{"id":"{role admin}","name":"member"}]`}, 404},
			"a role in another case":           {map[string]string{"roles": `[{"name":"Member"}]`}, 404},
			"a role without a name":            {map[string]string{"roles": `[{}]`}, 400},
			"a role that is text":              {map[string]string{"roles": `["member"]`}, 400},
			"an end in the past":               {map[string]string{"expires_at": past}, 400},
			"an end with an offset":            {map[string]string{"expires_at": `"2999-01-01T00:00:00+02:00"`}, 400},
			"an end that is no time":           {map[string]string{"expires_at": `"soon"`}, 400},
			"an empty end":                     {map[string]string{"expires_at": `""`}, 400},
			"an end that is a number":          {map[string]string{"expires_at": `4102444800`}, 400},
			"no uses":                          {map[string]string{"remaining_uses": `0`}, 400},
			"less than no uses":                {map[string]string{"remaining_uses": `-1`}, 400},
			"uses as text":                     {map[string]string{"remaining_uses": `"1"`}, 400},
			"uses beyond measure":              {map[string]string{"remaining_uses": `1e30`}, 400},
			"uses and redelegation":            {map[string]string{"remaining_uses": `1`, "allow_redelegation": "true"}, 400},
			"too many redelegations":           {map[string]string{"redelegation_count": `4`, "allow_redelegation": "true"}, 403},
			"fewer than no redelegations":      {map[string]string{"redelegation_count": `-1`, "allow_redelegation": "true"}, 400},
		} {
			cases = append(cases, apitest.Case{Name: name, As: "ann", Do: "POST " + trusts, Body: trustBody(c.change), Want: c.want})
		}
		w.Run(t, cases)
		if n := len(w.Get("/v3/OS-TRUST/trusts", w.As("sysadmin")).List("trusts")); n != 1 {
			t.Errorf("%d trusts are there, want the one that was made", n)
		}
	})
}

func TestTrusts(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		trusting(w)
		made := makeTrust(w, "trust", map[string]string{
			"roles": `[{"name":"member"},{"id":"{role member}"},{"name":"reader"}]`, "expires_at": `"2999-12-31T23:59:59.987654"`,
			"remaining_uses": "5", "redelegation_count": "2", "purpose": `{"a":[1.50]}`, "deleted_at": `"2000-01-01T00:00:00Z"`, "id": `"mine"`,
		})
		self := w.Config.PublicURL + "/v3/OS-TRUST/trusts/" + w.ID("trust")
		for _, r := range []*apitest.Response{made, w.Get("/v3/OS-TRUST/trusts/{trust}", w.As("ben"))} {
			for path, want := range map[string]any{
				"trustor_user_id": w.ID("ann"), "trustee_user_id": w.ID("ben"), "project_id": w.ID("red/web"), "impersonation": false,
				"expires_at": "2999-12-31T23:59:59.000000Z", "deleted_at": nil, "redelegated_trust_id": nil,
				"links.self": self, "roles_links.self": self + "/roles", "roles_links.next": nil,
			} {
				if got := r.Value("trust." + path); got != want {
					t.Errorf("%s is %v, want %v", path, got, want)
				}
			}
			if r.Int("trust.remaining_uses") != 5 || r.Int("trust.redelegation_count") != 0 || r.Str("trust.id") != w.ID("trust") {
				t.Errorf("%s", r.Body)
			}
			r.Has(`"purpose":{"a":[1.50]}`).Never("allow_redelegation")
			names := r.Names("trust.roles", "name")
			if slices.Sort(names); !slices.Equal(names, []string{"member", "reader"}) {
				t.Errorf("roles %v", names)
			}
		}
		makeTrust(w, "plain", map[string]string{"project_id": "null", "roles": `[]`, "trustee_user_id": `"{eve}"`, "allow_redelegation": "true"}).
			Has(`"project_id":null`).Has(`"roles":[]`).Has(`"redelegation_count":3`).Has(`"remaining_uses":null`).Has(`"expires_at":null`)
		listed := func(query, who string, want ...string) {
			t.Helper()
			r := w.Get("/v3/OS-TRUST/trusts"+query, w.As(who)).Want(http.StatusOK).Never(`"roles"`).Has(`"previous":null`)
			got := r.Names("trusts", "id")
			for i := range want {
				want[i] = w.ID(want[i])
			}
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("%s lists %v, want %v", query, got, want)
			}
		}
		listed("?trustor_user_id={ann}", "ann", "trust", "plain")
		listed("?trustor_user_id={ann}&trustee_user_id={ben}", "ann", "trust")
		listed("?trustor_user_id={ann}&trustor_user_id={ben}", "ann")
		listed("?trustee_user_id={ben}", "ben", "trust")
		listed("?trustor_user_id={ben}", "ben")
		listed("", "sysadmin", "trust", "plain")
		listed("?name=trust", "admin")
		listed("?name=trust&trustor_user_id={ann}", "admin", "trust", "plain")
		listed("?limit=5", "admin", "trust", "plain")
		listed("?trustee_user_id={eve}", "reader@system", "plain")
		if r := w.Get("/v3/OS-TRUST/trusts?limit=1", w.As("sysadmin")); len(r.List("trusts")) != 1 || r.Value("links.next") == nil {
			t.Errorf("a page of one: %s", r.Body)
		}
		roles := w.Get("/v3/OS-TRUST/trusts/{trust}/roles", w.As("ann")).Want(http.StatusOK)
		if roles.Str("links.self") != self+"/roles" || len(roles.List("roles")) != 2 {
			t.Errorf("%s", roles.Body)
		}
		w.Get("/v3/OS-TRUST/trusts/{trust}/roles/{role member}", w.As("ben")).Want(http.StatusOK).Has(`"name":"member"`)
		w.Do("HEAD", "/v3/OS-TRUST/trusts/{trust}/roles/{role member}", w.As("ben")).Want(http.StatusOK)
		for _, who := range []string{"ann", "admin"} {
			w.Delete("/v3/OS-TRUST/trusts/{trust}", w.As(who)).Want(map[string]int{"ann": 204, "admin": 404}[who])
			w.Get("/v3/OS-TRUST/trusts/{trust}", w.As(who)).Want(http.StatusNotFound)
		}
		w.Delete("/v3/OS-TRUST/trusts/{plain}", w.As("sysadmin")).Want(http.StatusNoContent)
	})
}

// A twin is a conflict only with an end, as in Keystone.
func TestTwinTrusts(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		trusting(w)
		end := map[string]string{"expires_at": `"2999-01-01T00:00:00Z"`}
		makeTrust(w, "trust", end)
		w.Post("/v3/OS-TRUST/trusts", trustBody(end), w.As("ann")).Want(http.StatusConflict)
		end["roles"] = `[{"name":"reader"}]`
		w.Post("/v3/OS-TRUST/trusts", trustBody(end), w.As("ann")).Want(http.StatusConflict)
		end["impersonation"] = "true"
		makeTrust(w, "other", end)
		makeTrust(w, "never", nil)
		makeTrust(w, "never again", nil)
	})
}

func TestTokensOfTrusts(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		trusting(w)
		for _, impersonation := range []string{"true", "false"} {
			makeTrust(w, "trust", map[string]string{"impersonation": impersonation})
			bearer := map[string]string{"true": "ann", "false": "ben"}[impersonation]
			issued := withTrust(w, "ben", "trust").Want(http.StatusCreated)
			subject := apitest.Header("X-Subject-Token", issued.Token())
			for _, r := range []*apitest.Response{issued, w.Get("/v3/auth/tokens", w.As("sysadmin"), subject).Want(http.StatusOK)} {
				if r.Str("token.user.id") != w.ID(bearer) || r.Str("token.project.id") != w.ID("red/web") ||
					r.Bool("token.OS-TRUST:trust.impersonation") != (impersonation == "true") || r.Str("token.OS-TRUST:trust.id") != w.ID("trust") ||
					r.Str("token.OS-TRUST:trust.trustor_user.id") != w.ID("ann") || r.Str("token.OS-TRUST:trust.trustee_user.id") != w.ID("ben") {
					t.Errorf("%s", r.Body)
				}
				names := r.Names("token.roles", "name")
				if slices.Sort(names); !slices.Equal(names, []string{"member", "reader"}) {
					t.Errorf("roles %v", names)
				}
				r.Never(`"is_domain"`)
			}
			w.Get("/v2.0/tokens/"+issued.Token(), w.As("admin")).Want(http.StatusUnauthorized)
		}
		withTrust(w, "ann", "trust").Want(http.StatusForbidden).Has("trust_of_another")
		w.Name("none", "0123456789abcdef0123456789abcdef")
		withTrust(w, "ben", "none").Want(http.StatusUnauthorized)
		makeTrust(w, "plain", map[string]string{"project_id": "", "roles": "", "impersonation": "true"})
		if r := withTrust(w, "ben", "plain").Want(http.StatusCreated); r.Str("token.user.id") != w.ID("ann") {
			t.Errorf("%s", r.Body)
		} else {
			r.Never(`"roles"`).Never(`"project"`)
		}
	}, noFloor)
}

func TestRedelegation(t *testing.T) {
	t.Parallel()
	apitest.Each(t, func(t *testing.T, w *apitest.World) {
		trusting(w)
		w.Grant("ben", "manager", "project:red/lab") // of his own, which does not count
		end := `"2990-01-01T00:00:00Z"`
		makeTrust(w, "first", map[string]string{
			"roles": `[{"name":"member"}]`, "allow_redelegation": "true", "redelegation_count": "2", "expires_at": end,
		})
		makeTrust(w, "closed", nil)
		onward := func(from string, change map[string]string) *apitest.Response {
			t.Helper()
			members := map[string]string{"trustor_user_id": `"{ben}"`, "trustee_user_id": `"{eve}"`}
			gomaps.Copy(members, change)
			return w.Post("/v3/OS-TRUST/trusts", trustBody(members), apitest.Token(withTrust(w, "ben", from).Want(http.StatusCreated).Token()))
		}
		onward("closed", nil).Want(http.StatusForbidden).Has("trust_not_redelegable")
		for name, change := range map[string]map[string]string{
			"the trustor of the trust":     {"trustor_user_id": `"{ann}"`},
			"a role that it lacks":         {"roles": `[{"name":"member"},{"name":"manager"}]`},
			"a role that it implies only":  {"roles": `[{"name":"reader"}]`},
			"a role that is not there":     {"roles": `[{"name":"none"}]`},
			"another project":              {"project_id": `"{red/lab}"`},
			"no project":                   {"project_id": "null", "roles": "[]"},
			"impersonation":                {"impersonation": "true"},
			"a later end":                  {"expires_at": `"2990-01-01T00:00:01Z"`},
			"a number of uses":             {"remaining_uses": "1"},
			"as often as itself":           {"allow_redelegation": "true", "redelegation_count": "2"},
			"more often than the operator": {"allow_redelegation": "true", "redelegation_count": "9"},
		} {
			if r := onward("first", change); r.Status != http.StatusForbidden {
				t.Errorf("%s: %d, want 403: %s", name, r.Status, r.Body)
			}
		}
		second := onward("first", map[string]string{"allow_redelegation": "true"}).Want(http.StatusCreated)
		w.Name("second", second.Str("trust.id"))
		if second.Int("trust.redelegation_count") != 1 || second.Str("trust.redelegated_trust_id") != w.ID("first") ||
			second.Str("trust.expires_at") != "2990-01-01T00:00:00.000000Z" {
			t.Errorf("%s", second.Body)
		}
		eves := withTrust(w, "eve", "second").Want(http.StatusCreated)
		third := w.Post("/v3/OS-TRUST/trusts", trustBody(map[string]string{
			"trustor_user_id": `"{eve}"`, "trustee_user_id": `"{ben}"`, "allow_redelegation": "true", "expires_at": `"2980-01-01T00:00:00"`,
		}), apitest.Token(eves.Token())).Want(http.StatusCreated)
		w.Name("third", third.Str("trust.id"))
		if third.Int("trust.redelegation_count") != 0 {
			t.Errorf("%s", third.Body)
		}
		bens := withTrust(w, "ben", "third").Want(http.StatusCreated)
		w.Post("/v3/OS-TRUST/trusts", trustBody(map[string]string{"trustor_user_id": `"{ben}"`}), apitest.Token(bens.Token())).Want(http.StatusForbidden)
		w.Delete("/v3/OS-TRUST/trusts/{first}", w.As("ann")).Want(http.StatusNoContent)
		for _, r := range []*apitest.Response{eves, bens} {
			w.Get("/v3/auth/projects", apitest.Token(r.Token())).Want(http.StatusUnauthorized)
		}
		w.Get("/v3/OS-TRUST/trusts/{third}", w.As("sysadmin")).Want(http.StatusNotFound)
		withTrust(w, "eve", "second").Want(http.StatusUnauthorized)
	}, noFloor)
}

func TestImpersonatingTrustsAreHandedOnAsTheTrustor(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, noFloor)
	trusting(w)
	makeTrust(w, "first", map[string]string{"impersonation": "true", "allow_redelegation": "true"})
	token := apitest.Token(withTrust(w, "ben", "first").Want(http.StatusCreated).Token())
	w.Post("/v3/OS-TRUST/trusts", trustBody(map[string]string{"trustor_user_id": `"{ben}"`, "trustee_user_id": `"{eve}"`}), token).Want(http.StatusForbidden)
	r := w.Post("/v3/OS-TRUST/trusts", trustBody(map[string]string{"trustee_user_id": `"{eve}"`, "impersonation": "true"}), token).Want(http.StatusCreated)
	w.Name("second", r.Str("trust.id"))
	if r := withTrust(w, "eve", "second").Want(http.StatusCreated); r.Str("token.user.id") != w.ID("ann") {
		t.Errorf("%s", r.Body)
	}
}

func TestRedelegationCanBeSwitchedOff(t *testing.T) {
	t.Parallel()
	w := apitest.New(t, noFloor, func(c *config.Config) { c.Trust.MaxRedelegationCount = 0 })
	trusting(w)
	makeTrust(w, "trust", map[string]string{"allow_redelegation": "true"}).Has(`"redelegation_count":0`)
	w.Post("/v3/OS-TRUST/trusts", trustBody(map[string]string{"allow_redelegation": "true", "redelegation_count": "1"}), w.As("ann")).Want(http.StatusForbidden)
}
