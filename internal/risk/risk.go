// Package risk tells how unusual a sign-in of a person is, by what is remembered of the person's earlier ones, and why.
// It owns the model: what is remembered (Profile), what is seen of a sign-in (Observation) and the points of each
// reason. It neither stores anything nor decides what follows, and knows neither clocks nor networks: everything comes in.
package risk

import (
	"math"
	"time"
)

// Reason is why a sign-in is unusual.
type Reason string

// The reasons. docs/unusual-activity.md explains them.
const (
	NewDevice        Reason = "new_device"
	NewNetwork       Reason = "new_network"
	NewCountry       Reason = "new_country"
	ImpossibleTravel Reason = "impossible_travel"
	UnusualHour      Reason = "unusual_hour"
	FailureBurst     Reason = "failure_burst"
)

// All lists every reason, in the order in which they are told.
var All = []Reason{NewDevice, NewNetwork, NewCountry, ImpossibleTravel, UnusualHour, FailureBurst}

// Points are what each reason adds to the score. All together are more than MaxScore.
var Points = map[Reason]int{
	NewDevice: 20, NewNetwork: 15, NewCountry: 30, ImpossibleTravel: 40, UnusualHour: 10, FailureBurst: 15,
}

const (
	// MaxScore is the highest score.
	MaxScore = 100
	// LearningScore is the highest score of who has not signed in often enough to be known.
	LearningScore = 25
)

// The measures of the model.
const (
	burst        = 5                // failures in a row that are a burst
	burstWithin  = time.Hour        // and how fresh the last one is
	knownHours   = 20               // hours with a sign-in after which those of the day are known
	rareShare    = 50               // an hour is unusual when fewer than one in so many sign-ins were around it
	travelSpeed  = 1000.0           // km/h that nobody travels at
	travelFrom   = 500.0            // km below which files of places are too rough
	earthRadius  = 6371.0           // km
	placeWritten = 10 * time.Minute // how often the last place is written at most
)

// Point is a place on the globe, in degrees.
type Point struct {
	Latitude  float64 `json:"y"`
	Longitude float64 `json:"x"`
	// Accuracy is how far off it may be, in km.
	Accuracy float64 `json:"r,omitempty"`
}

// Observation is what is seen of a sign-in whose proofs were all right.
type Observation struct {
	At time.Time
	// Device is what the client's browser and system look like (see DeviceOf).
	Device string
	// Remembered tells that the person showed the secret of a remembered device, so that it is none that is new.
	Remembered bool
	// Networks name the client's network, in one or several ways (see NetworksOf); none when it is not known.
	Networks []string
	// Country is where that is, by its ISO code; empty for nobody knows. Point is nil for that.
	Country string
	Point   *Point
	// Failures counts the wrong passwords and codes in a row before it, the last one at FailedAt.
	Failures int
	FailedAt time.Time
}

// Verdict is how unusual a sign-in is.
type Verdict struct {
	// Score goes from 0, as always, to MaxScore.
	Score   int
	Reasons []Reason
}

// Names are the reasons as texts, never nil.
func (v Verdict) Names() []string {
	names := make([]string, len(v.Reasons))
	for i, r := range v.Reasons {
		names[i] = string(r)
	}
	return names
}

// Options are an operator's choices.
type Options struct {
	// Enabled tells whether sign-ins are judged, and anything remembered of them.
	Enabled bool
	// Notify, Challenge and Refuse are the scores from which the person is told, asked for a code, and refused; zero is never.
	Notify, Challenge, Refuse int
	// Learning is how many hours with a sign-in are remembered before somebody is known.
	Learning int
	// Keep is how long something is remembered that was not seen again.
	Keep time.Duration
}

// Defaults tell people, and neither challenge nor refuse them.
var Defaults = Options{Enabled: true, Notify: 20, Learning: 5, Keep: 90 * 24 * time.Hour}

// Reached reports whether a score reaches a threshold.
func Reached(score, threshold int) bool { return threshold > 0 && score >= threshold }

// Judge tells how unusual a sign-in is. Whoever was never seen does nothing unusual. What strangers can cause, failures,
// counts only on top of another reason: a person who is where he always is has score 0, whatever others do.
func (o Options) Judge(p Profile, seen Observation) Verdict {
	p, seen = p.trimmed(seen.At, o.Keep), seen.bounded()
	if p.Count == 0 {
		return Verdict{}
	}
	newNetwork := len(seen.Networks) > 0 && len(p.Networks) > 0 && !p.Networks.any(seen.Networks...)
	newCountry := seen.Country != "" && len(p.Countries) > 0 && !p.Countries.any(seen.Country)
	holds := map[Reason]bool{
		NewDevice:        !seen.Remembered && seen.Device != "" && !p.Devices.any(seen.Device),
		NewNetwork:       newNetwork,
		NewCountry:       newCountry,
		ImpossibleTravel: (newNetwork || newCountry) && p.Last.impossible(seen),
		UnusualHour:      p.Hours.rare(seen.At),
	}
	var v Verdict
	for _, r := range All {
		if r == FailureBurst {
			holds[r] = len(v.Reasons) > 0 && seen.Failures >= burst && seen.At.Sub(seen.FailedAt) <= burstWithin
		}
		if holds[r] {
			v.Reasons, v.Score = append(v.Reasons, r), v.Score+Points[r]
		}
	}
	highest := MaxScore
	if p.Count < o.Learning {
		highest = LearningScore
	}
	v.Score = min(v.Score, highest)
	return v
}

// impossible tells whether nobody gets from the last place to that of the sign-in in the time.
func (l *Sighting) impossible(seen Observation) bool {
	if l == nil || seen.Point == nil {
		return false
	}
	way := distance(l.Point, *seen.Point) - l.Accuracy - seen.Point.Accuracy
	hours := max(seen.At.Sub(time.Unix(l.At, 0)).Hours(), 0)
	return way > travelFrom && way > travelSpeed*hours
}

// distance is the way along the globe, in km (haversine).
func distance(a, b Point) float64 {
	rad := func(deg float64) float64 { return deg * math.Pi / 180 }
	half := func(x float64) float64 { s := math.Sin(x / 2); return s * s }
	h := half(rad(b.Latitude-a.Latitude)) + math.Cos(rad(a.Latitude))*math.Cos(rad(b.Latitude))*half(rad(b.Longitude-a.Longitude))
	return 2 * earthRadius * math.Asin(math.Sqrt(min(max(h, 0), 1)))
}
