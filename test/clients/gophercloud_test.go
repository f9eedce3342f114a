package clients_test

import (
	"context"
	"slices"
	"testing"

	"github.com/gophercloud/gophercloud/v2"
	"github.com/gophercloud/gophercloud/v2/openstack"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v2/tenants"
	tokens2 "github.com/gophercloud/gophercloud/v2/openstack/identity/v2/tokens"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/catalog"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/credentials"
	"github.com/gophercloud/gophercloud/v2/openstack/identity/v3/tokens"

	"github.com/keyward/identity/test/program"
)

// wantStatus checks that a call failed with the status, as gophercloud tells it.
func wantStatus(t *testing.T, what string, err error, status int) {
	t.Helper()
	if !gophercloud.ResponseCodeIs(err, status) {
		t.Errorf("%s: got %v, want status %d", what, err, status)
	}
}

// must ends the test for an error of a step that the next ones need.
func must[T any](v T, err error) func(*testing.T, string) T {
	return func(t *testing.T, what string) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return v
	}
}

// connect signs in as gophercloud's users do: discovery, token, catalog.
func connect(t *testing.T, s *program.Server, path string, o gophercloud.AuthOptions) (*gophercloud.ServiceClient, error) {
	t.Helper()
	o.IdentityEndpoint = s.URL + path
	provider, err := openstack.AuthenticatedClient(t.Context(), o)
	if err != nil {
		return nil, err
	}
	return openstack.NewIdentityV3(provider, gophercloud.EndpointOpts{Region: "RegionOne"})
}

func adminOptions() gophercloud.AuthOptions {
	return gophercloud.AuthOptions{Username: "admin", Password: program.Password, DomainID: "default", TenantName: "admin"}
}

func TestGophercloudSignsIn(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		p := hire(t, s, s.AdminToken(t), "gopher")
		wrong := adminOptions()
		wrong.Password = "wrong"
		_, err := connect(t, s, "", wrong)
		wantStatus(t, "wrong password", err, 401)
		_, err = connect(t, s, "/v3", gophercloud.AuthOptions{UserID: p.id, Password: p.password, Scope: &gophercloud.AuthScope{System: true}})
		wantStatus(t, "system scope without a role", err, 401)

		for name, c := range map[string]struct {
			path    string
			options gophercloud.AuthOptions
		}{
			"by name on a project by name, found from the root": {"", adminOptions()},
			"by name on a project by name, from /v3":            {"/v3", adminOptions()},
			"by id on a project by id":                          {"/v3/", gophercloud.AuthOptions{UserID: p.id, Password: p.password, TenantID: p.projectID}},
			"by domain name on the system":                      {"/v3", gophercloud.AuthOptions{Username: "admin", Password: program.Password, DomainName: "Default", Scope: &gophercloud.AuthScope{System: true}}},
		} {
			if _, err := connect(t, s, c.path, c.options); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if c, err := connect(t, s, "", adminOptions()); err != nil || c.Endpoint != s.URL+"/v3/" {
			t.Errorf("endpoint of the catalog: got %v, %v", c, err)
		}
	})
}

// client3 is a client of /v3 with a token that was got elsewhere.
func client3(t *testing.T, s *program.Server, token string) *gophercloud.ServiceClient {
	t.Helper()
	provider := must(openstack.NewClient(s.URL))(t, "client")
	provider.SetToken(token)
	return must(openstack.NewIdentityV3(provider, gophercloud.EndpointOpts{}))(t, "identity client")
}

