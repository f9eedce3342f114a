// Package v3 is the OpenStack Identity v3 API and what we add to it: route tables, wire views and handlers,
// one file for each resource. It holds no rules of its own: services decide what may be, internal/policy who
// may do it, and internal/httpapi owns everything about HTTP.
package v3

import (
	"slices"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/clientcert"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/device"
	"github.com/keyward/identity/internal/domainconfig"
	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/ec2"
	"github.com/keyward/identity/internal/facts"
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/limit"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/notify"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/phone"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/session"
	"github.com/keyward/identity/internal/trust"
)

// Services are what the handlers call.
type Services struct {
	Auth          *auth.Service
	Identity      *identity.Service
	Resource      *resource.Service
	Assignment    *assignment.Service
	Catalog       *catalog.Registry
	Credential    *credential.Service
	AppCredential *appcred.Service
	Trust         *trust.Service
	MFA           *mfa.Service
	Notices       *notify.Service
	Sessions      *session.Service
	Devices       *device.Service
	Duty          *duty.Service
	Gateways      *phone.Dispatcher
	Facts         *facts.Facts
	DomainConfig  *domainconfig.Service
	Limit         *limit.Service
	Federation    *federation.Service
	OAuth         *oauth.Service
	EC2           *ec2.Service
	Certificate   *clientcert.Service
	// Places tells where addresses are; nil for nobody knows.
	Places *session.Places
}

// Ops lists every operation under /v3, in the order of openapi.yaml.
func Ops(s Services) []httpapi.Op {
	return slices.Concat(
		tokens{s}.ops(),
		phones{s}.challengeOps(),
		authReads{s}.ops(),
		pki{}.ops(),
		revocations{s}.ops(),
		domains{s}.ops(),
		domainConfig{s}.ops(),
		projects{s}.ops(),
		projectTags{s}.ops(),
		users{s}.ops(),
		groups{s}.ops(),
		roles{s}.ops(),
		impliedRoles{s}.ops(),
		grants{s}.ops(),
		roleAssignments{s}.ops(),
		regions{s}.ops(),
		services{s}.ops(),
		endpoints{s}.ops(),
		policies{s}.ops(),
		endpointPolicies{s}.ops(),
		registeredLimits{s}.ops(),
		limits{s}.ops(),
		endpointGroups{s}.ops(),
		endpointFilter{s}.ops(),
		credentials{s}.ops(),
		appCredentials{s}.ops(),
		accessRules{s}.ops(),
		accessKeys{s}.ops(),
		trusts{s}.ops(),
		factors{s}.ops(),
		duties{s}.ops(),
		notices{s}.ops(),
		sessions{s}.ops(),
		devices{s}.ops(),
		explain{s}.ops(),
		phones{s}.ops(),
		identityProviders{s}.ops(),
		protocols{s}.ops(),
		mappings{s}.ops(),
		serviceProviders{s}.ops(),
		oauth1{s}.ops(),
		oauth2{s}.ops(),
	)
}
