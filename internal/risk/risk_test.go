package risk_test

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/keyward/identity/internal/risk"
)

var options = risk.Options{Enabled: true, Notify: 20, Challenge: 45, Refuse: 90, Learning: 5, Keep: 90 * 24 * time.Hour}

var (
	bonn   = risk.Point{Latitude: 50.73, Longitude: 7.1, Accuracy: 20}
	sydney = risk.Point{Latitude: -33.87, Longitude: 151.2, Accuracy: 20}
	berlin = risk.Point{Latitude: 52.52, Longitude: 13.4, Accuracy: 20}
	begin  = time.Date(2031, 5, 1, 9, 30, 0, 0, time.UTC)
)

// home is a sign-in as always.
func home(at time.Time) risk.Observation {
	return risk.Observation{
		At: at, Device: risk.DeviceOf("Chrome", "Windows"), Networks: risk.NetworksOf("203.0.113.7", 3320), Country: "DE", Point: &bonn,
	}
}

// after is what is known of somebody who has signed in at home at half past nine on so many days, and when the last was.
func after(days int) (risk.Profile, time.Time) {
	var p risk.Profile
	at := begin
	for i := range days {
		at = begin.AddDate(0, 0, i)
		p, _ = options.Learn(p, home(at))
	}
	return p, at
}

func TestJudge(t *testing.T) {
	t.Parallel()
	known, last := after(30)
	young, lastYoung := after(4)
	abroad := func(o *risk.Observation) {
		o.Networks, o.Country, o.Point = risk.NetworksOf("198.51.100.7", 1221), "AU", &sydney
	}
	for _, c := range []struct {
		name    string
		profile risk.Profile
		at      time.Time
		change  func(*risk.Observation)
		score   int
		reasons []risk.Reason
	}{
		{"nobody knows the person", risk.Profile{}, begin, abroad, 0, nil},
		{"as always", known, last.AddDate(0, 0, 1), func(*risk.Observation) {}, 0, nil},
		{"a burst of failures elsewhere", known, last.AddDate(0, 0, 1), func(o *risk.Observation) { o.Failures, o.FailedAt = 90, o.At }, 0, nil},
		{"another browser", known, last.AddDate(0, 0, 1), func(o *risk.Observation) { o.Device = "x" }, 20, []risk.Reason{risk.NewDevice}},
		{"no browser is told", known, last.AddDate(0, 0, 1), func(o *risk.Observation) { o.Device = "" }, 0, nil},
		{"another browser with a remembered device", known, last.AddDate(0, 0, 1), func(o *risk.Observation) { o.Device, o.Remembered = "x", true }, 0, nil},
		{"another browser after four failures", known, last.AddDate(0, 0, 1), func(o *risk.Observation) {
			o.Device, o.Failures, o.FailedAt = "x", 4, o.At
		}, 20, []risk.Reason{risk.NewDevice}},
		{"another browser after a burst of failures", known, last.AddDate(0, 0, 1), func(o *risk.Observation) {
			o.Device, o.Failures, o.FailedAt = "x", 5, o.At.Add(-time.Hour)
		}, 35, []risk.Reason{risk.NewDevice, risk.FailureBurst}},
		{"another browser long after a burst of failures", known, last.AddDate(0, 0, 1), func(o *risk.Observation) {
			o.Device, o.Failures, o.FailedAt = "x", 5, o.At.Add(-time.Hour-time.Second)
		}, 20, []risk.Reason{risk.NewDevice}},
		{"another network of the same provider", known, last.AddDate(0, 0, 1), func(o *risk.Observation) { o.Networks = risk.NetworksOf("192.0.2.1", 3320) }, 0, nil},
		{"another network", known, last.AddDate(0, 0, 1), func(o *risk.Observation) { o.Networks = risk.NetworksOf("192.0.2.1", 0) }, 15, []risk.Reason{risk.NewNetwork}},
		{"the same network without its provider", known, last.AddDate(0, 0, 1), func(o *risk.Observation) { o.Networks = risk.NetworksOf("203.0.113.250", 0) }, 0, nil},
		{"an unknown address", known, last.AddDate(0, 0, 1), func(o *risk.Observation) { o.Networks, o.Country, o.Point = nil, "", nil }, 0, nil},
		{"an hour late", known, last.AddDate(0, 0, 1).Add(time.Hour), func(*risk.Observation) {}, 0, nil},
		{"in the evening", known, last.AddDate(0, 0, 1).Add(10 * time.Hour), func(*risk.Observation) {}, 10, []risk.Reason{risk.UnusualHour}},
		{"in the evening, of somebody new", young, lastYoung.Add(10 * time.Hour), func(*risk.Observation) {}, 0, nil},
		{"the next day in Australia", known, last.AddDate(0, 0, 1), abroad, 45, []risk.Reason{risk.NewNetwork, risk.NewCountry}},
		{"an hour later in Australia", known, last.Add(time.Hour), abroad, 85, []risk.Reason{risk.NewNetwork, risk.NewCountry, risk.ImpossibleTravel}},
		{"an hour later in a known network that is in Australia", known, last.Add(time.Hour), func(o *risk.Observation) { o.Point = &sydney }, 0, nil},
		{"half an hour later in Berlin", known, last.Add(30 * time.Minute), func(o *risk.Observation) {
			o.Networks, o.Point = risk.NetworksOf("192.0.2.1", 0), &berlin
		}, 15, []risk.Reason{risk.NewNetwork}},
		{"all at once", known, last.Add(4 * time.Hour), func(o *risk.Observation) {
			abroad(o)
			o.Device, o.Failures, o.FailedAt = "x", 5, o.At
		}, 100, risk.All},
		{"all at once, of somebody new", young, lastYoung.Add(4 * time.Hour), func(o *risk.Observation) {
			abroad(o)
			o.Device = "x"
		}, risk.LearningScore, []risk.Reason{risk.NewDevice, risk.NewNetwork, risk.NewCountry, risk.ImpossibleTravel}},
		{"after everything was forgotten", known, last.AddDate(0, 4, 0), abroad, 0, nil},
	} {
		seen := home(c.at)
		c.change(&seen)
		if v := options.Judge(c.profile, seen); v.Score != c.score || !slices.Equal(v.Reasons, c.reasons) {
			t.Errorf("%s: %+v, want %d %v", c.name, v, c.score, c.reasons)
		}
	}
}

