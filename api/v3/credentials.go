package v3

import (
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// credentials serves /v3/credentials. Those of type totp are Keystone's view of confirmed authenticators: their
// seed is shown in the reply to its creation only, where Keystone shows it forever.
type credentials struct{ Services }

func (h credentials) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/credentials", policy.ListCredentials, h.own, h.list),
		httpapi.On("POST /v3/credentials", policy.CreateCredential, h.draft, h.create).Fresh(auth.FreshFor),
		httpapi.On("GET /v3/credentials/{credential_id}", policy.GetCredential, h.find, h.show),
		httpapi.On("PATCH /v3/credentials/{credential_id}", policy.UpdateCredential, h.find, h.update).Fresh(auth.FreshFor),
		httpapi.On("DELETE /v3/credentials/{credential_id}", policy.DeleteCredential, h.find, h.remove).Fresh(auth.FreshFor),
	}
}

// credentialTarget is a credential as the rules see it.
type credentialTarget struct {
	credential.Credential
	userDomain string
}

// PolicyAttrs is all that a rule may know about a credential.
func (x credentialTarget) PolicyAttrs() policy.Attrs {
	return policy.Attrs{
		"target.credential.user_id":    policy.Is(x.UserID),
		"target.credential.project_id": policy.IsOrNull(x.ProjectID),
		"target.credential.type":       policy.Is(x.Type),
		// No rule may name the owner, but tokens of a domain are confined to it.
		"target.user.id": policy.Is(x.UserID), "target.user.domain_id": policy.Is(x.userDomain),
	}
}

// credentialNames are the attributes of credentials that are not the client's own.
var credentialNames = declare("type", "blob", "user_id", "project_id")

type credentialView struct {
	ID        string     `json:"id"`
	Type      string     `json:"type"`
	UserID    string     `json:"user_id"`
	ProjectID *string    `json:"project_id"`
	Blob      *string    `json:"blob,omitzero"`
	Links     links      `json:"links"`
	Extra     attributes `json:",embed"`
}

func (h credentials) view(c *httpapi.Call, x credential.Credential) credentialView {
	v := credentialView{
		ID: x.ID, Type: x.Type, UserID: x.UserID, ProjectID: textOrNull(x.ProjectID), Links: links{c.Link("v3", "credentials", x.ID)},
	}
	if content, ok := h.Credential.Content(x); ok {
		v.Blob, v.Extra = &content.Blob, credentialNames.show(content.Extra)
	}
	return v
}

type credentialBody struct {
	ID        optional.Value[any]    `json:"id"`
	Type      optional.Value[string] `json:"type"`
	Blob      optional.Value[string] `json:"blob"`
	UserID    optional.Value[string] `json:"user_id"`
	ProjectID optional.Value[string] `json:"project_id"`
	Extra     attributes             `json:",embed"`
}

func (h credentials) body(c *httpapi.Call) (credential.Draft, error) {
	var b credentialBody
	if err := c.Body("credential", &b); err != nil {
		return credential.Draft{}, err
	}
	extra, err := credentialNames.keep(b.Extra)
	return credential.Draft{ID: sentID(b.ID), Type: b.Type, Blob: b.Blob, UserID: b.UserID, ProjectID: b.ProjectID, Extra: extra}, err
}

// own is the target of a list: everybody may ask for his own credentials.
func (h credentials) own(c *httpapi.Call) (credentialTarget, error) {
	return credentialTarget{credential.Credential{UserID: c.Actor.UserID}, c.Actor.UserDomainID}, nil
}

// of is a credential with what the rules need to know of its user.
func (h credentials) of(c *httpapi.Call, x credential.Credential) (credentialTarget, error) {
	u, err := h.Identity.User(c.Context(), x.UserID)
	return credentialTarget{x, u.DomainID}, err
}

// draft is the credential to be.
func (h credentials) draft(c *httpapi.Call) (credentialTarget, error) {
	d, err := h.body(c)
	if err != nil {
		return credentialTarget{}, err
	}
	kind, _ := credential.TypeOf(d.Type.Or("")) // create refuses what is none
	return h.of(c, credential.Credential{UserID: d.UserID.Or(""), ProjectID: d.ProjectID.Or(""), Type: kind})
}

func (h credentials) find(c *httpapi.Call) (credentialTarget, error) {
	id, err := c.ID("credential_id")
	if err != nil {
		return credentialTarget{}, err
	}
	x, err := h.Credential.Credential(c.Context(), id)
	if err != nil {
		return credentialTarget{}, err
	}
	return h.of(c, x)
}

// list shows what the caller may show. Those who may not show everybody's credentials are asked about their own
// only, which the database finds.
func (h credentials) list(c *httpapi.Call, own credentialTarget) (httpapi.Reply, error) {
	q, err := c.List("user_id", "type")
	if err != nil {
		return httpapi.Reply{}, err
	}
	everybody := credentialTarget{Credential: credential.Credential{UserID: "somebody-else"}}
	if !c.Can(policy.GetCredential, everybody) {
		q = q.With("user_id", c.Actor.UserID)
	}
	page, err := h.Credential.List(c.Context(), q, func(x credential.Credential) bool {
		target := credentialTarget{Credential: x}
		if x.UserID == own.UserID {
			target.userDomain = own.userDomain
		}
		return c.Can(policy.GetCredential, target)
	})
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "credentials", page, func(x credential.Credential) string { return x.ID },
		func(x credential.Credential) credentialView { return h.view(c, x) }), nil
}

