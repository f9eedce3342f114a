package notify

import (
	"time"

	"github.com/keyward/identity/internal/event"
)

// Kind is what a notice tells of. It names the template.
type Kind string

// The kinds of notices.
const (
	FactorAdded      Kind = "factor_added"
	FactorReplaced   Kind = "factor_replaced" // its secret is another one
	FactorRemoved    Kind = "factor_removed"
	FactorReset      Kind = "factor_reset" // by somebody else
	RecoveryUsed     Kind = "recovery_code_used"
	RecoveryFew      Kind = "recovery_codes_few" // a code was used, and few are left
	RecoveryRenewed  Kind = "recovery_codes_renewed"
	DeviceRemembered Kind = "device_remembered"
	PasswordChanged  Kind = "password_changed"
	MailChanged      Kind = "email_changed"
	WayInAdded       Kind = "identity_linked" // an identity provider's user signs in as the person
	CredentialMade   Kind = "credential_made" // application credential, EC2 key or access token
	TrustMade        Kind = "trust_made"
	LockedOut        Kind = "locked_out"
	UnusualSignIn    Kind = "unusual_sign_in"
	RefusedSignIn    Kind = "sign_in_refused"
)

// Kinds lists every kind.
var Kinds = []Kind{
	FactorAdded, FactorReplaced, FactorRemoved, FactorReset, RecoveryUsed, RecoveryFew, RecoveryRenewed, DeviceRemembered,
	PasswordChanged, MailChanged, WayInAdded, CredentialMade, TrustMade, LockedOut, UnusualSignIn, RefusedSignIn,
}

// Marks in the detail of events that say what a notice would tell.
const (
	// Locked marks the failure after which an authenticator rests for the first time.
	Locked = "locked"
	// Tell marks a sign-in that the person is to hear of.
	Tell = "notify"
	// WasActive marks the end of a factor that was in use; pending ones come and go untold.
	WasActive = "was_active"
	// Replaced marks the change of a factor that has another secret now.
	Replaced = "secret_replaced"
	// First marks the first password of a new account, which is no change.
	First = "first"
	// Mailed marks the change of an account that has another mail address now.
	Mailed = "email_changed"
	// Linked is how many identities of providers an account has from now on.
	Linked = "linked"
)

// Few is how many recovery codes are few.
const Few = 1

// told says which notice the events of an action make. Nobody is told of other actions.
var told = map[string]func(event.Event) Kind{
	"factor.confirm":                always(FactorAdded),
	"factor.update":                 marked(Replaced, FactorReplaced),
	"factor.delete":                 ofRemoval,
	"mfa.reset":                     always(FactorReset),
	"recovery_code.use":             ofRecovery,
	"recovery_codes.create":         always(RecoveryRenewed),
	"device.create":                 always(DeviceRemembered),
	"password.set":                  ofPassword,
	"password.delete":               always(PasswordChanged),
	"user.update":                   marked(Mailed, MailChanged),
	"user.federate":                 ofLink,
	"application_credential.create": always(CredentialMade),
	"access_token.create":           always(CredentialMade),
	"credential.create":             ofCredential,
	"credential.update":             ofCredential,
	"trust.create":                  always(TrustMade),
	"token.issue":                   marked(Tell, UnusualSignIn),
	"token.refuse":                  ofRefusal,
}

// Of tells which notice an event makes, empty for none, and to whom it goes.
func Of(ev event.Event) (kind Kind, userID string) {
	if of := told[ev.Action]; of != nil && ev.UserID != "" {
		kind = of(ev)
	}
	return kind, ev.UserID
}

func always(k Kind) func(event.Event) Kind { return func(event.Event) Kind { return k } }

// marked is for actions that are told of when their detail says so.
func marked(mark string, k Kind) func(event.Event) Kind {
	return func(ev event.Event) Kind { return when(ev.Detail[mark] == true, k) }
}

func when(yes bool, k Kind) Kind {
	if yes {
		return k
	}
	return ""
}

func ofRemoval(ev event.Event) Kind {
	switch {
	case ev.Detail[WasActive] != true:
		return ""
	case ev.ActorID != "" && ev.ActorID != ev.UserID:
		return FactorReset
	}
	return FactorRemoved
}

func ofRecovery(ev event.Event) Kind {
	if left, ok := ev.Detail["remaining"].(int); ok && left <= Few {
		return RecoveryFew
	}
	return RecoveryUsed
}

func ofPassword(ev event.Event) Kind { return when(ev.Detail[First] != true, PasswordChanged) }

func ofCredential(ev event.Event) Kind { return when(ev.Detail["type"] == "ec2", CredentialMade) }

func ofLink(ev event.Event) Kind {
	n, _ := ev.Detail[Linked].(int)
	return when(n > 0 && ev.Detail[First] != true, WayInAdded)
}

func ofRefusal(ev event.Event) Kind {
	if ev.Detail["cause"] == "risk_refused" {
		return RefusedSignIn
	}
	return when(ev.Detail[Locked] == true || ev.Detail["cause"] == "code_locked", LockedOut)
}

// Throttle is how long after a notice of a kind no other of it follows for the same person; zero for no bound.
// Strangers cause these, and could fill a mailbox with them.
func (k Kind) Throttle() time.Duration {
	if k == LockedOut || k == RefusedSignIn {
		return time.Hour
	}
	return 0
}
