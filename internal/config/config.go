// Package config reads an operator's choices: a file, environment variables and defaults, in one struct. It is
// all of viper in this program. It reports every problem at once, refuses what it does not know, and never
// shows a secret. What the choices mean is for the packages that receive them.
package config

import (
	"net/netip"
	"time"
)

// Config is everything an operator may choose. Load fills it; every field has the meaning that Settings tells.
type Config struct {
	Listen         string
	PublicURL      string
	DataDir        string
	TrustedProxies []netip.Prefix
	RequestTimeout time.Duration
	// MaxProjectDepth is how deep projects may nest below their domain.
	MaxProjectDepth int
	Resource        Resource
	Database        Database
	Keys            Keys
	Bootstrap       Bootstrap
	Token           Token
	Receipt         Receipt
	Lockout         Lockout
	MFA             MFA
	Notices         Notices
	Retention       Retention
	Sessions        Sessions
	StepUp          StepUp
	Devices         Devices
	Risk            Risk
	Phones          Phones
	Password        Password
	Compliance      Compliance
	Credential      Credential
	AppCredential   AppCredential
	OAuth1          OAuth1
	OAuth2          OAuth2
	Trust           Trust
	Cache           Cache
	UnifiedLimit    UnifiedLimit
	EndpointFilter  EndpointFilter
	Policy          Policy
	Security        Security
	Log             Log
}

// Resource is what domains and projects may be called.
type Resource struct {
	// ProjectNameURLSafe and DomainNameURLSafe are one of the constants URLSafe….
	ProjectNameURLSafe, DomainNameURLSafe string
}

// Keystone's choices for names with characters that mean something in a URL.
const (
	URLSafeOff    = "off"    // they are allowed
	URLSafeNew    = "new"    // nothing new is called so
	URLSafeStrict = "strict" // and nobody signs in to what is called so already
)

// Credential bounds what users keep in /v3/credentials.
type Credential struct {
	UserLimit int
}

// AppCredential bounds what users make of application credentials.
type AppCredential struct {
	UserLimit       int
	SecretMinLength int
}

// OAuth1 is how long the tokens of consumers live; zero is for ever.
type OAuth1 struct{ RequestTokenDuration, AccessTokenDuration time.Duration }

// OAuth2 is how clients show their certificates.
type OAuth2 struct {
	// ClientCertificateHeader is where trusted proxies write the certificate; empty when nobody signs in with one.
	ClientCertificateHeader string
	// CertDNMappingID names the mapping that makes a user of it.
	CertDNMappingID string
}

// Trust bounds trusts.
type Trust struct {
	// MaxRedelegationCount is how often a trust may be handed on; 0 forbids it.
	MaxRedelegationCount int
}

// Database says where the state lives.
type Database struct {
	URL            Secret // may hold a password
	MaxConnections int
}

// Keys says where the root key is and which signing keys are made.
type Keys struct {
	RootFile  string
	Algorithm string
}

// Bootstrap is what an empty database is filled with; nothing when Password is empty.
type Bootstrap struct {
	Password Secret
	Region   string
	User     string
	Project  string
}

// Token is how long sign-ins live.
type Token struct {
	TTL                time.Duration
	AllowExpiredWindow time.Duration
	RescopeScoped      bool
}

// Receipt is how long incomplete sign-ins live.
type Receipt struct{ TTL time.Duration }

// Lockout is how many wrong guesses are borne.
type Lockout struct {
	PasswordAttempts         int
	PasswordAttemptsAnywhere int
	CodeAttempts             int
	Duration, MaxDuration    time.Duration
	// AddressAccounts is how many accounts one client address may fail at within AddressWindow.
	AddressAccounts int
	AddressWindow   time.Duration
	// FailureFloor is what every refusal of a password or code takes at least.
	FailureFloor time.Duration
}

// Devices is on whose devices, and for how long, no second factor is asked for.
type Devices struct {
	Enabled bool
	Life    time.Duration
	Max     int
	// ForbiddenDomains are ids, ForbiddenRoles names.
	ForbiddenDomains, ForbiddenRoles []string
}

// Sessions is how long people's sign-ins may go unused, and where addresses are looked up.
type Sessions struct {
	// Idle is how long a session may go unseen; zero is for ever.
	Idle      time.Duration
	GeoIPFile string
}