func (h credentials) create(c *httpapi.Call, x credentialTarget) (httpapi.Reply, error) {
	d, err := h.body(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	if x.Type == credential.TOTP {
		return h.createFactor(c, d)
	}
	if d.ForAnother = x.UserID != c.Actor.UserID; !d.ForAnother {
		d.By = proofOf(c)
	}
	made, err := h.Credential.Create(c.Context(), d)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Created("credential", h.view(c, made)), nil
}

// proofOf is how the caller signed in: what he makes for a program knows no more than that.
func proofOf(c *httpapi.Call) credential.Proof {
	return credential.Proof{Methods: c.Actor.Methods, AuthTime: c.Actor.AuthTime}
}

func (h credentials) createFactor(c *httpapi.Call, d credential.Draft) (httpapi.Reply, error) {
	if _, has := d.ProjectID.Get(); has {
		return httpapi.Reply{}, fault.New(fault.BadRequest, "Invalid input for field 'credential/project_id': a credential of type totp belongs to no project.")
	}
	if err := noExtra(d); err != nil {
		return httpapi.Reply{}, err
	}
	if owner := d.UserID.Or(""); owner == c.Actor.UserID {
		if err := h.MFA.PhoneFirst(c.Context(), owner); err != nil {
			return httpapi.Reply{}, err
		}
	}
	f, err := h.MFA.Import(c.Context(), d.UserID.Or(""), "credential", d.Blob.Or(""))
	if err != nil {
		return httpapi.Reply{}, err
	}
	v := h.view(c, credential.Credential{ID: f.ID, UserID: f.UserID, Type: string(f.Kind)})
	v.Blob = d.Blob.Pointer()
	return httpapi.Created("credential", v), nil
}

// noExtra refuses attributes that a second factor cannot keep.
func noExtra(d credential.Draft) error {
	if len(d.Extra) == 0 {
		return nil
	}
	return fault.New(fault.BadRequest, "Invalid input for 'credential': one of type totp has no further attributes.")
}

func (h credentials) show(c *httpapi.Call, x credentialTarget) (httpapi.Reply, error) {
	return httpapi.Show("credential", h.view(c, x.Credential)), nil
}

func (h credentials) update(c *httpapi.Call, x credentialTarget) (httpapi.Reply, error) {
	d, err := h.body(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	after := x // Keystone asks before and after a change, of which rules can see the type only
	if err := d.Retype(&after.Credential); err != nil {
		return httpapi.Reply{}, err
	}
	if err := c.Allow(policy.UpdateCredential, after); err != nil {
		return httpapi.Reply{}, err
	}
	if x.Type == credential.TOTP {
		return h.updateFactor(c, x, d)
	}
	if x.UserID == c.Actor.UserID {
		d.By = proofOf(c)
	}
	changed, err := h.Credential.Update(c.Context(), x.ID, d)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Show("credential", h.view(c, changed)), nil
}

// updateFactor replaces the seed. Whose credential it is and of which type never changes. As with remove, the
// owner's sessions end when somebody else does it.
func (h credentials) updateFactor(c *httpapi.Call, x credentialTarget, d credential.Draft) (httpapi.Reply, error) {
	if err := noExtra(d); err != nil {
		return httpapi.Reply{}, err
	}
	if seed, has := d.Blob.Get(); has {
		if err := h.reseed(c, x, seed); err != nil {
			return httpapi.Reply{}, err
		}
	}
	return httpapi.Show("credential", h.view(c, x.Credential)), nil
}

func (h credentials) reseed(c *httpapi.Call, x credentialTarget, seed string) error {
	f, err := h.MFA.Credential(c.Context(), x.ID)
	if err != nil {
		return err
	}
	if err := h.MFA.Reseed(c.Context(), f, seed); err != nil || x.UserID == c.Actor.UserID {
		return err
	}
	return h.Identity.EndSessions(c.Context(), x.UserID)
}

// remove deletes the credential. When a factor is removed by somebody else than its owner, the owner's sessions
// end: whoever holds one may be the reason.
func (h credentials) remove(c *httpapi.Call, x credentialTarget) (httpapi.Reply, error) {
	if x.Type != credential.TOTP {
		return httpapi.NoContent(), h.Credential.Delete(c.Context(), x.ID)
	}
	if x.UserID != c.Actor.UserID {
		if err := h.Identity.EndSessions(c.Context(), x.UserID); err != nil {
			return httpapi.Reply{}, err
		}
	}
	return httpapi.NoContent(), h.MFA.Remove(c.Context(), x.UserID, mfa.TOTP, x.ID)
}
