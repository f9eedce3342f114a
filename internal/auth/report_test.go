package auth

import "testing"

func TestDigestsOfWrongPasswords(t *testing.T) {
	t.Parallel()
	r := Report{Key: "0123456789abcdef", Chars: 43}
	whole := r.of("wrong")
	if len(whole) != 43 || whole != r.of("wrong") {
		t.Errorf("got %q and %q, want the same 43 characters", whole, r.of("wrong"))
	}
	if whole == r.of("wrong ") || whole == (Report{Key: "0123456789abcdeg", Chars: 43}).of("wrong") {
		t.Error("another password or key has the same digest")
	}
	if short := (Report{Key: r.Key, Chars: 5}).of("wrong"); short != whole[:5] {
		t.Errorf("got %q, want the first five of %q", short, whole)
	}
}
