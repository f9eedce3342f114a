package identity

import (
	"testing"
	"time"
)

func TestInactive(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 11, 0, 0, 1, 0, time.UTC)
	day := func(d int) time.Time { return Day(now).AddDate(0, 0, -d) }
	exempt, not := true, false
	for _, c := range []struct {
		name string
		days int
		user User
		want bool
	}{
		{"nothing is demanded", 0, User{CreatedAt: day(999)}, false},
		{"the last day", 10, User{LastActiveAt: day(9), CreatedAt: day(999)}, false},
		{"the day after", 10, User{LastActiveAt: day(10), CreatedAt: day(999)}, true},
		{"never, made lately", 10, User{CreatedAt: day(9).Add(-time.Nanosecond + 24*time.Hour)}, false},
		{"never, made on the last second of the day", 10, User{CreatedAt: day(9).Add(-time.Second)}, true},
		{"exempt", 10, User{CreatedAt: day(99), Options: Options{IgnoreUserInactivity: &exempt}}, false},
		{"not exempt", 10, User{CreatedAt: day(99), Options: Options{IgnoreUserInactivity: &not}}, true},
	} {
		if got := (Compliance{InactiveDays: c.days}).Inactive(&c.user, now); got != c.want {
			t.Errorf("%s: got %v", c.name, got)
		}
	}
}

func TestExpiry(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 5, 11, 1, 2, 3, 456_789_000, time.UTC)
	yes, no := true, false
	for _, c := range []struct {
		name        string
		demands     Compliance
		options     Options
		selfService bool
		want        time.Time
	}{
		{"nothing is demanded", Compliance{}, Options{}, false, time.Time{}},
		{"after days, without a fraction", Compliance{ExpiresDays: 30}, Options{}, false, now.Truncate(time.Second).AddDate(0, 0, 30)},
		{"after days, one's own", Compliance{ExpiresDays: 30}, Options{IgnorePasswordExpiry: &no}, true, now.Truncate(time.Second).AddDate(0, 0, 30)},
		{"exempt", Compliance{ExpiresDays: 30}, Options{IgnorePasswordExpiry: &yes}, false, time.Time{}},
		{"at once", Compliance{ExpiresDays: 30, ChangeUponFirstUse: true}, Options{}, false, now},
		{"one's own need not be changed", Compliance{ChangeUponFirstUse: true}, Options{}, true, time.Time{}},
		{"exempt from changing", Compliance{ChangeUponFirstUse: true}, Options{IgnoreChangePasswordUponFirstUse: &yes}, false, time.Time{}},
	} {
		got := c.demands.Expiry(c.options, now, c.selfService)
		if (got == nil) != c.want.IsZero() || got != nil && !got.Equal(c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}