func TestGophercloudHandlesTokens(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		p := hire(t, s, s.AdminToken(t), "gopher")
		admin := client3(t, s, s.AdminToken(t))
		create := func(o tokens.AuthOptions) tokens.CreateResult { return tokens.Create(t.Context(), admin, &o) }

		unscoped := create(tokens.AuthOptions{UserID: p.id, Password: p.password})
		token := must(unscoped.ExtractToken())(t, "unscoped token")
		if project, err := unscoped.ExtractProject(); err != nil || project != nil {
			t.Errorf("project of the unscoped token: got %v, %v", project, err)
		}
		scoped := create(tokens.AuthOptions{TokenID: token.ID, Scope: tokens.Scope{ProjectID: p.projectID}})
		rescoped := must(scoped.ExtractToken())(t, "rescope")
		if !rescoped.ExpiresAt.Equal(token.ExpiresAt) {
			t.Errorf("expiry after rescoping: got %v, want %v", rescoped.ExpiresAt, token.ExpiresAt)
		}
		onDomain := create(tokens.AuthOptions{Username: "admin", DomainID: "default", Password: program.Password, Scope: tokens.Scope{DomainID: "default"}})
		wantStatus(t, "domain scope without a role", onDomain.Err, 401)

		shown := tokens.Get(t.Context(), admin, rescoped.ID)
		roles := must(shown.ExtractRoles())(t, "validate")
		if !slices.ContainsFunc(roles, func(r tokens.Role) bool { return r.Name == "member" }) {
			t.Errorf("roles of the token: got %v, want member among them", roles)
		}
		if user, err := shown.ExtractUser(); err != nil || user.ID != p.id || user.Domain.Name != "Default" {
			t.Errorf("user of the token: got %+v, %v", user, err)
		}
		entries := must(shown.ExtractServiceCatalog())(t, "catalog of the token")
		if len(entries.Entries) != 1 || entries.Entries[0].Type != "identity" || len(entries.Entries[0].Endpoints) != 3 {
			t.Errorf("catalog of the token: got %+v, want identity with three endpoints", entries)
		}
		own := client3(t, s, rescoped.ID)
		page := must(catalog.List(own).AllPages(t.Context()))(t, "own catalog")
		if list, err := catalog.ExtractServiceCatalog(page); err != nil || len(list) != 1 {
			t.Errorf("own catalog: got %v, %v", list, err)
		}
		checkRevocation(t, admin, own, rescoped.ID)
	})
}

func checkRevocation(t *testing.T, admin, own *gophercloud.ServiceClient, token string) {
	t.Helper()
	valid := func(want bool) {
		t.Helper()
		if ok, err := tokens.Validate(t.Context(), admin, token); err != nil || ok != want {
			t.Errorf("valid: got %v, %v, want %v", ok, err, want)
		}
	}
	valid(true)
	if err := tokens.Revoke(t.Context(), own, token).Err; err != nil {
		t.Fatalf("revoke: %v", err)
	}
	valid(false)
	wantStatus(t, "show a revoked token", tokens.Get(t.Context(), admin, token).Err, 404)
	wantStatus(t, "use a revoked token", tokens.Get(t.Context(), own, token).Err, 401)
	wantStatus(t, "revoke it again", tokens.Revoke(t.Context(), admin, token).Err, 404)
}

// TestGophercloudSendsPasscodes has an administrator set up the factor in Keystone's way, as a credential.
func TestGophercloudSendsPasscodes(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, "oathtool")
		p := hire(t, s, s.AdminToken(t), "gopher")
		admin := client3(t, s, s.AdminToken(t))
		app := &authenticator{seed: "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJR"}
		options := credentials.CreateOpts{UserID: p.id, Type: "totp", Blob: app.seed}
		must(credentials.Create(t.Context(), admin, options).Extract())(t, "create the credential")

		create := func(code string) error {
			o := tokens.AuthOptions{UserID: p.id, Password: p.password, Passcode: code, Scope: tokens.Scope{ProjectID: p.projectID}}
			return tokens.Create(t.Context(), admin, &o).Err
		}
		wantStatus(t, "no passcode", create(""), 401)
		wantStatus(t, "wrong passcode", create("00000x"), 401)
		code := app.next(t)
		if err := create(code); err != nil {
			t.Errorf("right passcode: %v", err)
		}
		wantStatus(t, "the passcode again", create(code), 401)
		_, err := connect(t, s, "", gophercloud.AuthOptions{
			Username: p.name, DomainID: "default", Password: p.password, Passcode: app.next(t), TenantID: p.projectID,
		})
		if err != nil {
			t.Errorf("password and passcode by name: %v", err)
		}
		wantStatus(t, "v2.0", tokens2.Create(t.Context(), client2(t, s, ""), tokens2.AuthOptions{Username: p.name, Password: p.password}).Err, 401)
	})
}

