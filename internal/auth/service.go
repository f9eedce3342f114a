package auth

import (
	"context"
	"time"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/phone"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/risk"
	"github.com/keyward/identity/internal/session"
	"github.com/keyward/identity/internal/token"
	"github.com/keyward/identity/internal/trust"
)

// Store is what the gate reads and writes itself.
type Store interface {
	lookup
	counters
	// LockUser keeps the user as it is until the transaction ends.
	LockUser(ctx context.Context, userID string) error
	Password(ctx context.Context, userID string) (identity.Password, error)
	SetPassword(ctx context.Context, p identity.Password) error
	PasswordHistory(ctx context.Context, userID string, limit int) ([]identity.Password, error)
	ForgetPasswords(ctx context.Context, userID string, keep int) error
	// Active notes the day of a user's last sign-in. It appends no event.
	Active(ctx context.Context, userID string, day time.Time) error
	Rehash(ctx context.Context, userID, oldHash, newHash string) error
	// Revoke ends a session, RevokeOne one token of a session.
	Revoke(ctx context.Context, id string, expires time.Time) error
	RevokeOne(ctx context.Context, auditID string, expires time.Time) error
	// Revoking returns events that ended tokens, by their times, since one time and behind another and an id.
	Revoking(ctx context.Context, since, after time.Time, id int64, limit int) ([]event.Event, error)
	// Refusals returns the events that say why a request was refused, behind one of them.
	Refusals(ctx context.Context, requestID string, after int64, limit int) ([]event.Event, error)
	AppCredential(ctx context.Context, id string) (appcred.Credential, error)
	AppCredentialByName(ctx context.Context, userID, name string) (appcred.Credential, error)
	Trust(ctx context.Context, id string) (trust.Trust, error)
	// UseTrust takes one of the remaining uses and reports whether there was one.
	UseTrust(ctx context.Context, id string) (bool, error)
	UseReceipt(ctx context.Context, id string, expires time.Time) (bool, error)
	// ReceiptUsed reports whether a receipt has completed a sign-in.
	ReceiptUsed(ctx context.Context, id string) (bool, error)
	// BeginSession stores a person's new sign-in; ProveSession what was shown in it since. They append no event.
	BeginSession(ctx context.Context, x session.Session) error
	ProveSession(ctx context.Context, id string, methods []string) error
	// Profile is what is remembered of the user's sign-ins, KeepProfile keeps it for a time. It appends no event.
	Profile(ctx context.Context, userID string) (risk.Profile, error)
	KeepProfile(ctx context.Context, userID string, p risk.Profile, expires time.Time) error
	// BeginDuty notes that the user has fallen under requirements of a second factor.
	BeginDuty(ctx context.Context, userID string, requirementIDs []string, since time.Time) error
	Append(ctx context.Context, e event.Event) error
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
}

// Facts is what is true now (internal/facts).
type Facts interface {
	User(ctx context.Context, id string) (*identity.User, error)
	// Renewed is User, but for what is remembered.
	Renewed(ctx context.Context, id string) (*identity.User, error)
	Project(ctx context.Context, id string) (*resource.Project, error)
	Roles(ctx context.Context, userID string, on assignment.TargetKind, target *resource.Project) ([]*assignment.Role, error)
	Table(ctx context.Context) (*assignment.Table, error)
	AppCredential(ctx context.Context, id string) (*appcred.Credential, error)
	Trust(ctx context.Context, id string) (*trust.Trust, error)
	AccessToken(ctx context.Context, id string) (*oauth.AccessToken, error)
	HasFactor(ctx context.Context, userID string) (bool, error)
	// Duty is what an operator demands of the user's second factors.
	Duty(ctx context.Context, u *identity.User) (duty.Duty, error)
	// FactorKinds tells of which kinds the user's active second factors are.
	FactorKinds(ctx context.Context, userID string) (mfa.Kinds, error)
	Revoked(ctx context.Context, auditID, chainID string) (bool, error)
	// Version changes before anything that was true may be false; it means nothing unless trusted.
	Version() (version uint64, trusted bool)
}

// Sessions notes when people's sign-ins are in use (internal/session).
type Sessions interface {
	Began(id string, at time.Time)
	// Seen fails with Unauthorized for a session that was not used for too long.
	Seen(ctx context.Context, id string, at time.Time) error
}

// Signer makes and reads the texts of tokens and receipts (internal/token).
type Signer interface {
	Sign(c token.Claims) (string, error)
	Parse(text string, kind token.Kind) (token.Claims, error)
	// Generation changes with every replacement of the keys.
	Generation() uint64
}

