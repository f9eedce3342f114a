package throttle_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/keyward/identity/internal/throttle"
)

func TestSoManyPassInASecondAndTheOthersAreCounted(t *testing.T) {
	t.Parallel()
	now := time.Unix(1000, 999_000_000)
	th := throttle.New(3, func() time.Time { return now })
	pass := func(n int) (passed, held int) {
		for range n {
			ok, h := th.Pass()
			if held += h; ok {
				passed++
			}
		}
		return passed, held
	}
	if passed, held := pass(10); passed != 3 || held != 0 {
		t.Errorf("%d passed, %d were told of, want 3 and 0", passed, held)
	}
	now = now.Add(time.Millisecond)
	if passed, held := pass(5); passed != 3 || held != 7 {
		t.Errorf("in the next second %d passed, %d were told of, want 3 and 7", passed, held)
	}
	if held := th.Held(); held != 2 {
		t.Errorf("%d were held back, want 2", held)
	}
	now = now.Add(time.Hour)
	if passed, held := pass(1); passed != 1 || held != 0 {
		t.Errorf("later %d passed, %d were told of, want 1 and 0: it was told already", passed, held)
	}
}

func TestNoLimitHoldsNothingBack(t *testing.T) {
	t.Parallel()
	th := throttle.New(0, func() time.Time { return time.Unix(1, 0) })
	for range 1000 {
		if ok, held := th.Pass(); !ok || held != 0 {
			t.Fatal("something was held back")
		}
	}
}

func TestNothingIsLostBetweenManyWhoAsk(t *testing.T) {
	t.Parallel()
	var at atomic.Int64
	th := throttle.New(2, func() time.Time { return time.Unix(at.Add(1)/100, 0) })
	var sum atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 500 {
				ok, held := th.Pass()
				if ok {
					held++
				}
				sum.Add(int64(held))
			}
		})
	}
	all.Wait()
	if got := int(sum.Load()) + th.Held(); got != 4000 {
		t.Errorf("%d passed or were counted, want 4000", got)
	}
}
