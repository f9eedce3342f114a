package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"
)

// errRequest says no more: what it was made of holds the number and the code.
var errRequest = errors.New("no request can be made of it")

// twilio speaks the API of Twilio, which others offer too: Messages for texts and Calls for calls.
type twilio struct {
	Spec
	client *http.Client
}

func (g *twilio) Name() string           { return g.Spec.Name }
func (g *twilio) Carries(c Channel) bool { return g.carries(c) }

func (g *twilio) Send(ctx context.Context, m Message) (Outcome, error) {
	form := url.Values{"To": {m.To.E164}, "From": {sender(g.Senders, m.To.Country)}}
	resource := "Messages"
	if m.Channel == Voice {
		var text strings.Builder
		_ = xml.EscapeText(&text, []byte(m.Text)) // never fails
		resource = "Calls"
		form.Set("Twiml", "<Response><Say>"+text.String()+"</Say><Pause/><Say>"+text.String()+"</Say></Response>")
	} else {
		form.Set("Body", m.Text)
	}
	to := strings.TrimRight(g.URL, "/") + "/2010-04-01/Accounts/" + url.PathEscape(g.Account) + "/" + resource + ".json"
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(form.Encode()))
	if err != nil {
		return Failed, errRequest
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth(g.Account, g.Token)
	res, out, err := post(g.client, req)
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	if out = judge(res.StatusCode); out != Sent {
		return out, refusal(res.StatusCode)
	}
	var answer struct {
		SID    string `json:"sid"`
		Status string `json:"status"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&answer); err != nil || answer.SID == "" {
		return Uncertain, fmt.Errorf("status %d with an answer that is none", res.StatusCode)
	}
	if answer.Status == "failed" || answer.Status == "undelivered" || answer.Status == "canceled" {
		return Failed, errMessage
	}
	return Sent, nil
}

// template calls whatever an operator describes.
type template struct {
	Spec
	client *http.Client
}

func (g *template) Name() string           { return g.Spec.Name }
func (g *template) Carries(c Channel) bool { return g.carries(c) }

// values are what stands for the words in braces of a template.
func (g *template) values(m Message) map[string]string {
	return map[string]string{
		"to": m.To.E164, "digits": strings.TrimPrefix(m.To.E164, "+"), "country": m.To.Country, "code": m.Code, "text": m.Text,
		"channel": string(m.Channel), "sender": sender(g.Senders, m.To.Country), "id": m.ID,
	}
}

// fill puts values into a template, each written so that it cannot be anything but a value there.
func fill(text string, values map[string]string, escape func(string) string) string {
	pairs := make([]string, 0, 2*len(values))
	for k, v := range values {
		pairs = append(pairs, "{"+k+"}", escape(v))
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// escaper tells how values are written in a body of a media type.
func escaper(contentType string) func(string) string {
	switch {
	case strings.Contains(contentType, "json"):
		return func(s string) string {
			b, _ := json.Marshal(s) // text never fails
			return string(b[1 : len(b)-1])
		}
	case strings.Contains(contentType, "xml"):
		return func(s string) string {
			var b bytes.Buffer
			_ = xml.EscapeText(&b, []byte(s)) // never fails
			return b.String()
		}
	case strings.HasPrefix(contentType, "text/"):
		return func(s string) string { return s }
	}
	return url.QueryEscape
}

func (g *template) Send(ctx context.Context, m Message) (Outcome, error) {
	values := g.values(m)
	body := fill(g.Body, values, escaper(g.ContentType))
	req, err := http.NewRequestWithContext(ctx, g.Method, fill(g.URL, values, url.QueryEscape), strings.NewReader(body))
	if err != nil {
		return Failed, errRequest
	}
	if g.Body != "" {
		req.Header.Set("Content-Type", g.ContentType)
	}
	for k, v := range g.Headers {
		req.Header.Set(k, v)
	}
	res, out, err := post(g.client, req)
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	if out = judge(res.StatusCode); out != Sent {
		return out, refusal(res.StatusCode)
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil || g.Expect != "" && !strings.Contains(string(answer), g.Expect) {
		return Uncertain, fmt.Errorf("status %d with an answer that is none", res.StatusCode)
	}
	return Sent, nil
}

// file writes messages to a file, for people who develop.
type file struct {
	Spec
	mu  sync.Mutex
	now func() time.Time
}

func (g *file) Name() string           { return g.Spec.Name }
func (g *file) Carries(c Channel) bool { return g.carries(c) }

func (g *file) Send(_ context.Context, m Message) (Outcome, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	line, err := json.Marshal(map[string]string{
		"at": g.now().UTC().Format(time.RFC3339), "id": m.ID, "to": m.To.E164, "channel": string(m.Channel), "code": m.Code, "text": m.Text,
		"sender": sender(g.Senders, m.To.Country),
	})
	if err != nil {
		return Failed, err
	}
	f, err := os.OpenFile(g.Path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return Failed, fmt.Errorf("the file cannot be written")
	}
	_, err = f.Write(append(line, '\n'))
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return Uncertain, fmt.Errorf("the file cannot be written")
	}
	return Sent, nil
}
