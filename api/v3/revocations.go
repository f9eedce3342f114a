package v3

import (
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/policy"
)

// revocations serves what ended tokens, for programs that keep what they learnt about them.
type revocations struct{ Services }

func (h revocations) ops() []httpapi.Op {
	return []httpapi.Op{
		httpapi.On("GET /v3/OS-REVOKE/events", policy.ListRevokeEvents, httpapi.NoTarget, h.list),
	}
}

// revocationView is a revocation on the wire: only what is set appears.
type revocationView struct {
	UserID        string       `json:"user_id,omitempty"`
	RoleID        string       `json:"role_id,omitempty"`
	DomainID      string       `json:"domain_id,omitempty"`
	DomainScopeID string       `json:"domain_scope_id,omitempty"`
	ProjectID     string       `json:"project_id,omitempty"`
	AuditID       string       `json:"audit_id,omitempty"`
	ChainID       string       `json:"audit_chain_id,omitempty"`
	TrustID       string       `json:"OS-TRUST:trust_id,omitempty"`
	IssuedBefore  httpapi.Time `json:"issued_before"`
	RevokedAt     httpapi.Time `json:"revoked_at"`
}

func viewRevocation(r auth.Revocation) revocationView {
	return revocationView{
		UserID: r.UserID, RoleID: r.RoleID, DomainID: r.DomainID, DomainScopeID: r.DomainScopeID, ProjectID: r.ProjectID,
		AuditID: r.AuditID, ChainID: r.ChainID, TrustID: r.TrustID, IssuedBefore: httpapi.Time(r.At), RevokedAt: httpapi.Time(r.At),
	}
}

func (h revocations) list(c *httpapi.Call, _ policy.None) (httpapi.Reply, error) {
	q, err := c.List()
	if err != nil {
		return httpapi.Reply{}, err
	}
	since, err := sinceOf(c)
	if err != nil {
		return httpapi.Reply{}, err
	}
	page, err := h.Auth.Revocations(c.Context(), since, q)
	return httpapi.Collection(c, "events", page, auth.Revocation.Marker, viewRevocation), err
}

// sinceOf reads the time from which on revocations are asked for; it may lack a zone and is UTC then.
func sinceOf(c *httpapi.Call) (time.Time, error) {
	text := c.Query().Get("since")
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	return time.Time{}, fault.New(fault.BadRequest, "Invalid input for query parameter 'since': it must be a time such as 2031-05-01T09:30:00Z.")
}
