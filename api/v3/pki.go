package v3

import (
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/httpapi"
)

// pki answers the paths of Keystone's PKI tokens as Keystone does since it dropped them, so that clients that still
// ask learn what to make of it.
type pki struct{}

func (h pki) ops() []httpapi.Op {
	const why = "it tells the same to everybody: that there is nothing"
	return []httpapi.Op{
		httpapi.Public("GET /v3/OS-SIMPLE-CERT/ca", why, h.gone),
		httpapi.Public("GET /v3/OS-SIMPLE-CERT/certificates", why, h.gone),
		httpapi.Public("GET /v3/auth/tokens/OS-PKI/revoked", why, h.noList),
	}
}

func (pki) gone(*httpapi.Call) (httpapi.Reply, error) {
	return httpapi.Reply{}, fault.New(fault.Gone, "There are no PKI certificates: tokens are checked by asking, or with the keys of /v3/auth/jwks.")
}

func (pki) noList(*httpapi.Call) (httpapi.Reply, error) {
	return httpapi.Reply{}, fault.New(fault.Forbidden, "There is no signed list of revoked tokens: tokens are checked by asking.")
}
