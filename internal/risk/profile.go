package risk

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// The bounds of what is remembered of a person. What was seen the longest ago goes first.
const (
	maxDevices   = 10
	maxNetworks  = 20
	maxCountries = 10
	maxKey       = 32  // bytes
	maxTotal     = 500 // sign-ins in the hours of the day; then all are halved, so that habits may change
)

// Profile is what is remembered of a person's sign-ins: digests, truncated networks and times to the hour. It is a value
// that nothing here changes. Its JSON is how it is stored.
type Profile struct {
	// Count is the hours with a sign-in since the person was first seen, up to a bound.
	Count int `json:"n"`
	// Hour is the last of them, in hours since 1970.
	Hour      int64     `json:"h"`
	Devices   Entries   `json:"d,omitempty"`
	Networks  Entries   `json:"w,omitempty"`
	Countries Entries   `json:"c,omitempty"`
	Hours     Histogram `json:"o"`
	// Last is where the person was last seen; nil when nobody knows.
	Last *Sighting `json:"l,omitempty"`
}

// Entry is something that was seen; First and Last are in hours since 1970.
type Entry struct {
	Key   string `json:"k"`
	First int64  `json:"f"`
	Last  int64  `json:"l"`
}

// Entries are things of one kind that were seen.
type Entries []Entry

// Histogram counts sign-ins by the hour of the day, in UTC; of an hour on a date no more than one.
type Histogram [24]uint16

// Sighting is a place and when somebody was there, in seconds since 1970.
type Sighting struct {
	Point
	At int64 `json:"t"`
}

// hourOf is a time in hours since 1970.
func hourOf(t time.Time) int64 { return t.Unix() / 3600 }

func (e Entries) any(keys ...string) bool {
	return slices.ContainsFunc(e, func(x Entry) bool { return slices.Contains(keys, x.Key) })
}

// rare tells whether hardly any sign-in was within an hour of the time of day.
func (h Histogram) rare(at time.Time) bool {
	total, around, hour := 0, 0, at.UTC().Hour()
	for _, n := range h {
		total += int(n)
	}
	for d := range 3 {
		around += int(h[(hour+23+d)%24])
	}
	return total >= knownHours && around*rareShare < total
}

func (h Histogram) plus(hour int) Histogram {
	h[hour]++
	total := 0
	for _, n := range h {
		total += int(n)
	}
	for i := range h {
		if total > maxTotal {
			h[i] /= 2
		}
	}
	return h
}

// Learn remembers a sign-in, and forgets what was not seen for longer than o.Keep. It reports false when there is nothing
// to remember that is worth a write: most sign-ins of a person resemble one of a short while ago.
func (o Options) Learn(p Profile, seen Observation) (Profile, bool) {
	hour, learned := hourOf(seen.At), p.trimmed(seen.At, o.Keep)
	changed := learned.remember(seen.bounded(), hour)
	if hour > p.Hour || p.Count == 0 {
		learned.Hour, learned.Count = hour, min(learned.Count+1, maxTotal)
		learned.Hours = learned.Hours.plus(seen.At.UTC().Hour())
		changed = true
	}
	if seen.Point != nil && (p.Last == nil || p.Last.Point != *seen.Point || seen.At.Sub(time.Unix(p.Last.At, 0)) >= placeWritten) {
		learned.Last = &Sighting{*seen.Point, seen.At.Unix()}
		changed = true
	}
	return learned, changed
}

// remember notes what the sign-in came from and reports whether that says more than was known.
func (p *Profile) remember(seen Observation, hour int64) bool {
	changed := false
	note := func(to *Entries, most int, key string) {
		if key != "" {
			more, news := to.with(key, hour, most)
			*to, changed = more, changed || news
		}
	}
	note(&p.Devices, maxDevices, seen.Device)
	note(&p.Countries, maxCountries, seen.Country)
	for _, n := range seen.Networks {
		note(&p.Networks, maxNetworks, n)
	}
	return changed
}

// with is e with something that was seen in an hour.
func (e Entries) with(key string, hour int64, most int) (Entries, bool) {
	e = slices.Clone(e)
	if at := slices.IndexFunc(e, func(x Entry) bool { return x.Key == key }); at >= 0 {
		old := e[at].Last
		e[at].Last = max(old, hour)
		return e, hour > old
	}
	e = append(e, Entry{key, hour, hour})
	if len(e) > most {
		oldest := slices.MinFunc(e[:most], func(a, b Entry) int { return cmp.Compare(a.Last, b.Last) })
		e = slices.DeleteFunc(e, func(x Entry) bool { return x == oldest })
	}
	return e, true
}

// trimmed is a profile without what was not seen for so long. When nothing is left somebody is as one who was never seen.
func (p Profile) trimmed(at time.Time, keep time.Duration) Profile {
	return p.only(func(e Entry) bool { return e.Last >= hourOf(at.Add(-keep)) })
}

// Before is a profile without what was first seen at a time or later, for who was not the one that was seen then.
func (p Profile) Before(t time.Time) Profile {
	p = p.only(func(e Entry) bool { return e.First < hourOf(t) })
	if p.Last != nil && p.Last.At >= t.Unix() {
		p.Last = nil
	}
	return p
}

func (p Profile) only(keep func(Entry) bool) Profile {
	for _, e := range []*Entries{&p.Devices, &p.Networks, &p.Countries} {
		*e = slices.DeleteFunc(slices.Clone(*e), func(x Entry) bool { return !keep(x) })
	}
	if len(p.Devices)+len(p.Networks)+len(p.Countries) == 0 {
		return Profile{}
	}
	return p
}

// bounded is an observation with names that fit.
func (s Observation) bounded() Observation {
	var names []string
	for _, n := range s.Networks {
		if n != "" {
			names = append(names, clip(n))
		}
	}
	s.Device, s.Country, s.Networks = clip(s.Device), clip(s.Country), names
	return s
}

// clip bounds what clients and files choose.
func clip(key string) string {
	if len(key) > maxKey || !utf8.ValidString(key) {
		return digest(key)
	}
	return key
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// DeviceOf is what is remembered of a browser and a system, without their versions: a digest.
func DeviceOf(browser, system string) string { return digest(browser + "\x00" + system) }

// NetworksOf names the network of an address: IPv4 /24, IPv6 /48, and the autonomous system when its number is not zero.
// A network is known when one of its names is.
func NetworksOf(address string, asn uint) []string {
	var names []string
	if addr, err := netip.ParseAddr(address); err == nil {
		addr = addr.Unmap().WithZone("")
		bits := 48
		if addr.Is4() {
			bits = 24
		}
		if p, err := addr.Prefix(bits); err == nil {
			names = append(names, p.String())
		}
	}
	if asn != 0 {
		names = append(names, "AS"+strconv.FormatUint(uint64(asn), 10))
	}
	return names
}