func TestReached(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		score, threshold int
		want             bool
	}{{100, 0, false}, {0, 0, false}, {19, 20, false}, {20, 20, true}, {21, 20, true}} {
		if got := risk.Reached(c.score, c.threshold); got != c.want {
			t.Errorf("score %d, threshold %d: %v", c.score, c.threshold, got)
		}
	}
}

func TestLearn(t *testing.T) {
	t.Parallel()
	known, last := after(30)
	for _, c := range []struct {
		name   string
		change func(*risk.Observation)
		want   bool
	}{
		{"the same at once", func(*risk.Observation) {}, false},
		{"the same after nine minutes", func(o *risk.Observation) { o.At = o.At.Add(9 * time.Minute) }, false},
		{"the same after ten minutes", func(o *risk.Observation) { o.At = o.At.Add(10 * time.Minute) }, true},
		{"after ten minutes, nowhere", func(o *risk.Observation) { o.At, o.Point = o.At.Add(10*time.Minute), nil }, false},
		{"in the next hour, nowhere", func(o *risk.Observation) { o.At, o.Point = o.At.Add(time.Hour), nil }, true},
		{"elsewhere at once", func(o *risk.Observation) { o.Point = &berlin }, true},
		{"another browser", func(o *risk.Observation) { o.Device = "x" }, true},
		{"another network", func(o *risk.Observation) { o.Networks = []string{"x"} }, true},
		{"another country", func(o *risk.Observation) { o.Country = "FR" }, true},
	} {
		seen := home(last)
		c.change(&seen)
		before := encode(t, known)
		p, changed := options.Learn(known, seen)
		if changed != c.want {
			t.Errorf("%s: changed is %v", c.name, changed)
		}
		if encode(t, known) != before {
			t.Errorf("%s: the profile that was given is another", c.name)
		}
		seen.At = seen.At.Add(time.Minute)
		if v := options.Judge(p, seen); changed && v.Score != 0 {
			t.Errorf("%s: learned, and still %+v", c.name, v)
		}
	}
}

// Whoever says that it was not him is known as before.
func TestBefore(t *testing.T) {
	t.Parallel()
	known, last := after(30)
	thief := home(last.Add(2 * time.Hour))
	thief.Device, thief.Networks, thief.Country, thief.Point = "x", []string{"y"}, "AU", &sydney
	was := options.Judge(known, thief)
	learned, _ := options.Learn(known, thief)
	again := thief
	again.At = thief.At.Add(time.Minute)
	if v := options.Judge(learned, again); v.Score != 0 {
		t.Fatalf("not learned: %+v", v)
	}
	cleared := learned.Before(thief.At)
	if v := options.Judge(cleared, again); v.Score < 65 || v.Score > was.Score {
		t.Errorf("the thief is judged as %+v, was %+v", v, was)
	}
	if v := options.Judge(cleared, home(last.AddDate(0, 0, 1))); v.Score != 0 {
		t.Errorf("the person is judged as %+v", v)
	}
}

