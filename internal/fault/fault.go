// Package fault is the error vocabulary of the whole server: a kind, a sentence that is safe to show to
// the caller, and optionally a machine-readable reason. It knows nothing of HTTP; internal/httpapi is the
// only bridge from kinds to statuses. An error that is not a fault is internal and is never shown.
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Kind says what sort of failure an error is.
type Kind int

// The kinds. The zero value is Internal, so that an error nobody classified stays private.
const (
	Internal Kind = iota
	BadRequest
	Unauthorized
	Forbidden
	NotFound
	MethodNotAllowed
	Conflict
	Gone
	TooLarge
	UnsupportedMediaType
	TooManyRequests
	NotImplemented
	Unavailable
)

// Error is a failure whose message may be shown to the caller.
type Error struct {
	// Kind decides the status of the answer.
	Kind Kind
	// Message is one or more plain sentences. It holds no secret, SQL, type or file name.
	Message string
	// Reason is the machine-readable cause (error.reason on the wire), empty where none may be told.
	Reason string
	// RetryAfter is how long the caller should wait before it tries again; zero means unknown.
	RetryAfter time.Duration

	cause error
}

// New makes a fault of the given kind with a formatted message.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Error returns the message followed by the private cause, if any. It is for logs, not for answers.
func (e *Error) Error() string {
	if e.cause != nil {
		return e.Message + ": " + e.cause.Error()
	}
	return e.Message
}

// Unwrap returns the private cause.
func (e *Error) Unwrap() error { return e.cause }

// Because returns a copy of e that carries a machine-readable reason.
func (e *Error) Because(reason string) *Error {
	c := *e
	c.Reason = reason
	return &c
}

// After returns a copy of e that tells the caller how long to wait.
func (e *Error) After(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}

// From returns a copy of e that remembers its private cause, for the log.
func (e *Error) From(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// KindOf returns the kind of the first fault in err's chain, and Internal when there is none.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Internal
}

// Is reports whether err is a fault of the given kind. A nil error is of no kind.
func Is(err error, kind Kind) bool {
	return err != nil && KindOf(err) == kind
}

// ReasonOf returns the machine-readable reason of the first fault in err's chain, or "".
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

// BadReference turns a NotFound of what a request's body named into a BadRequest: the body is wrong, not the
// path. Other errors stay what they are.
func BadReference(err error) error {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Kind != NotFound {
		return err
	}
	return New(BadRequest, "%s", e.Message).From(err)
}
