package v3

import (
	"strings"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// credentials serves /v3/credentials for type totp: Keystone's view of confirmed authenticators. The seed is
// shown in the reply to its creation only, where Keystone shows it forever.
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

// credential is a factor as the rules on credentials see it.
type credential struct {
	mfa.Factor
	userDomain string
}

// PolicyAttrs is all that a rule may know about a credential.
func (x credential) PolicyAttrs() policy.Attrs {
	return policy.Attrs{
		"target.credential.user_id":    policy.Is(x.UserID),
		"target.credential.project_id": policy.IsOrNull(""),
		"target.credential.type":       policy.Is(string(mfa.TOTP)),
		// No rule may name the owner, but tokens of a domain are confined to it.
		"target.user.id": policy.Is(x.UserID), "target.user.domain_id": policy.Is(x.userDomain),
	}
}

type credentialView struct {
	ID        string  `json:"id"`
	Type      string  `json:"type"`
	UserID    string  `json:"user_id"`
	ProjectID *string `json:"project_id"`
	Blob      string  `json:"blob,omitzero"`
	Links     links   `json:"links"`
}

func viewCredential(c *httpapi.Call, f mfa.Factor) credentialView {
	return credentialView{ID: f.ID, Type: string(f.Kind), UserID: f.UserID, Links: links{c.Link("v3", "credentials", f.ID)}}
}

type credentialBody struct {
	Type      optional.Value[string] `json:"type"`
	Blob      optional.Value[string] `json:"blob"`
	UserID    optional.Value[string] `json:"user_id"`
	ProjectID optional.Value[string] `json:"project_id"`
}

// own is the target of a list: everybody may ask for his own credentials.
func (h credentials) own(c *httpapi.Call) (credential, error) {
	return credential{mfa.Factor{UserID: c.Actor.UserID}, c.Actor.UserDomainID}, nil
}

// of is a user's factor with what the rules need to know of the user.
func (h credentials) of(c *httpapi.Call, f mfa.Factor) (credential, error) {
	u, err := h.Identity.User(c.Context(), f.UserID)
	return credential{f, u.DomainID}, err
}

// draft is the credential to be.
func (h credentials) draft(c *httpapi.Call) (credential, error) {
	var body credentialBody
	if err := c.Body("credential", &body); err != nil {
		return credential{}, err
	}
	return h.of(c, mfa.Factor{UserID: body.UserID.Or("")})
}

func (h credentials) find(c *httpapi.Call) (credential, error) {
	id, err := c.ID("credential_id")
	if err != nil {
		return credential{}, err
	}
	f, err := h.MFA.Credential(c.Context(), id)
	if err != nil {
		return credential{}, err
	}
	return h.of(c, f)
}

// list shows all credentials to those who may see everybody's, and to others their own.
func (h credentials) list(c *httpapi.Call, _ credential) (httpapi.Reply, error) {
	q, err := c.List("user_id", "type")
	if err != nil {
		return httpapi.Reply{}, err
	}
	everybody := credential{Factor: mfa.Factor{UserID: "somebody-else"}}
	if !c.Can(policy.GetCredential, everybody) {
		q = q.With("user_id", c.Actor.UserID)
	}
	page, err := h.MFA.Credentials(c.Context(), q)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "credentials", page, func(f mfa.Factor) string { return f.ID },
		func(f mfa.Factor) credentialView { return viewCredential(c, f) }), nil
}

func (h credentials) create(c *httpapi.Call, x credential) (httpapi.Reply, error) {
	var body credentialBody
	if err := c.Body("credential", &body); err != nil {
		return httpapi.Reply{}, err
	}
	if !isTOTP(body.Type.Or("")) {
		return httpapi.Reply{}, fault.New(fault.BadRequest, "Invalid input for field 'credential/type': only credentials of type totp are kept.")
	}
	if _, has := body.ProjectID.Get(); has {
		return httpapi.Reply{}, fault.New(fault.BadRequest, "Invalid input for field 'credential/project_id': a credential of type totp belongs to no project.")
	}
	f, err := h.MFA.Import(c.Context(), x.UserID, "credential", body.Blob.Or(""))
	if err != nil {
		return httpapi.Reply{}, err
	}
	v := viewCredential(c, f)
	v.Blob = body.Blob.Or("")
	return httpapi.Created("credential", v), nil
}

// isTOTP compares a type as Keystone's clients write it; no other spelling gets round the rules on totp.
func isTOTP(s string) bool { return strings.EqualFold(strings.TrimSpace(s), string(mfa.TOTP)) }

func (h credentials) show(c *httpapi.Call, x credential) (httpapi.Reply, error) {
	return httpapi.Show("credential", viewCredential(c, x.Factor)), nil
}

// update replaces the seed. Whose credential it is and of which type never changes. As with remove, the owner's
// sessions end when somebody else does it.
func (h credentials) update(c *httpapi.Call, x credential) (httpapi.Reply, error) {
	var body credentialBody
	if err := c.Body("credential", &body); err != nil {
		return httpapi.Reply{}, err
	}
	if _, has := body.ProjectID.Get(); has || body.UserID.Or(x.UserID) != x.UserID || !isTOTP(body.Type.Or("totp")) {
		return httpapi.Reply{}, fault.New(fault.BadRequest, "The user, the project and the type of a credential cannot be changed.")
	}
	if seed, has := body.Blob.Get(); has {
		if err := h.MFA.Reseed(c.Context(), x.Factor, seed); err != nil {
			return httpapi.Reply{}, err
		}
		if x.UserID != c.Actor.UserID {
			if err := h.Identity.EndSessions(c.Context(), x.UserID); err != nil {
				return httpapi.Reply{}, err
			}
		}
	}
	return httpapi.Show("credential", viewCredential(c, x.Factor)), nil
}

// remove deletes the factor. When somebody else than its owner does, the owner's sessions end: whoever holds
// one may be the reason.
func (h credentials) remove(c *httpapi.Call, x credential) (httpapi.Reply, error) {
	if x.UserID != c.Actor.UserID {
		if err := h.Identity.EndSessions(c.Context(), x.UserID); err != nil {
			return httpapi.Reply{}, err
		}
	}
	return httpapi.NoContent(), h.MFA.Remove(c.Context(), x.UserID, x.ID)
}
