package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/keyward/identity/internal/fault"
)

// statuses is the one bridge from the error vocabulary to HTTP.
var statuses = map[fault.Kind]int{
	fault.Internal:             http.StatusInternalServerError,
	fault.BadRequest:           http.StatusBadRequest,
	fault.Unauthorized:         http.StatusUnauthorized,
	fault.Forbidden:            http.StatusForbidden,
	fault.NotFound:             http.StatusNotFound,
	fault.MethodNotAllowed:     http.StatusMethodNotAllowed,
	fault.Conflict:             http.StatusConflict,
	fault.Gone:                 http.StatusGone,
	fault.TooLarge:             http.StatusRequestEntityTooLarge,
	fault.UnsupportedMediaType: http.StatusUnsupportedMediaType,
	fault.TooManyRequests:      http.StatusTooManyRequests,
	fault.NotImplemented:       http.StatusNotImplemented,
	fault.Unavailable:          http.StatusServiceUnavailable,
}

// errUnauthenticated is the one answer for a token that is missing, malformed, expired, revoked or forged.
var errUnauthenticated = fault.New(fault.Unauthorized, "The request you have made requires authentication.")

// errEnded is the answer when the request's time is up, or its client went away. The latter may still read it:
// net/http takes a client that has closed its sending side for gone.
var errEnded = fault.New(fault.Unavailable, "The request took too long. Please try again.")

// ended reports whether an error says no more than that the request's context has ended.
func ended(err error) bool {
	return fault.Is(err, fault.Internal) && (errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded))
}

// Answer is an error that is an answer of its own shape, such as a receipt.
type Answer interface {
	error
	// Reply is what is written instead of the error envelope.
	Reply(base string) Reply
}

// Refusal is what the error envelope holds.
type Refusal struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Title   string `json:"title"`
	Reason  string `json:"reason,omitzero"`
}

// NewRefusal shows a fault.
func NewRefusal(f *fault.Error) Refusal {
	status := statuses[f.Kind]
	return Refusal{Code: status, Message: f.Message, Title: http.StatusText(status), Reason: f.Reason}
}

type envelope struct {
	Error Refusal `json:"error"`
}

// replyTo turns an error into an answer. Errors that are not faults show nothing of themselves.
func replyTo(err error, base string) Reply {
	if answer, ok := errors.AsType[Answer](err); ok {
		return answer.Reply(base)
	}
	f := fault.New(fault.Internal, "An unexpected error prevented the server from fulfilling your request.")
	var known *fault.Error
	switch {
	case errors.As(err, &known) && known.Kind != fault.Internal:
		f = known
	case ended(err):
		f = errEnded
	}
	e := envelope{NewRefusal(f)}
	status := e.Error.Code
	reply := JSON(status, e)
	if status == http.StatusUnauthorized {
		reply = reply.With("WWW-Authenticate", `Keystone uri="`+base+`/v3"`)
	}
	if f.RetryAfter > 0 {
		reply = reply.With("Retry-After", strconv.Itoa(int((f.RetryAfter+time.Second-1)/time.Second)))
	} else if status == http.StatusServiceUnavailable {
		reply = reply.With("Retry-After", "1")
	}
	return reply
}
