package phone

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// Channel is how a code gets to a phone.
type Channel string

// The channels.
const (
	SMS   Channel = "sms"
	Voice Channel = "voice"
)

// Message is a code on its way.
type Message struct {
	// ID is the challenge's, the same whichever gateway carries it.
	ID      string
	To      Number
	Channel Channel
	// Code is what is sent, Text the sentence with it, for reading or for reading aloud.
	Code, Text string
}

// Outcome is what is known of a message that was given to a gateway.
type Outcome string

// The outcomes. Only after Failed may another gateway be given the same message: after Uncertain it may be on its way.
const (
	Sent      Outcome = "sent"
	Failed    Outcome = "failed"
	Uncertain Outcome = "uncertain"
)

// Gateway carries messages.
type Gateway interface {
	// Name is the operator's name for it.
	Name() string
	// Carries reports whether it can send through the channel.
	Carries(c Channel) bool
	// Send gives it a message and tells what became of it. The error is for the log and holds neither number nor code.
	Send(ctx context.Context, m Message) (Outcome, error)
}

// client makes the HTTP client of a gateway. Connections are not kept: the client would send anew, unasked, what was
// lost with an old one. Redirects are not followed: what an operator configured is where messages go.
func client() *http.Client {
	return &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: false,
			TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// maxAnswer is how much of a gateway's answer is read.
const maxAnswer = 64 << 10

// post sends a request once. When it fails before the first byte of the request was written, the gateway cannot have
// it: Failed. Behind that nobody knows: Uncertain, without an answer.
func post(c *http.Client, req *http.Request) (*http.Response, Outcome, error) {
	var written atomic.Bool
	trace := &httptrace.ClientTrace{WroteHeaders: func() { written.Store(true) }, WroteHeaderField: func(string, []string) { written.Store(true) }}
	res, err := c.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err == nil {
		return res, Sent, nil
	}
	if written.Load() {
		return nil, Uncertain, errors.New("no answer")
	}
	return nil, Failed, errors.New("not reached")
}

// judge tells what a status says of a message. A refusal (4xx), 501 and 503 say that nothing was done, and so does being
// sent elsewhere, but for 303, which answers what was done (RFC 9110, section 15); other failures may have come after
// the message was taken.
func judge(status int) Outcome {
	switch {
	case status >= 200 && status < 300:
		return Sent
	case status == http.StatusSeeOther, status == http.StatusRequestTimeout:
		return Uncertain
	case status >= 300 && status < 500, status == http.StatusNotImplemented, status == http.StatusServiceUnavailable:
		return Failed
	}
	return Uncertain
}

// errMessage is a refusal of one message, such as for its number, by a gateway that is well.
var errMessage = errors.New("it refuses the message")

// refusal explains a status that is no success. Only what tells of the message, and not of the gateway, leaves the
// gateway its place in the order: else anybody with a bad number could move everybody to another one.
func refusal(status int) error {
	switch status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return fmt.Errorf("status %d: %w", status, errMessage)
	}
	return fmt.Errorf("status %d", status)
}

// sender picks who a message comes from: what is configured for the country, else what is for all.
func sender(senders map[string]string, country string) string {
	if s, ok := senders[country]; ok {
		return s
	}
	return senders["*"]
}

// rest is how long a gateway that failed is tried last.
const rest = time.Minute
