package server

import (
	"context"
	"fmt"
	"os"
	"time"

	identitydoc "github.com/keyward/identity"
	"github.com/keyward/identity/api/discovery"
	v2 "github.com/keyward/identity/api/v2"
	v3 "github.com/keyward/identity/api/v3"
	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/bootstrap"
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/clientcert"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/contract"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/domainconfig"
	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/ec2"
	"github.com/keyward/identity/internal/facts"
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/httpapi"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/limit"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/password"
	"github.com/keyward/identity/internal/phone"
	"github.com/keyward/identity/internal/policy"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/risk"
	"github.com/keyward/identity/internal/session"
	"github.com/keyward/identity/internal/store"
	"github.com/keyward/identity/internal/throttle"
	"github.com/keyward/identity/internal/trust"
)

// parts are what New needs after the services are made.
type parts struct {
	vault    *auth.Vault
	follower *facts.Follower
	sessions *session.Service
}

// assemble makes the services and the routes.
func (s *Server) assemble() (*parts, error) {
	cfg, now, id := s.cfg, s.deps.Now, s.deps.NewID
	engine, err := Policy(cfg)
	if err != nil {
		return nil, err
	}
	doc, err := contract.Own()
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	vault, err := newVault(cfg, s.keys)
	if err != nil {
		return nil, err
	}
	// The clock of facts must move on by itself, also in tests.
	f := facts.New(s.store, cfg.Cache.Size, time.Now).WithPublicURL(cfg.PublicURL).
		HidingUnfiltered(!cfg.EndpointFilter.ReturnAllEndpointsIfNoFilter)
	s.store.OnCommit(f.Apply)
	s.store.OnCommit(s.keys.heard)
	follower := facts.NewFollower(f, s.deps.Stream(s.store), s.deps.Log, time.Now, s.keys.heard)

	demands, err := compliance(cfg.Compliance)
	if err != nil {
		return nil, err
	}
	sessions := session.NewService(s.store, sessionOptions(cfg), now)
	if s.notices, err = s.newNotices(); err != nil {
		return nil, err
	}
	if err := s.openPlaces(); err != nil {
		return nil, err
	}
	attempts := auth.NewAttempts(s.store, lockout(cfg), now)
	gateways, err := phone.NewDispatcher(cfg.Phones.GatewaysFile, cfg.Phones.GatewayTimeout, s.deps.Log, now, time.Now)
	if err != nil {
		return nil, fmt.Errorf("phones.gateways_file: %w", err)
	}
	factors := mfa.NewService(s.store, s.keys.ring, attempts, mfaOptions(cfg), now, id).WithPhones(gateways, phoneOptions(cfg))
	devices, known := s.newDevices(f, factors)
	gate := auth.NewService(auth.Parts{
		Store: s.store, Facts: f, Signer: s.keys.signer.Load(), Vault: vault, Factors: factors, Attempts: attempts, Sessions: sessions,
		Devices: known, Places: s.places,
		Passwords:  password.Policy{MinLength: cfg.Password.MinLength, Forbidden: []string{cfg.MFA.Issuer}},
		Compliance: demands, Options: authOptions(cfg), Now: now, Floor: auth.Floor(cfg.Lockout.FailureFloor, time.Now),
	})
	roles := assignment.NewService(s.store, id)
	services := v3.Services{
		Auth: gate, MFA: factors, Gateways: gateways, Facts: f, Sessions: sessions, Devices: devices, Places: s.places, Notices: s.notices,
		Identity:   identity.NewService(s.store, vault, s.store, gate, auth.Methods, now, id).WithCompliance(demands),
		Resource:   resource.NewService(s.store, limits(cfg), id),
		Assignment: roles,
		Credential: credential.NewService(s.store, s.keys.ring, roles, gate, cfg.Credential.UserLimit, id),
		AppCredential: appcred.NewService(s.store, vault, roles, appcred.Options{
			UserLimit: cfg.AppCredential.UserLimit, MinSecret: cfg.AppCredential.SecretMinLength,
		}, now, id),
		Trust:   trust.NewService(s.store, f, cfg.Trust.MaxRedelegationCount, now, id),
		Catalog: catalog.NewRegistry(s.store, id),
		DomainConfig: domainconfig.NewService(s.store, s.keys.ring, domainconfig.Compliance{
			PasswordRegex: textOrNull(cfg.Compliance.Regex), PasswordRegexDescription: textOrNull(cfg.Compliance.RegexDescription),
		}),
		Limit: limit.NewService(s.store, limit.Model(cfg.UnifiedLimit.EnforcementModel), id),
	}
	services.OAuth = oauth.NewService(s.store, f, s.keys.ring, oauth.Options{
		RequestTokens: cfg.OAuth1.RequestTokenDuration, AccessTokens: cfg.OAuth1.AccessTokenDuration,
	}, now, id)
	services.Duty = duty.NewService(s.store, f, now, id)
	services.EC2 = ec2.NewService(services.Credential, gate, now)
	services.Federation = federation.NewService(s.store, services.Resource, id)
	services.Certificate = clientcert.NewService(services.Federation, gate, cfg.OAuth2.CertDNMappingID, now)
	if err := s.serve(services, engine, doc); err != nil {
		return nil, err
	}
	return &parts{vault: vault, follower: follower, sessions: sessions}, nil
}

