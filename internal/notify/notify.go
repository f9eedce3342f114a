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
)

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
	// Address is where it goes: the person's at the time of the event, or the one that the event took away. Empty for
	// channels that have no addresses.
	Address string
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
	Action  string    `json:"action"`
	At      time.Time `json:"at"`
	Address string    `json:"address"`
	// Program is what the User-Agent header was read as, such as "Firefox on Linux". The header itself is not told: whoever
	// sends it could fill it with what mail servers refuse, and so keep a notice from arriving.
	Program   string `json:"program"`
	RequestID string `json:"request_id"`
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