// Risk is what follows of sign-ins that are unusual. The scores are zero for never.
type Risk struct {
	Enabled                   bool
	Notify, Challenge, Refuse int
	Learning                  int
	Retention                 time.Duration
}

// StepUp is when people prove themselves again, and for what.
type StepUp struct {
	// Policy is one of the constants StepUp…, At one of At….
	Policy, At string
	Window     time.Duration
	Operations []string
}

// How long a proof counts, and where second factors are asked for.
const (
	StepUpWindow  = "window"
	StepUpSession = "session"
	AtSignIn      = "sign_in"
	AtAction      = "action"
)

// Retention is how long what has happened is on record; zero is for ever.
type Retention struct{ Events, SignInFailures time.Duration }

// Notices is how people hear of what happened to their accounts: by the channels that are configured.
type Notices struct {
	Log                             bool
	Language, Templates             string
	LinkURL                         string
	LinkTTL, GiveUpAfter, Retention time.Duration
	MailHost                        string
	MailPort                        int
	MailTLS, MailUser, MailFrom     string
	MailPassword                    Secret
	WebhookURL, WebhookKey          Secret // a URL may hold a secret
	WebhookAllowed                  []netip.Prefix
}

// Any says whether a channel is configured.
func (n Notices) Any() bool { return n.Log || n.MailHost != "" || n.WebhookURL != "" }

// MFA is how second factors are made.
type MFA struct {
	Issuer                  string
	Digits, Period          int
	Algorithm               string
	StepsBehind, StepsAhead int
	RecoveryCodes           int
	PendingTTL              time.Duration
	ResetCoolDown           time.Duration
	SMSFirst                bool
}

// Phones is how codes get to phones, and what they are good for.
type Phones struct {
	GatewaysFile                               string
	GatewayTimeout                             time.Duration
	CodeTTL, ResendAfter, ResendMax            time.Duration
	CodeAttempts                               int
	PerUser, PerNumber, PerNetwork, PerCountry int
	DailyBudget, SMSCost, VoiceCost            int
	// Countries are codes of two letters, ForbiddenRoles names.
	Countries, ForbiddenRoles []string
	// Satisfies is one of the constants Phones….
	Satisfies    string
	Text, Spoken string
}

// What codes that were sent to a phone are good for.
const (
	PhonesSignIn     = "sign_in"
	PhonesEverything = "everything"
)

// Password is how passwords are judged and hashed, and how much of that may go on at once.
type Password struct {
	Slots, Queue      int
	Wait              time.Duration
	MinLength         int
	MemoryKiB, Passes int
}

// Compliance is Keystone's [security_compliance]; zero and empty demand nothing.
type Compliance struct {
	LockoutAttempts int
	LockoutDuration time.Duration
	InactiveDays    int
	ExpiresDays     int
	History         int
	MinimumAgeDays  int
	// Regex is matched by the dialect that Python and .NET share.
	Regex, RegexDescription string
	ChangeUponFirstUse      bool
	// ReportHash is empty or ReportEvent.
	ReportHash     string
	ReportKey      Secret
	ReportMaxChars int
}

// ReportEvent is the one place where digests of wrong passwords may go.
const ReportEvent = "event"

// Cache bounds what is remembered.
type Cache struct{ Size int }

// UnifiedLimit says how limits of domains and of their projects go together.
type UnifiedLimit struct{ EnforcementModel string }

// EndpointFilter is what projects see that are associated with no endpoint.
type EndpointFilter struct{ ReturnAllEndpointsIfNoFilter bool }

// Policy names an operator's policy.yaml, and says whether tokens of a domain are confined to it.
type Policy struct {
	File                string
	ConfineDomainTokens bool
}

// Security is whom to tell of a vulnerability.
type Security struct{ Contact string }

// Log is how the log is written.
type Log struct {
	Level, Format     string
	RefusalsPerSecond int
}

// Secret is text that is never printed. Reveal returns it.
type Secret string

// Reveal returns the text, for the one who needs it.
func (s Secret) Reveal() string { return string(s) }

// String hides the text.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the text from %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the text from encoders and loggers.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