// serve makes the routes to the services.
func (s *Server) serve(services v3.Services, engine *policy.Engine, doc *contract.Contract) error {
	cfg, gate := s.cfg, services.Auth
	s.audit = &audit{append: s.store.Append, log: s.deps.Log, rate: throttle.New(auditPerSecond, time.Now)}
	s.api = &httpapi.API{
		BaseURL: cfg.PublicURL, Auth: gate, Receipts: gate, StepUp: v3.StepUp{Auth: gate}, Policy: engine, Contract: doc,
		Log: s.deps.Log, Now: s.deps.Now, Timeout: cfg.RequestTimeout,
		Certificate: clientCertificate(cfg.OAuth2.ClientCertificateHeader, cfg.TrustedProxies),
		Audit:       s.audit.record, Refusals: throttle.New(cfg.Log.RefusalsPerSecond, s.deps.Now),
	}
	s.ops = append(v3.Ops(services), v2.Ops(v2.Services{
		Auth: gate, Identity: services.Identity, Resource: services.Resource, Assignment: services.Assignment,
		Catalog: services.Catalog, Facts: services.Facts, Credential: services.Credential, EC2: services.EC2,
	})...)
	s.ops = append(discovery.Ops(discovery.Server{
		Ready: s.ready, JWKS: s.keys.JWKS, Contract: identitydoc.OpenAPI, Contact: cfg.Security.Contact, Paths: paths(s.ops),
	}), s.ops...)
	if err := demandFresh(s.ops, cfg); err != nil {
		return err
	}
	var err error
	s.echo, err = newEcho(s.api, s.ops, cfg.TrustedProxies)
	return err
}

func sessionOptions(cfg config.Config) session.Options {
	return session.Options{Idle: cfg.Sessions.Idle, Keep: cfg.Token.AllowExpiredWindow + time.Minute, Remember: cfg.Cache.Size}
}

// openPlaces opens the operator's file of places, if there is one.
func (s *Server) openPlaces() error {
	if s.cfg.Sessions.GeoIPFile == "" {
		return nil
	}
	var err error
	if s.places, err = session.OpenPlaces(s.cfg.Sessions.GeoIPFile); err != nil {
		err = fmt.Errorf("sessions.geoip_file: %w", err)
	}
	return err
}

// Policy makes the engine from the rules and the operator's policy.yaml, if there is one.
func Policy(cfg config.Config) (*policy.Engine, error) {
	var overrides []byte
	if cfg.Policy.File != "" {
		var err error
		if overrides, err = os.ReadFile(cfg.Policy.File); err != nil {
			return nil, fmt.Errorf("policy.file: %w", err)
		}
	}
	engine, err := policy.New(overrides)
	if err == nil && cfg.Policy.ConfineDomainTokens {
		engine.Confine()
	}
	return engine, err
}

// maxDepth is how deep projects may nest: less than configured where the model of limits demands it.
func maxDepth(cfg config.Config) int {
	if limit.Model(cfg.UnifiedLimit.EnforcementModel) == limit.StrictTwoLevel {
		return min(cfg.MaxProjectDepth, limit.StrictDepth)
	}
	return cfg.MaxProjectDepth
}

func newVault(cfg config.Config, keys *Keys) (*auth.Vault, error) {
	p := cfg.Password
	hasher, err := password.NewHasher(password.Params{MemoryKiB: uint32(p.MemoryKiB), Passes: uint32(p.Passes), Lanes: 1})
	if err != nil {
		return nil, err
	}
	return auth.NewVault(password.NewPool(p.Slots, p.Queue, p.Wait), hasher, keys.ring), nil
}

