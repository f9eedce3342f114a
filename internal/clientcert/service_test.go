package clientcert

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/resource"
)

// desk is a gate where zoe is known, and a shelf with one mapping.
type desk struct {
	mapping federation.Mapping
	user    identity.User
	broken  error
	refused string // why
	whose   string
	vouched auth.Voucher
}

var errStranger = fault.New(fault.Unauthorized, "no")

func (d *desk) Mapping(context.Context, string) (federation.Mapping, error) {
	if d.broken != nil {
		return federation.Mapping{}, d.broken
	}
	return d.mapping, nil
}

func (d *desk) Find(_ context.Context, r auth.Ref) (*identity.User, *resource.Project, error) {
	if r.ID == d.user.ID || r.Name == d.user.Name && (r.Domain.ID == "red-id" || r.Domain.Name == "red") {
		return &d.user, &resource.Project{ID: "red-id", Name: "red"}, nil
	}
	return nil, nil, errStranger
}

func (d *desk) Vouch(_ context.Context, v auth.Voucher) (auth.Issued, error) {
	d.vouched = v
	return auth.Issued{}, nil
}

func (d *desk) Refuse(_ context.Context, userID, cause string) error {
	d.whose, d.refused = userID, cause
	return errStranger
}

// of is a mapping whose user is written so, with the attributes CN, UID, EMAILADDRESS, DC and OU as its values.
func of(user string) federation.Mapping {
	return federation.Mapping{SchemaVersion: "1.0", Rules: json.RawMessage(`[{"local":[{"user":` + user + `}],"remote":[
		{"type":"SSL_CLIENT_SUBJECT_DN_CN"},{"type":"SSL_CLIENT_SUBJECT_DN_UID"},{"type":"SSL_CLIENT_SUBJECT_DN_EMAILADDRESS"},
		{"type":"SSL_CLIENT_SUBJECT_DN_DC"},{"type":"SSL_CLIENT_SUBJECT_DN_OU"},
		{"type":"SSL_CLIENT_ISSUER_DN_CN","any_one_of":["Red Root"]}]}]`)}
}

func TestSignIn(t *testing.T) {
	t.Parallel()
	const uid = "0123456789abcdef"
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	c, err := Parse(sequence(der(t, zoe)))
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := of(`{"id":"{1}"}`)
	elsewhere.Rules = json.RawMessage(`[{"local":[{"user":{"id":"{0}"}}],"remote":[{"type":"SSL_CLIENT_SUBJECT_DN_UID"},{"type":"SSL_CLIENT_ISSUER_DN_CN","any_one_of":["Blue Root"]}]}]`)
	for name, row := range map[string]struct {
		mapping federation.Mapping
		client  string
		change  func(*desk)
		cause   string // why it is refused; empty for a token
		whose   string
	}{
		"no mapping":               {of(`{}`), uid, func(d *desk) { d.broken = fault.New(fault.NotFound, "none") }, "certificate_mapping_missing", ""},
		"another issuer":           {elsewhere, uid, nil, "no_rule_matches", ""},
		"several units as a name":  {of(`{"id":"{1}","name":"{4}"}`), uid, nil, "one_value_needed", ""},
		"a mapping without a user": {of(`{}`), uid, nil, "certificate_names_nobody", ""},
		"an email alone":           {of(`{"email":"{2}"}`), uid, nil, "certificate_names_nobody", ""},
		"a name without a domain":  {of(`{"name":"{0}"}`), uid, nil, "certificate_names_nobody", ""},
		"an unknown id":            {of(`{"id":"{0}"}`), "Zoë", nil, "certificate_names_nobody", ""},
		"an unknown name":          {of(`{"name":"{1}","domain":{"name":"{3}"}}`), uid, nil, "certificate_names_nobody", ""},
		"another domain":           {of(`{"name":"{0}","domain":{"name":"blue"}}`), uid, nil, "certificate_names_nobody", ""},
		"an id and another's name": {of(`{"id":"{1}","name":"{3}"}`), uid, nil, "certificate_says_otherwise", uid},
		"an id and another domain": {of(`{"id":"{1}","domain":{"id":"{3}"}}`), uid, nil, "certificate_says_otherwise", uid},
		"another domain's name":    {of(`{"id":"{1}","domain":{"name":"blue"}}`), uid, nil, "certificate_says_otherwise", uid},
		"another email":            {of(`{"id":"{1}","email":"{2}"}`), uid, func(d *desk) { d.user.Extra["email"] = "z@red.example" }, "certificate_says_otherwise", uid},
		"no email":                 {of(`{"id":"{1}","email":"{2}"}`), uid, func(d *desk) { d.user.Extra = nil }, "certificate_says_otherwise", uid},
		"another client":           {of(`{"id":"{1}"}`), "ann", nil, "certificate_of_another", uid},
		"the name as the client":   {of(`{"id":"{1}"}`), "Zoë", nil, "certificate_of_another", uid},
		"no default project":       {of(`{"id":"{1}"}`), uid, func(d *desk) { d.user.DefaultProjectID = "" }, "certificate_without_project", uid},
		"an id":                    {of(`{"id":"{1}"}`), uid, nil, "", ""},
		"a name in a domain":       {of(`{"name":"{0}","domain":{"name":"{3}"}}`), uid, nil, "", ""},
		"everything":               {of(`{"id":"{1}","name":"{0}","email":"{2}","domain":{"id":"red-id"}}`), uid, nil, "", ""},
	} {
		d := &desk{mapping: row.mapping, user: identity.User{
			ID: uid, Name: "Zoë", DomainID: "red-id", DefaultProjectID: "web", Extra: map[string]any{"email": "zoe@red.example"},
		}}
		if row.change != nil {
			row.change(d)
		}
		_, err := NewService(d, d, "oauth2_mapping", func() time.Time { return at }).SignIn(t.Context(), c, row.client)
		if d.refused != row.cause || d.whose != row.whose || (row.cause != "") != errors.Is(err, errStranger) {
			t.Errorf("%s: %v because of %q (%q), want %q (%q)", name, err, d.refused, d.whose, row.cause, row.whose)
		}
		v := d.vouched
		if row.cause != "" {
			if v.UserID != "" {
				t.Errorf("%s: vouched for %s", name, v.UserID)
			}
			continue
		}
		if v.UserID != uid || v.ProjectID != "web" || v.Method != "oauth2_credential" || len(v.Methods) != 1 || v.Methods[0] != v.Method ||
			v.Thumbprint != zoesThumbprint || v.ExpiresAt == nil || !v.ExpiresAt.Equal(c.Ends()) {
			t.Errorf("%s: vouched %+v", name, v)
		}
	}
}

func TestSignInOutsideOfValidity(t *testing.T) {
	t.Parallel()
	c, err := Parse(sequence(der(t, zoe)))
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []time.Time{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), c.Ends()} {
		d := &desk{}
		if _, err := NewService(d, d, "m", func() time.Time { return at }).SignIn(t.Context(), c, "x"); err == nil || d.refused != "certificate_not_valid_now" {
			t.Errorf("at %v: %v because of %q", at, err, d.refused)
		}
	}
}

func TestTroubleIsNoRefusal(t *testing.T) {
	t.Parallel()
	c, err := Parse(sequence(der(t, zoe)))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{broken: errors.New("disk")}
	now := func() time.Time { return c.Ends().Add(-time.Hour) }
	if _, err := NewService(d, d, "m", now).SignIn(t.Context(), c, "x"); !errors.Is(err, d.broken) || d.refused != "" {
		t.Errorf("%v because of %q", err, d.refused)
	}
}
