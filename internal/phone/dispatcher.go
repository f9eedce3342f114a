package phone

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/keyward/identity/internal/secretfile"
)

const maxFile = 1 << 20 // far above any sensible number of gateways

// patience is how long all gateways together may take: less than what this server's answer may.
const patience = 20 * time.Second

// Dispatcher gives messages to the gateways of a file, in their order, and counts what they do. The file is looked at
// with every message, so that gateways are changed while the server runs.
type Dispatcher struct {
	path    string
	timeout time.Duration
	log     *slog.Logger
	now     func() time.Time
	real    func() time.Time // for what takes real time

	mu       sync.Mutex
	size     int64
	modified time.Time
	gateways []Gateway
	counts   map[string]*Count
}

// Count is what a gateway has done since this node began.
type Count struct {
	Name string
	// Sent, Failed and Uncertain are how many messages ended so.
	Sent, Failed, Uncertain int
	// Total and Slowest are what its answers took.
	Total, Slowest time.Duration
	// RestsUntil is until when others are tried first, after a failure; zero for now.
	RestsUntil time.Time
}

// NewDispatcher reads the gateways from the file at path; an empty one means that there are none. timeout is how long
// each may take. It fails when the file cannot be read, may be read by others, or says what cannot be.
func NewDispatcher(path string, timeout time.Duration, log *slog.Logger, now, clock func() time.Time) (*Dispatcher, error) {
	d := &Dispatcher{path: path, timeout: timeout, log: log, now: now, real: clock, counts: map[string]*Count{}}
	return d, d.load()
}

// load reads the file when it changed.
func (d *Dispatcher) load() error {
	if d.path == "" {
		return nil
	}
	info, err := os.Stat(d.path)
	if err != nil {
		return fmt.Errorf("the file of gateways cannot be read: %w", err)
	}
	if info.Size() == d.size && info.ModTime().Equal(d.modified) {
		return nil
	}
	data, info, err := secretfile.Read(d.path, maxFile)
	if err != nil {
		return fmt.Errorf("the file of gateways cannot be read: %w", err)
	}
	d.size, d.modified = info.Size(), info.ModTime()
	gateways, err := read(data, d.now)
	if err != nil {
		return fmt.Errorf("the file of gateways: %w", err)
	}
	d.gateways = gateways
	return nil
}

// order returns the gateways for a channel, those that failed lately behind the others.
func (d *Dispatcher) order(c Channel) []Gateway {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.load(); err != nil {
		d.log.Error("phone gateways stay as they were", "error", err)
	}
	var well, resting []Gateway
	for _, g := range d.gateways {
		switch {
		case !g.Carries(c):
		case d.now().Before(d.count(g.Name()).RestsUntil):
			resting = append(resting, g)
		default:
			well = append(well, g)
		}
	}
	return append(well, resting...)
}

func (d *Dispatcher) count(name string) *Count {
	c := d.counts[name]
	if c == nil {
		c = &Count{Name: name}
		d.counts[name] = c
	}
	return c
}

// Send gives the message to one gateway after the other until one has it, or may have it: nothing is ever sent twice
// for one request. It returns the name of the last that was tried. All of them together have as long as a person
// waits. It must not be called within a transaction.
func (d *Dispatcher) Send(ctx context.Context, m Message) (Outcome, string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out, name := Failed, ""
	for _, g := range d.order(m.Channel) {
		name = g.Name()
		if out = d.try(ctx, g, m); out != Failed || ctx.Err() != nil {
			break
		}
	}
	return out, name
}

func (d *Dispatcher) try(ctx context.Context, g Gateway, m Message) Outcome {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	began := d.real()
	out, err := g.Send(ctx, m)
	took := d.real().Sub(began)
	d.mu.Lock()
	c := d.count(g.Name())
	c.Total += took
	c.Slowest = max(c.Slowest, took)
	switch out {
	case Sent:
		c.Sent, c.RestsUntil = c.Sent+1, time.Time{}
	case Failed:
		c.Failed++
	case Uncertain:
		c.Uncertain++
	}
	if out != Sent && !errors.Is(err, errMessage) {
		c.RestsUntil = d.now().Add(rest)
	}
	d.mu.Unlock()
	attrs := []any{"gateway", g.Name(), "outcome", string(out), "channel", string(m.Channel), "country", m.To.Country, "took_ms", took.Milliseconds()}
	if out == Sent {
		d.log.Info("message to a phone", attrs...)
	} else {
		d.log.Warn("message to a phone", append(attrs, "error", err)...)
	}
	return out
}

// Counts returns what the gateways have done, in their order.
func (d *Dispatcher) Counts() []Count {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.load(); err != nil {
		d.log.Error("phone gateways stay as they were", "error", err)
	}
	out := make([]Count, 0, len(d.gateways))
	for _, g := range d.gateways {
		out = append(out, *d.count(g.Name()))
	}
	return out
}