func encode(t interface{ Fatal(...any) }, p risk.Profile) string {
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// observed draws a sign-in from few possibilities, so that they meet again.
func observed(t *rapid.T, at time.Time) risk.Observation {
	o := risk.Observation{
		At: at, Device: rapid.StringN(0, 60, -1).Draw(t, "device"), Remembered: rapid.Bool().Draw(t, "remembered"),
		Country:  rapid.SampledFrom([]string{"", "DE", "FR", "a country with a name that is much too long for a code"}).Draw(t, "country"),
		Failures: rapid.IntRange(0, 200).Draw(t, "failures"), FailedAt: at.Add(-time.Duration(rapid.IntRange(-100, 10_000).Draw(t, "failed")) * time.Second),
	}
	for range rapid.IntRange(0, 2).Draw(t, "names of the network") {
		o.Networks = append(o.Networks, rapid.StringN(0, 60, -1).Draw(t, "network"))
	}
	if rapid.Bool().Draw(t, "placed") {
		o.Point = &risk.Point{Latitude: rapid.Float64Range(-90, 90).Draw(t, "y"), Longitude: rapid.Float64Range(-180, 180).Draw(t, "x")}
	}
	return o
}

// TestBounds draws histories, with clocks that also go back: a score is what its reasons add up to, within its bounds;
// what is remembered is bounded, survives being stored, and the same sign-in again is always as usual.
func TestBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var p risk.Profile
		at := begin
		for range rapid.IntRange(1, 60).Draw(t, "sign-ins") {
			at = at.Add(time.Duration(rapid.IntRange(-3, 200).Draw(t, "hours")) * 37 * time.Minute)
			seen := observed(t, at)
			v := options.Judge(p, seen)
			sum := 0
			for _, r := range v.Reasons {
				sum += risk.Points[r]
			}
			highest := risk.MaxScore
			if p.Count < options.Learning && v.Score > 0 {
				highest = risk.LearningScore
			}
			if v.Score > highest || v.Score != min(sum, highest) && v.Score != min(sum, risk.LearningScore) {
				t.Fatalf("%+v, of which the reasons add up to %d", v, sum)
			}
			if !slices.IsSortedFunc(v.Reasons, func(a, b risk.Reason) int { return slices.Index(risk.All, a) - slices.Index(risk.All, b) }) {
				t.Fatalf("the order: %v", v.Reasons)
			}
			p, _ = options.Learn(p, seen)
			if n := len(encode(t, p)); n > 6000 || len(p.Devices) > 10 || len(p.Networks) > 20 || len(p.Countries) > 10 {
				t.Fatalf("%d bytes: %+v", n, p)
			}
			var back risk.Profile
			if err := json.Unmarshal([]byte(encode(t, p)), &back); err != nil || encode(t, back) != encode(t, p) {
				t.Fatalf("stored it is another: %v %+v", err, back)
			}
			seen.Failures = 0
			if v := options.Judge(p, seen); slices.ContainsFunc(v.Reasons, func(r risk.Reason) bool { return r != risk.UnusualHour }) {
				t.Fatalf("the same again: %+v", v)
			}
		}
	})
}

// TestMonotone adds something unusual to a sign-in: the score never falls.
func TestMonotone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(1, 40).Draw(t, "days")
		p, last := after(days)
		seen := home(last.Add(time.Duration(rapid.IntRange(0, 48*60).Draw(t, "minutes")) * time.Minute))
		score := 0
		for _, change := range rapid.Permutation([]func(){
			func() { seen.Device = "x" },
			func() { seen.Networks = []string{"x"} },
			func() { seen.Country = "AU" },
			func() { seen.Point = &sydney },
			func() { seen.Failures, seen.FailedAt = 50, seen.At },
		}).Draw(t, "changes") {
			change()
			v := options.Judge(p, seen)
			if v.Score < score {
				t.Fatalf("the score fell from %d to %+v", score, v)
			}
			score = v.Score
		}
	})
}

func TestNetworksOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		address string
		asn     uint
		want    []string
	}{
		{"203.0.113.77", 0, []string{"203.0.113.0/24"}},
		{"::ffff:203.0.113.77", 3320, []string{"203.0.113.0/24", "AS3320"}},
		{"2001:db8:1:2:3::4", 0, []string{"2001:db8:1::/48"}},
		{"fe80::1%eth0", 0, []string{"fe80::/48"}},
		{"nonsense", 0, nil},
		{"", math.MaxUint32, []string{"AS4294967295"}},
	} {
		if got := risk.NetworksOf(c.address, c.asn); fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v, want %v", c.address, got, c.want)
		}
	}
}
