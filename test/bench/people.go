package main

import (
	"context"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pquerna/otp/totp"
)

// The ways in of people that are compared, in the order of the report. All are asked by this program, which is as good as
// wrk for a hundred sign-ins a second and can answer what it is asked.
const (
	byPassword = "password only"
	byBoth     = "password and code in one request"
	byReceipt  = "password, receipt, code: two requests"
	byDevice   = "password on a remembered device"
)

var ways = []string{byPassword, byBoth, byReceipt, byDevice}

// Codes are good once, and a person has two at a time: so many people sign in for each processor and second. A processor
// hashes some fifty passwords a second.
const peoplePerSecond = 75

// spare is how long a code must stay good: it is looked at after the password, which waits for a processor.
const spare = 5 * time.Second

// holder is a person with an authenticator app.
type holder struct {
	name, seed, device string

	mu   sync.Mutex
	last int64 // the step of the last code
}

// next returns a code that was not used, and false when there is none now.
func (h *holder) next() (string, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	step := max(h.last+1, now.Add(spare).Unix()/30-1)
	if step > now.Unix()/30 {
		return "", false
	}
	h.last = step
	code, err := totp.GenerateCode(h.seed, time.Unix(step*30, 0))
	return code, err == nil
}

// crowd is many people, who take turns.
type crowd struct {
	address string
	all     []*holder
	turn    atomic.Int64
}

func (c *crowd) next() *holder { return c.all[int(c.turn.Add(1))%len(c.all)] }

// coded is the next person and a code.
func (c *crowd) coded() (*holder, string, error) {
	h := c.next()
	code, ok := h.next()
	if !ok {
		return nil, "", errors.New("everybody's codes are used up: this machine is faster than was thought; try a shorter -duration")
	}
	return h, code, nil
}

// makeCrowd makes people with an app each, and remembers a device of the first hundred.
func (w *world) makeCrowd(ctx context.Context, n int) (*crowd, error) {
	c := &crowd{address: w.address, all: make([]*holder, n)}
	err := atOnce(ctx, n, func(ctx context.Context, i int) error {
		h := &holder{name: fmt.Sprintf("holder-%05d", i), seed: base32.StdEncoding.EncodeToString(fmt.Appendf(nil, "seed of holder %05d", i))}
		c.all[i] = h
		id, err := w.makeUser(ctx, h.name, userPassword)
		if err != nil {
			return err
		}
		body := fmt.Sprintf(`{"credential":{"type":"totp","user_id":%q,"blob":%q}}`, id, h.seed)
		if err := w.call(ctx, request{method: "POST", path: "/v3/credentials", body: body}, nil); err != nil || i >= 100 {
			return err
		}
		code, _ := h.next()
		token, err := w.issue(ctx, h.proof(code, ""))
		if err != nil {
			return err
		}
		var made struct{ Device struct{ Secret string } }
		own := world{address: w.address, admin: token}
		err = own.call(ctx, request{method: "POST", path: "/v3/users/" + id + "/devices", body: `{"device":{"name":"bench"}}`}, &made)
		h.device = made.Device.Secret
		return err
	})
	return c, err
}

// proof is a sign-in with the password, and a code or the secret of a device or neither.
func (h *holder) proof(code, device string) request {
	user := fmt.Sprintf(`"name":%q,"domain":{"id":"default"}`, h.name)
	methods, more := `"password"`, ""
	if code != "" {
		methods, more = `"password","totp"`, fmt.Sprintf(`,"totp":{"user":{%s,"passcode":%q}}`, user, code)
	}
	if device != "" {
		methods, more = `"password","device"`, fmt.Sprintf(`,"device":{"secret":%q}`, device)
	}
	return request{method: "POST", path: "/v3/auth/tokens", body: fmt.Sprintf(
		`{"auth":{"identity":{"methods":[%s],"password":{"user":{%s,"password":%q}}%s}}}`, methods, user, userPassword, more)}
}

// rest completes a sign-in with a code.
func (h *holder) rest(code, receipt string) request {
	return request{method: "POST", path: "/v3/auth/tokens", receipt: receipt, body: fmt.Sprintf(
		`{"auth":{"identity":{"methods":["totp"],"totp":{"user":{"name":%q,"domain":{"id":"default"},"passcode":%q}}}}}`, h.name, code)}
}

// enter returns how somebody comes in by a way.
func (w *world) enter(ctx context.Context, c *crowd, way string) func() error {
	var turn atomic.Int64
	signsIn := func(r request) error { _, err := w.issue(ctx, r); return err }
	return map[string]func() error{
		byPassword: func() error {
			p := w.people[int(turn.Add(1))%len(w.people)]
			return signsIn((&holder{name: p.name}).proof("", ""))
		},
		byBoth: func() error {
			h, code, err := c.coded()
			if err != nil {
				return err
			}
			return signsIn(h.proof(code, ""))
		},
		byReceipt: func() error {
			h, code, err := c.coded()
			if err != nil {
				return err
			}
			a, err := h.proof("", "").do(ctx, w.address)
			receipt := a.header.Get("Openstack-Auth-Receipt")
			if err != nil || a.status != http.StatusUnauthorized || receipt == "" {
				return fmt.Errorf("no receipt: %d %s: %w", a.status, a.body, err)
			}
			return signsIn(h.rest(code, receipt))
		},
		byDevice: func() error {
			h := c.all[int(turn.Add(1))%100]
			return signsIn(h.proof("", h.device))
		},
	}[way]
}

// measurePeople compares the ways in.
func (b *bench) measurePeople(ctx context.Context, w *world, id *process) error {
	n := max(100, int((b.warmup+b.duration).Seconds())*peoplePerSecond*runtime.NumCPU())
	b.note("making %d people with an app each", n)
	c, err := w.makeCrowd(ctx, n)
	if err != nil {
		return err
	}
	for _, way := range ways {
		b.note("%s", way)
		enter := w.enter(ctx, c, way)
		if _, err := repeat(ctx, b.connections, b.warmup, enter); err != nil {
			return fmt.Errorf("%s: %w", way, err)
		}
		var done atomic.Int64
		before := id.cpu()
		m, err := repeat(ctx, b.connections, b.duration, func() error { done.Add(1); return enter() })
		if err != nil {
			return fmt.Errorf("%s: %w", way, err)
		}
		m.CPU = (id.cpu() - before) / time.Duration(done.Load())
		b.found[way] = []measured{m}
	}
	return nil
}

// measureSessions compares the lists of somebody who is signed in once and of somebody who is a thousand times.
func (b *bench) measureSessions(ctx context.Context, w *world, id *process) error {
	for name, times := range map[string]int{fewSessions: 1, manySessions: 1000} {
		b.note("%s", name)
		user := fmt.Sprintf("signed-in-%d", times)
		userID, err := w.makeUser(ctx, user, userPassword)
		if err != nil {
			return err
		}
		var token atomic.Value
		err = atOnce(ctx, times, func(ctx context.Context, _ int) error {
			text, err := w.issue(ctx, (&holder{name: user}).proof("", ""))
			token.Store(text)
			return err
		})
		if err != nil {
			return err
		}
		text, _ := token.Load().(string)
		m, err := b.load(ctx, id, []request{{method: "GET", path: "/v3/users/" + userID + "/sessions", token: text}})
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		b.found[name] = []measured{m}
	}
	return nil
}
