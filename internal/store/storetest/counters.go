package storetest

import (
	"sync"
	"testing"

	"github.com/keyward/identity/internal/auth"
)

// countersUnderResets counts while successes forget: nobody may meet a counter that is gone.
func countersUnderResets(t *testing.T, w *world) {
	key := auth.FailureKey{UserID: "ann", Kind: auth.CodeFailure, Network: auth.AnyNetwork}
	var done sync.WaitGroup
	for i := range 8 {
		done.Go(func() {
			for range 25 {
				var err error
				if i%2 == 0 {
					err = w.UpdateFailures(w.ctx, key, func(f *auth.Failures) error { f.Count++; return nil })
				} else {
					err = w.ResetFailures(w.ctx, "ann", auth.CodeFailure, auth.AnyNetwork)
				}
				if err != nil {
					t.Errorf("got %v, want no error", err)
					return
				}
			}
		})
	}
	done.Wait()
}
