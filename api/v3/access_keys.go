package v3

import (
	"net/http"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/ec2"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// accessKeys serves OS-EC2: users' access keys, which are credentials of type ec2, and signing in with what they
// signed.
type accessKeys struct{ Services }

func (h accessKeys) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/users/{user_id}/credentials/OS-EC2", policy.EC2ListCredentials, factors(h).owner, h.list),
		httpapi.On("POST /v3/users/{user_id}/credentials/OS-EC2", policy.EC2CreateCredential, factors(h).owner, h.create).Fresh(auth.FreshFor),
		httpapi.On("GET /v3/users/{user_id}/credentials/OS-EC2/{credential_id}", policy.EC2GetCredential, h.find, h.show),
		httpapi.On("DELETE /v3/users/{user_id}/credentials/OS-EC2/{credential_id}", policy.EC2DeleteCredential, h.find, h.remove).Fresh(auth.FreshFor),
		httpapi.On("POST /v3/ec2tokens", policy.EC2TokensValidate, httpapi.NoTarget, h.signIn),
		httpapi.On("POST /v3/s3tokens", policy.S3TokensValidate, httpapi.NoTarget, h.signInS3),
	}
}

// keyTarget is an access key as the rules see it: a credential.
type keyTarget struct {
	credential.AccessKey
	credentialTarget
}

// PolicyAttrs is all that a rule may know about an access key.
func (x keyTarget) PolicyAttrs() policy.Attrs { return x.credentialTarget.PolicyAttrs() }

type accessKeyView struct {
	Access    string  `json:"access"`
	Secret    string  `json:"secret"`
	UserID    string  `json:"user_id"`
	ProjectID string  `json:"tenant_id"`
	TrustID   *string `json:"trust_id"`
	Links     links   `json:"links"`
}

func (accessKeys) view(c *httpapi.Call, k credential.AccessKey) accessKeyView {
	return accessKeyView{
		Access: k.Access, Secret: k.Secret, UserID: k.UserID, ProjectID: k.ProjectID, TrustID: textOrNull(k.TrustID),
		Links: links{c.Link("v3", "users", k.UserID, "credentials", "OS-EC2", k.Access)},
	}
}

// find loads an access key of the user in the path. Its name may be longer than ids are.
func (h accessKeys) find(c *httpapi.Call) (keyTarget, error) {
	owner, err := factors(h).owner(c)
	if err != nil {
		return keyTarget{}, err
	}
	k, err := h.Credential.AccessKey(c.Context(), c.Param("credential_id"))
	if err == nil && k.UserID != owner.UserID {
		err = fault.New(fault.NotFound, "Could not find the access key.")
	}
	if err != nil {
		return keyTarget{}, err
	}
	x := credential.Credential{ID: k.ID(), UserID: k.UserID, ProjectID: k.ProjectID, Type: credential.EC2}
	return keyTarget{k, credentialTarget{x, owner.DomainID}}, nil
}

func (h accessKeys) list(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Credential.AccessKeys(c.Context(), u.UserID, q)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Collection(c, "credentials", page, credential.AccessKey.ID,
		func(k credential.AccessKey) accessKeyView { return h.view(c, k) }), nil
}

func (h accessKeys) create(c *httpapi.Call, u mfa.Owner) (httpapi.Reply, error) {
	var project optional.Value[string]
	if err := c.Body("tenant_id", &project); err != nil {
		return httpapi.Reply{}, err
	}
	d := credential.Draft{UserID: optional.Of(u.UserID), ProjectID: project, ForAnother: u.UserID != c.Actor.UserID}
	if !d.ForAnother {
		d.By = proofOf(c)
	}
	k, err := h.Credential.CreateAccessKey(c.Context(), d)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Created("credential", h.view(c, k)), nil
}

func (h accessKeys) show(c *httpapi.Call, x keyTarget) (httpapi.Reply, error) {
	return httpapi.Show("credential", h.view(c, x.AccessKey)), nil
}

func (h accessKeys) remove(c *httpapi.Call, x keyTarget) (httpapi.Reply, error) {
	return httpapi.NoContent(), h.Credential.DeleteAccessKey(c.Context(), x.UserID, x.Access)
}

func (h accessKeys) signIn(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var r ec2.Request
	if err := c.BodyUnder(&r, ec2.Names...); err != nil {
		return httpapi.Reply{}, err
	}
	issued, err := h.EC2.SignIn(c.Context(), r, false)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return tokens(h).reply(c, http.StatusOK, issued.Token, issued.Text)
}

// signInS3 tells who signed. The text of the token stays here, as in Keystone.
func (h accessKeys) signInS3(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	var r ec2.S3Request
	if err := c.BodyUnder(&r, ec2.Names...); err != nil {
		return httpapi.Reply{}, err
	}
	issued, err := h.EC2.SignInS3(c.Context(), r, false)
	if err != nil {
		return httpapi.Reply{}, err
	}
	reply, err := tokens(h).reply(c, http.StatusOK, issued.Token, issued.Text)
	reply.Header = nil
	return reply, err
}
