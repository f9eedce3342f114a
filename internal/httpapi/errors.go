package httpapi

import (
	"errors"
	"net/http"
	"strconv"

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

// Errors that are answers of their own shape (a receipt) implement Answer.
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
	var answer Answer
	if errors.As(err, &answer) {
		return answer.Reply(base)
	}
	f := fault.New(fault.Internal, "An unexpected error prevented the server from fulfilling your request.")
	var known *fault.Error
	if errors.As(err, &known) && known.Kind != fault.Internal {
		f = known
	}
	e := envelope{NewRefusal(f)}
	status := e.Error.Code
	reply := JSON(status, e)
	if status == http.StatusUnauthorized {
		reply = reply.With("WWW-Authenticate", `Keystone uri="`+base+`/v3"`)
	}
	if f.RetryAfter > 0 {
		reply = reply.With("Retry-After", strconv.Itoa(max(1, int(f.RetryAfter.Seconds()+0.999))))
	} else if status == http.StatusServiceUnavailable {
		reply = reply.With("Retry-After", "1")
	}
	return reply
}
