package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/throttle"
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
	rate   *throttle.Throttle
}

// record appends the event unless there were too many in this second. A refusal that cannot be recorded stays
// a refusal.
func (a *audit) record(ctx context.Context, e event.Event) {
	ok, missed := a.rate.Pass()
	a.tell(ctx, missed)
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

// tell logs how many refusals were not recorded, if there are any.
func (a *audit) tell(ctx context.Context, missed int) {
	if missed > 0 {
		a.log.WarnContext(ctx, "refusals were not recorded one by one, there were too many", "count", missed)
	}
}