// SecondFactors checks codes (internal/mfa).
type SecondFactors interface {
	Active(ctx context.Context, userID string) ([]mfa.Factor, error)
	Check(ctx context.Context, userID, code string) (mfa.Accepted, error)
	// CheckPhone is Check for codes that were sent to a phone only.
	CheckPhone(ctx context.Context, userID, code string) (mfa.Accepted, error)
	// Missed counts a wrong code against those that were sent.
	Missed(ctx context.Context, userID string) error
	Challenge(ctx context.Context, userID, phoneID string, channel phone.Channel) (mfa.Challenge, error)
	ChallengeOf(ctx context.Context, userID, id string) (mfa.Challenge, error)
}

// PasswordPolicy judges passwords that people choose for themselves (internal/password).
type PasswordPolicy interface {
	Check(password string, names ...string) error
}

// Options are an operator's choices.
type Options struct {
	// TokenTTL is how long a sign-in lives; continuing from its token never extends it.
	TokenTTL time.Duration
	// ReceiptTTL is how long an incomplete sign-in may be completed.
	ReceiptTTL time.Duration
	// AllowExpiredWindow is how long after its end a token may still be validated with allow_expired.
	AllowExpiredWindow time.Duration
	// Remember is how many tokens that were read are kept as they were; zero means none.
	Remember int
	// RescopeScoped allows continuing from a token that is already scoped, as Keystone does by default.
	RescopeScoped bool
	// SafeProjects and SafeDomains refuse scopes whose names cannot stand in a URL as they are, and users who
	// name such a domain as theirs.
	SafeProjects, SafeDomains bool
	StepUp                    StepUp
	Lockout                   Lockout
	Spray                     Spray
	// Report is what events tell of wrong passwords; nothing by default.
	Report Report
	// Phones says what codes that were sent to a phone are good for.
	Phones PhoneTrust
	// Risk says what follows of sign-ins that are unusual.
	Risk risk.Options
}

// StepUp is when people must prove themselves again for what is marked so.
type StepUp struct {
	// Window is how long a proof counts; zero means as long as the operation says.
	Window time.Duration
	// PerSession lets a proof count as long as the session that it was shown in.
	PerSession bool
	// AtAction asks people with a second factor for it at such operations only, and not at the sign-in, unless an
	// administrator's rule names it.
	AtAction bool
}

// Defaults are Keystone's.
var Defaults = Options{
	TokenTTL: time.Hour, ReceiptTTL: 5 * time.Minute, AllowExpiredWindow: 48 * time.Hour,
	Remember: 100_000, RescopeScoped: true, StepUp: StepUp{Window: FreshFor}, Lockout: DefaultLockout,
	Spray: Spray{Accounts: 100, Window: 10 * time.Minute}, Risk: risk.Defaults,
}

// Parts are what the service is made of.
type Parts struct {
	Store     Store
	Facts     Facts
	Signer    Signer
	Vault     *Vault
	Factors   SecondFactors
	Attempts  *Attempts
	Passwords PasswordPolicy
	// Devices may be nil: then none is remembered.
	Devices Devices
	// Sessions may be nil: then nobody notes when a session was seen.
	Sessions Sessions
	// Places tells where clients are; nil knows no place.
	Places *session.Places
	// Compliance is what else is demanded of accounts and passwords.
	Compliance identity.Compliance
	Options    Options
	Now        func() time.Time
	// Floor is called when a password or code comes in and returns what a refusal waits for, so that all
	// refusals take as long, whatever work they caused (see Floor). Nil waits for nothing.
	Floor func(ctx context.Context) (wait func())
}

// Floor returns a Parts.Floor that makes refusals take at least d by a real clock.
func Floor(d time.Duration, now func() time.Time) func(context.Context) func() {
	return func(ctx context.Context) func() {
		until := now().Add(d)
		return func() {
			timer := time.NewTimer(until.Sub(now()))
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
			}
		}
	}
}

// Service is the gate.
type Service struct {
	store    Store
	facts    Facts
	signer   Signer
	vault    *Vault
	factors  SecondFactors
	attempts *Attempts
	policy   PasswordPolicy
	sessions Sessions
	places   *session.Places
	devices  Devices
	demands  identity.Compliance
	o        Options
	now      func() time.Time
	floor    func(ctx context.Context) func()
	seen     *memory
	sprays   *sprays
}

// NewService makes the gate.
func NewService(p Parts) *Service {
	if p.Floor == nil {
		p.Floor = func(context.Context) func() { return func() {} }
	}
	return &Service{
		store: p.Store, facts: p.Facts, signer: p.Signer, vault: p.Vault, factors: p.Factors,
		attempts: p.Attempts, policy: p.Passwords, sessions: p.Sessions, places: p.Places, devices: p.Devices, demands: p.Compliance, o: p.Options, now: p.Now, floor: p.Floor,
		seen: newMemory(p.Options.Remember), sprays: newSprays(p.Options.Spray, p.Now),
	}
}