// joinCodes lets a person send codes behind the password.
func joinCodes(t *testing.T, s *program.Server, p person) {
	t.Helper()
	s.Must(t, 200, program.Request{Method: "PATCH", Path: "/v3/users/" + p.id, Token: s.AdminToken(t), Body: program.Map{
		"user": program.Map{"options": program.Map{"passcode_in_password": true}},
	}})
}

func TestGophercloudSendsTheCodeBehindThePassword(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		need(t, "oathtool", "zbarimg")
		p := hire(t, s, s.AdminToken(t), "gopher")
		app, recovery := enrol(t, s, p)
		signIn := func(code string) error {
			_, err := connect(t, s, "", gophercloud.AuthOptions{
				Username: p.name, DomainID: "default", Password: p.password + code, TenantID: p.projectID,
			})
			return err
		}
		wantStatus(t, "where it is not allowed", signIn(app.next(t)), 401)
		joinCodes(t, s, p)
		wantStatus(t, "no code", signIn(""), 401)
		wantStatus(t, "a wrong code", signIn("00000x"), 401)
		code := app.next(t)
		if err := signIn(code); err != nil {
			t.Errorf("password and code in one field: %v", err)
		}
		wantStatus(t, "the code again", signIn(code), 401)
		if err := signIn(recovery[0]); err != nil {
			t.Errorf("password and recovery code in one field: %v", err)
		}
	})
}

// client2 is a client of /v2.0.
func client2(t *testing.T, s *program.Server, token string) *gophercloud.ServiceClient {
	t.Helper()
	provider := must(openstack.NewClient(s.URL))(t, "client")
	provider.SetToken(token)
	return must(openstack.NewIdentityV2(provider, gophercloud.EndpointOpts{}))(t, "identity client")
}

func TestGophercloudSpeaksTheOldAPI(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, s *program.Server) {
		p := hire(t, s, s.AdminToken(t), "gopher")
		create := func(o tokens2.AuthOptions) tokens2.CreateResult {
			return tokens2.Create(context.WithoutCancel(t.Context()), client2(t, s, ""), o)
		}
		wantStatus(t, "wrong password", create(tokens2.AuthOptions{Username: p.name, Password: "wrong"}).Err, 401)
		wantStatus(t, "project of others", create(tokens2.AuthOptions{Username: p.name, Password: p.password, TenantName: "admin"}).Err, 401)

		unscoped := must(create(tokens2.AuthOptions{Username: p.name, Password: p.password}).ExtractToken())(t, "unscoped")
		for what, o := range map[string]tokens2.AuthOptions{
			"on a tenant by name":  {Username: p.name, Password: p.password, TenantName: p.name},
			"on a tenant by id":    {Username: p.name, Password: p.password, TenantID: p.projectID},
			"continued from token": {TokenID: unscoped.ID, TenantID: p.projectID},
		} {
			res := create(o)
			token, err := res.ExtractToken()
			if err != nil || token.Tenant.ID != p.projectID {
				t.Errorf("%s: got %+v, %v", what, token, err)
				continue
			}
			if entries, err := res.ExtractServiceCatalog(); err != nil || len(entries.Entries) != 1 {
				t.Errorf("%s: catalog: got %+v, %v", what, entries, err)
			}
			shown := tokens2.Get(t.Context(), client2(t, s, s.AdminToken(t)), token.ID)
			if user, err := shown.ExtractUser(); err != nil || user.ID != p.id {
				t.Errorf("%s: user: got %+v, %v", what, user, err)
			}
		}
		page := must(tenants.List(client2(t, s, unscoped.ID), nil).AllPages(t.Context()))(t, "tenants")
		if list, err := tenants.ExtractTenants(page); err != nil || len(list) != 1 || list[0].Name != p.name {
			t.Errorf("tenants: got %+v, %v, want one", list, err)
		}
		provider := must(openstack.NewClient(s.URL+"/v2.0"))(t, "client")
		o := gophercloud.AuthOptions{IdentityEndpoint: s.URL + "/v2.0", Username: p.name, Password: p.password, TenantName: p.name}
		if err := openstack.Authenticate(t.Context(), provider, o); err != nil {
			t.Errorf("discovery of /v2.0: %v", err)
		}
	})
}
