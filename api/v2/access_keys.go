package v2

import (
	"net/http"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/ec2"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
	"github.com/keyward/identity/internal/policy"
)

// accessKeys serves the access keys of the users of the default domain, and signing in with what they signed.
type accessKeys struct{ Services }

func (h accessKeys) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v2.0/users/{user_id}/credentials/OS-EC2", policy.EC2ListCredentials, h.owner, h.list),
		httpapi.On("POST /v2.0/users/{user_id}/credentials/OS-EC2", policy.EC2CreateCredential, h.owner, h.create).Fresh(auth.FreshFor),
		httpapi.On("GET /v2.0/users/{user_id}/credentials/OS-EC2/{credential_id}", policy.EC2GetCredential, h.find, h.show),
		httpapi.On("DELETE /v2.0/users/{user_id}/credentials/OS-EC2/{credential_id}", policy.EC2DeleteCredential, h.find, h.remove).Fresh(auth.FreshFor),
		httpapi.On("POST /v2.0/ec2tokens", policy.EC2TokensValidate, httpapi.NoTarget, h.signIn),
		httpapi.On("POST /v2.0/s3tokens", policy.S3TokensValidate, httpapi.NoTarget, h.signInS3),
	}
}

// keyOwner is the user in the path.
type keyOwner struct{ id string }

func (o keyOwner) PolicyAttrs() policy.Attrs {
	return policy.Attrs{"target.user.id": policy.Is(o.id), "target.user.domain_id": policy.Is(auth.DefaultDomainID)}
}

// key is an access key of the user in the path.
type key struct{ credential.AccessKey }

// PolicyAttrs is all that a rule may know about it: it is a credential.
func (k key) PolicyAttrs() policy.Attrs {
	return policy.Attrs{
		"target.credential.user_id": policy.Is(k.UserID), "target.credential.project_id": policy.IsOrNull(k.ProjectID),
		"target.credential.type": policy.Is(credential.EC2),
		"target.user.id":         policy.Is(k.UserID), "target.user.domain_id": policy.Is(auth.DefaultDomainID),
	}
}

type keyView struct {
	Access    string  `json:"access"`
	Secret    string  `json:"secret"`
	UserID    string  `json:"user_id"`
	ProjectID string  `json:"tenant_id"`
	TrustID   *string `json:"trust_id"`
}

func viewKey(k credential.AccessKey) keyView {
	v := keyView{Access: k.Access, Secret: k.Secret, UserID: k.UserID, ProjectID: k.ProjectID}
	if k.TrustID != "" {
		v.TrustID = &k.TrustID
	}
	return v
}

// owner loads the user in the path. Those of other domains are not there.
func (h accessKeys) owner(c *httpapi.Call) (keyOwner, error) {
	missing := fault.New(fault.NotFound, "Could not find user.")
	id := c.Param("user_id")
	if !httpapi.IsID(id) {
		return keyOwner{}, missing
	}
	u, err := h.Facts.User(c.Context(), id)
	if fault.Is(err, fault.NotFound) || err == nil && u.DomainID != auth.DefaultDomainID {
		err = missing
	}
	if err != nil {
		return keyOwner{}, err
	}
	return keyOwner{u.ID}, nil
}

func (h accessKeys) find(c *httpapi.Call) (key, error) {
	owner, err := h.owner(c)
	if err != nil {
		return key{}, err
	}
	k, err := h.Credential.AccessKey(c.Context(), c.Param("credential_id"))
	if err == nil && k.UserID != owner.id {
		err = fault.New(fault.NotFound, "Could not find the access key.")
	}
	if err != nil {
		return key{}, err
	}
	return key{k}, nil
}

func (h accessKeys) list(c *httpapi.Call, o keyOwner) (httpapi.Reply, error) {
	if err := open(c, h.Auth, nil); err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Credential.AccessKeys(c.Context(), o.id, listing.Query{})
	if err != nil {
		return httpapi.Reply{}, err
	}
	views := make([]keyView, len(page.Items))
	for i, k := range page.Items {
		views[i] = viewKey(k)
	}
	return httpapi.JSON(http.StatusOK, map[string]any{"credentials": views}), nil
}

func (h accessKeys) create(c *httpapi.Call, o keyOwner) (httpapi.Reply, error) {
	if err := open(c, h.Auth, nil); err != nil {
		return httpapi.Reply{}, err
	}
	var project optional.Value[string]
	if err := c.Body("tenant_id", &project); err != nil {
		return httpapi.Reply{}, err
	}
	d := credential.Draft{UserID: optional.Of(o.id), ProjectID: project, ForAnother: o.id != c.Actor.UserID}
	if !d.ForAnother {
		d.By = credential.Proof{Methods: c.Actor.Methods, AuthTime: c.Actor.AuthTime}
	}
	k, err := h.Credential.CreateAccessKey(c.Context(), d)
	if err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.Show("credential", viewKey(k)), nil
}

func (h accessKeys) show(c *httpapi.Call, k key) (httpapi.Reply, error) {
	return httpapi.Show("credential", viewKey(k.AccessKey)), open(c, h.Auth, nil)
}

func (h accessKeys) remove(c *httpapi.Call, k key) (httpapi.Reply, error) {
	if err := open(c, h.Auth, nil); err != nil {
		return httpapi.Reply{}, err
	}
	return httpapi.NoContent(), h.Credential.DeleteAccessKey(c.Context(), k.UserID, k.Access)
}

func (h accessKeys) signIn(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	if err := open(c, h.Auth, nil); err != nil {
		return httpapi.Reply{}, err
	}
	var r ec2.Request
	if err := c.BodyUnder(&r, ec2.Names...); err != nil {
		return httpapi.Reply{}, err
	}
	issued, err := h.EC2.SignIn(c.Context(), r, true)
	return h.give(c, issued, err)
}

func (h accessKeys) signInS3(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	if err := open(c, h.Auth, nil); err != nil {
		return httpapi.Reply{}, err
	}
	var r ec2.S3Request
	if err := c.BodyUnder(&r, ec2.Names...); err != nil {
		return httpapi.Reply{}, err
	}
	issued, err := h.EC2.SignInS3(c.Context(), r, true)
	return h.give(c, issued, err)
}

func (h accessKeys) give(c *httpapi.Call, issued auth.Issued, err error) (httpapi.Reply, error) {
	if err != nil {
		return httpapi.Reply{}, err
	}
	return tokens(h).access(c, issued.Token, issued.Text)
}
