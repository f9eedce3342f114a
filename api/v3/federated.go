package v3

import (
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
)

// federatedView is what one identity provider knows a user as, on the wire.
type federatedView struct {
	IdPID     string                  `json:"idp_id"`
	Protocols []federatedProtocolView `json:"protocols"`
}

type federatedProtocolView struct {
	ProtocolID string `json:"protocol_id"`
	UniqueID   string `json:"unique_id"`
}

// identities are those that a body names.
func identities(views []federatedView) []identity.FederatedIdentity {
	var all []identity.FederatedIdentity
	for _, v := range views {
		for _, p := range v.Protocols {
			all = append(all, identity.FederatedIdentity{IdPID: v.IdPID, ProtocolID: p.ProtocolID, UniqueID: p.UniqueID})
		}
	}
	return all
}

// federated is what identity providers know a user as, each provider once; nil for nothing.
func (h users) federated(c *httpapi.Call, userID string) ([]federatedView, error) {
	all, err := h.Identity.Federated(c.Context(), userID)
	if err != nil {
		return nil, err
	}
	var views []federatedView
	for _, f := range all { // in the order of identity providers
		if n := len(views); n == 0 || views[n-1].IdPID != f.IdPID {
			views = append(views, federatedView{IdPID: f.IdPID})
		}
		v := &views[len(views)-1]
		v.Protocols = append(v.Protocols, federatedProtocolView{f.ProtocolID, f.UniqueID})
	}
	return views, nil
}
