package fault

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestKinds(t *testing.T) {
	t.Parallel()
	missing := New(NotFound, "Could not find user: %s.", "u")
	for _, c := range []struct {
		name string
		err  error
		want Kind
	}{
		{"an error nobody classified is internal", errors.New("x"), Internal},
		{"a fault has its kind", missing, NotFound},
		{"a wrapped fault has its kind", fmt.Errorf("load: %w", missing), NotFound},
		{"the outermost fault counts", New(Unavailable, "Try again.").From(missing), Unavailable},
	} {
		if got := KindOf(c.err); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	if Is(nil, Internal) {
		t.Error("no error is of no kind")
	}
}

func TestCopiesLeaveTheOriginalAlone(t *testing.T) {
	t.Parallel()
	shared := New(Unauthorized, "No.")
	told := shared.Because("locked").After(time.Second).From(errors.New("the private cause"))
	if shared.Reason != "" || shared.RetryAfter != 0 || errors.Unwrap(shared) != nil {
		t.Errorf("the shared fault changed: %+v", shared)
	}
	if ReasonOf(told) != "locked" || told.RetryAfter != time.Second || told.Message != "No." {
		t.Errorf("got %+v", told)
	}
	if !strings.Contains(told.Error(), "the private cause") || strings.Contains(told.Message, "private") {
		t.Errorf("the cause belongs into the log only: %q, %q", told.Error(), told.Message)
	}
}

func TestBadReference(t *testing.T) {
	t.Parallel()
	other := New(Unavailable, "Try again.")
	if BadReference(nil) != nil || !errors.Is(BadReference(other), other) {
		t.Error("an error that is no NotFound did not stay what it is")
	}
	got := BadReference(New(NotFound, "Could not find region: %s.", "50%"))
	if !Is(got, BadRequest) || got.(*Error).Message != "Could not find region: 50%." { //nolint:errorlint // it is the fault itself
		t.Errorf("got %v", got)
	}
}
