// Package notify tells people what happened to their accounts: by mail, by a webhook of the operator, or in the log.
// It owns which events are told, the words, the channels and the delivery; not the events themselves, which the
// stream has, nor who may sign in, which is the gate's. It knows neither SQL nor the API.
//
// A notice is written in the transaction of the event that it tells of, so that none is lost and none tells of what
// never happened; to the many events that nobody is told of this costs a look at their name. It is delivered
// afterwards by a worker of one node at a time, at least once, always with the same id.
package notify

import (
	"context"
	"errors"
	"time"

	"github.com/keyward/identity/internal/event"
)

// Kind is what a notice tells of. It names the template.
type Kind string

// The kinds of notices.
const (
	FactorAdded     Kind = "factor_added"
	FactorRemoved   Kind = "factor_removed"
	FactorReset     Kind = "factor_reset" // by somebody else
	RecoveryUsed    Kind = "recovery_code_used"
	RecoveryFew     Kind = "recovery_codes_few" // a code was used, and few are left
	RecoveryRenewed Kind = "recovery_codes_renewed"
	PasswordChanged Kind = "password_changed"
	CredentialMade  Kind = "credential_made" // application credential, EC2 key or access token
	TrustMade       Kind = "trust_made"
	LockedOut       Kind = "locked_out"
	UnusualSignIn   Kind = "unusual_sign_in"
	RefusedSignIn   Kind = "sign_in_refused"
)

// Kinds lists every kind.
var Kinds = []Kind{
	FactorAdded, FactorRemoved, FactorReset, RecoveryUsed, RecoveryFew, RecoveryRenewed, PasswordChanged, CredentialMade,
	TrustMade, LockedOut, UnusualSignIn, RefusedSignIn,
}

// Marks in the detail of events that say what a notice would tell.
const (
	// Locked marks the failure after which an authenticator rests for the first time.
	Locked = "locked"
	// Tell marks a sign-in that the person is to hear of.
	Tell = "notify"
	// WasActive marks the end of a factor that was in use; pending ones come and go untold.
	WasActive = "was_active"
	// First marks the first password of a new account, which is no change.
	First = "first"
)

// Few is how many recovery codes are few.
const Few = 1

// Of tells which notice an event makes, empty for none, and to whom it goes.
func Of(ev event.Event) (kind Kind, userID string) {
	userID = ev.UserID
	switch ev.Action {
	case "factor.confirm", "phone.confirm":
		kind = FactorAdded
	case "factor.delete", "phone.delete":
		if ev.Detail[WasActive] == true {
			kind = FactorRemoved
			if ev.ActorID != "" && ev.ActorID != ev.UserID {
				kind = FactorReset
			}
		}
	case "recovery_code.use":
		kind = RecoveryUsed
		if left, ok := ev.Detail["remaining"].(int); ok && left <= Few {
			kind = RecoveryFew
		}
	case "recovery_codes.create":
		kind = RecoveryRenewed
	case "password.set":
		if ev.Detail[First] != true {
			kind = PasswordChanged
		}
	case "application_credential.create", "access_token.create":
		kind = CredentialMade
	case "credential.create":
		if ev.Detail["type"] == "ec2" {
			kind = CredentialMade
		}
	case "trust.create":
		kind = TrustMade
	case "token.issue":
		if ev.Detail[Tell] == true {
			kind = UnusualSignIn
		}
	case "token.refuse":
		switch {
		case ev.Detail["cause"] == "risk_refused":
			kind = RefusedSignIn
		case ev.Detail[Locked] == true, ev.Detail["cause"] == "code_locked":
			kind = LockedOut
		}
	}
	if userID == "" {
		kind = ""
	}
	return kind, userID
}

// Throttle is how long after a notice of a kind no other of it follows for the same person; zero for no bound.
// Strangers cause these, and could fill a mailbox with them.
func (k Kind) Throttle() time.Duration {
	if k == LockedOut || k == RefusedSignIn {
		return time.Hour
	}
	return 0
}

// Notice is one thing that one person is told.
type Notice struct {
	// ID is the same on every channel and at every try.
	ID     string
	Kind   Kind
	UserID string
	// EventID is the event that it tells of.
	EventID int64
	At      time.Time
	// DisownedAt is when the person said that it was somebody else; nil for not.
	DisownedAt *time.Time
}

// Delivery is a notice on its way through one channel.
type Delivery struct {
	Notice
	// Seq orders the deliveries of a channel.
	Seq int64
	// Attempts counts the tries, this one included.
	Attempts int
}

// Message is a notice in words, ready for a channel.
type Message struct {
	Notice
	// Subject is one line; Text has lines that end in \n.
	Subject, Text string
	Person        Person
	// Facts are what happened.
	Facts Facts
}

// Person is who is told.
type Person struct{ ID, DomainID, Name, Mail, Language string }

// Facts are what templates and webhooks know of what happened. No secret is among them but Token, with which
// the notice can be disowned once.
type Facts struct {
	Action    string    `json:"action"`
	At        time.Time `json:"at"`
	Address   string    `json:"address"`
	UserAgent string    `json:"user_agent"`
	RequestID string    `json:"request_id"`
	// Reasons are why a sign-in was unusual.
	Reasons []string `json:"reasons,omitempty"`
	// Remaining is how many recovery codes are left; nil when that is not what the notice is about.
	Remaining *int `json:"remaining,omitempty"`
	// Token disowns the notice; empty when it cannot be disowned, and in the log.
	Token string `json:"disown_token,omitempty"`
	// Link is the operator's page for that, with the token in its fragment; empty when there is none.
	Link string `json:"disown_link,omitempty"`
}

// Channel is a way to tell people. It is called by one worker at a time.
type Channel interface {
	// Name is what the channel is called in the database.
	Name() string
	// Send hands a message over. It fails with ErrNobody when the person cannot be reached this way, which is final;
	// every other failure is tried again. Its error tells nothing that the other side chose.
	Send(ctx context.Context, m Message) error
}

// ErrNobody is for people whom a channel does not reach, such as those without an address.
var ErrNobody = errors.New("nobody to tell")
