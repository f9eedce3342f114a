// Package throttle lets so many things of a kind through in a second, and counts the others. It is for what anybody can
// cause for nothing, such as lines about refusals. It does not say what becomes of the others; whoever asks does.
package throttle

import (
	"sync"
	"time"
)

// Throttle counts for one node. It is safe for concurrent use.
type Throttle struct {
	most int
	now  func() time.Time

	mu     sync.Mutex
	second int64
	passed int // in this second
	held   int // since somebody asked
}

// New lets at most so many through in a second of the clock; less than one lets all through.
func New(most int, now func() time.Time) *Throttle { return &Throttle{most: most, now: now} }

// Pass reports whether one more may go through. The first of a second also hears how many were held back before.
func (t *Throttle) Pass() (ok bool, held int) {
	if t.most < 1 {
		return true, 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if second := t.now().Unix(); second != t.second {
		held, t.held = t.held, 0
		t.second, t.passed = second, 0
	}
	if t.passed >= t.most {
		t.held++
		return false, held
	}
	t.passed++
	return true, held
}

// Held returns how many were held back that nobody has heard of, and forgets them.
func (t *Throttle) Held() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	held := t.held
	t.held = 0
	return held
}