func lockout(c config.Config) auth.Lockout {
	l := c.Lockout
	return auth.Lockout{
		PasswordTries: l.PasswordAttempts, PasswordTriesAnywhere: l.PasswordAttemptsAnywhere, CodeTries: l.CodeAttempts,
		Rest: l.Duration, MaxRest: l.MaxDuration,
	}
}

func limits(c config.Config) resource.Limits {
	return resource.Limits{
		MaxDepth: maxDepth(c), SafeProjects: c.Resource.ProjectNameURLSafe != config.URLSafeOff,
		SafeDomains: c.Resource.DomainNameURLSafe != config.URLSafeOff,
	}
}

func authOptions(c config.Config) auth.Options {
	return auth.Options{
		TokenTTL: c.Token.TTL, ReceiptTTL: c.Receipt.TTL, AllowExpiredWindow: c.Token.AllowExpiredWindow,
		RescopeScoped: c.Token.RescopeScoped, Lockout: passwordLockout(c), Remember: c.Cache.Size,
		SafeProjects: c.Resource.ProjectNameURLSafe == config.URLSafeStrict, SafeDomains: c.Resource.DomainNameURLSafe == config.URLSafeStrict,
		Report: report(c.Compliance),
		StepUp: auth.StepUp{
			Window: c.StepUp.Window, PerSession: c.StepUp.Policy == config.StepUpSession, AtAction: c.StepUp.At == config.AtAction,
		},
		Phones: auth.PhoneTrust{
			StepUp: c.Phones.Satisfies == config.PhonesEverything, ForbiddenRoles: c.Phones.ForbiddenRoles,
		},
		Risk: risk.Options{
			Enabled: c.Risk.Enabled, Notify: c.Risk.Notify, Challenge: c.Risk.Challenge, Refuse: c.Risk.Refuse, Learning: c.Risk.Learning, Keep: c.Risk.Retention,
		},
		Spray: auth.Spray{Accounts: c.Lockout.AddressAccounts, Window: c.Lockout.AddressWindow},
	}
}

func mfaOptions(c config.Config) mfa.Options {
	m := c.MFA
	return mfa.Options{
		Issuer: m.Issuer, Digits: m.Digits, Period: m.Period, Algorithm: m.Algorithm, StepsBehind: m.StepsBehind,
		StepsAhead: m.StepsAhead, RecoveryCodes: m.RecoveryCodes, PendingFor: m.PendingTTL, ResetCoolDown: m.ResetCoolDown,
	}
}

func phoneOptions(c config.Config) mfa.PhoneOptions {
	p := c.Phones
	return mfa.PhoneOptions{
		First: c.MFA.SMSFirst, CodeTTL: p.CodeTTL, Resend: p.ResendAfter, MaxResend: p.ResendMax, Tries: p.CodeAttempts,
		PerUser: p.PerUser, PerNumber: p.PerNumber, PerCountry: p.PerCountry, PerNetwork: p.PerNetwork,
		DailyBudget: p.DailyBudget, SMSCost: p.SMSCost, VoiceCost: p.VoiceCost, Countries: p.Countries, Text: p.Text, Spoken: p.Spoken,
	}
}

func paths(ops []httpapi.Op) []string {
	all := make([]string, 0, len(ops))
	for _, op := range ops {
		all = append(all, op.Path)
	}
	return all
}

func runBootstrap(ctx context.Context, st *store.Store, vault *auth.Vault, cfg config.Config, deps Deps) (bootstrap.Result, error) {
	return bootstrap.Run(ctx, bootstrap.Deps{Store: st, Hasher: vault, Now: deps.Now, NewID: deps.NewID}, bootstrap.Config{
		Password: cfg.Bootstrap.Password.Reveal(), User: cfg.Bootstrap.User, Project: cfg.Bootstrap.Project,
		Region: cfg.Bootstrap.Region, PublicURL: cfg.PublicURL,
	})
}

// Bootstrap makes what is missing of the first domain, project, user, roles and catalog, for the command.
func Bootstrap(ctx context.Context, cfg config.Config, deps Deps) (bootstrap.Result, error) {
	k, err := OpenKeys(ctx, cfg, deps)
	if err != nil {
		return bootstrap.Result{}, err
	}
	defer func() { _ = k.Close() }()
	vault, err := newVault(cfg, k)
	if err != nil {
		return bootstrap.Result{}, err
	}
	return runBootstrap(ctx, k.store, vault, cfg, k.deps)
}

// Migrate brings the database up to date, for the command.
func Migrate(ctx context.Context, cfg config.Config, deps Deps) error {
	st, err := openStore(ctx, cfg, deps.complete())
	if err != nil {
		return err
	}
	return st.Close()
}
