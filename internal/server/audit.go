package server

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/keyward/identity/internal/event"
)

// auditPerSecond bounds how many refusals a second become events, so that nobody fills the disk by being
// refused. Further ones are counted in the log.
const auditPerSecond = 50

// auditWait is how long a refusal waits for its record.
const auditWait = 5 * time.Second

// audit records refusals by policy.
type audit struct {
	append func(ctx context.Context, e event.Event) error
	log    *slog.Logger
	now    func() time.Time

	mu         sync.Mutex
	second     int64
	count      int
	suppressed int
}

// record appends the event unless there were too many in this second. A refusal that cannot be recorded stays
// a refusal.
func (a *audit) record(ctx context.Context, e event.Event) {
	ok, missed := a.admit()
	if missed > 0 {
		a.log.WarnContext(ctx, "refusals were not recorded one by one, there were too many", "count", missed)
	}
	if !ok {
		return
	}
	// The client may be gone, but nobody waits longer for a record than this.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditWait)
	defer cancel()
	if err := a.append(ctx, e); err != nil {
		a.log.ErrorContext(ctx, "a refusal could not be recorded", "action", e.Action, "rule", e.TargetID, "error", err.Error())
	}
}

// admit takes one of this second's records and reports how many were suppressed before it.
func (a *audit) admit() (ok bool, missed int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if second := a.now().Unix(); second != a.second {
		missed, a.suppressed = a.suppressed, 0
		a.second, a.count = second, 0
	}
	if a.count >= auditPerSecond {
		a.suppressed++
		return false, missed
	}
	a.count++
	return true, missed
}
