package session

import (
	"math"
	"net/netip"
	"strings"

	"github.com/mileusna/useragent"
	"github.com/oschwald/maxminddb-golang/v2"

	"github.com/keyward/identity/internal/risk"
)

// Program is what a user agent says of a browser or of an operating system; the name is Unknown when it says nothing.
type Program struct{ Name, Version string }

// Unknown is the name of what nobody knows.
const Unknown = "unknown"

// Client says which program and which operating system a User-Agent header names. It is what a client claims.
func Client(userAgent string) (browser, system Program) {
	ua := useragent.Parse(userAgent)
	return program(ua.Name, ua.Version), program(ua.OS, ua.OSVersion)
}

func program(name, version string) Program {
	if !strings.ContainsFunc(name, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' }) {
		return Program{Name: Unknown}
	}
	return Program{name, version}
}

// Place is where an address is; empty for what the file does not tell.
type Place struct {
	// Country is the ISO 3166-1 code.
	Country, CountryName, City string
	// Point is where on the globe; nil for nobody knows.
	Point *risk.Point
	// Network is the number of the autonomous system.
	Network uint
}

// Name is the place as people say it.
func (p Place) Name() string {
	country := p.CountryName
	if country == "" {
		country = p.Country
	}
	switch {
	case country == "" && p.City == "":
		return Unknown
	case country == "" || p.City == "":
		return country + p.City
	}
	return p.City + ", " + country
}

// Places looks addresses up in a file of MaxMind's format (GeoLite2, GeoIP2, DB-IP and others), which it maps into
// memory once. A nil one knows no place.
type Places struct{ file *maxminddb.Reader }

// OpenPlaces opens a file. It fails when that is not of the format.
func OpenPlaces(path string) (*Places, error) {
	r, err := maxminddb.Open(path)
	if err != nil {
		return nil, err
	}
	return &Places{r}, nil
}

// Close unmaps the file.
func (p *Places) Close() error {
	if p == nil {
		return nil
	}
	return p.file.Close()
}

// Of says where an address is, in English. What cannot be read or is not in the file is nowhere.
func (p *Places) Of(address string) Place {
	ip, err := netip.ParseAddr(address)
	if p == nil || err != nil {
		return Place{}
	}
	found := place{}
	if err := p.file.Lookup(ip.Unmap()).Decode(&found); err != nil {
		return Place{}
	}
	return Place{
		Country: found.Country.ISO, CountryName: found.Country.Names["en"], City: found.City.Names["en"], Point: found.Location.point(),
		Network: max(found.Network, found.Traits.Network),
	}
}

// place is what files tell: those of cities where, those of providers (ASN) the network, and some both.
type place struct {
	Country struct {
		ISO   string            `maxminddb:"iso_code"`
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"country"`
	City struct {
		Names map[string]string `maxminddb:"names"`
	} `maxminddb:"city"`
	Location location `maxminddb:"location"`
	Network  uint     `maxminddb:"autonomous_system_number"`
	Traits   struct {
		Network uint `maxminddb:"autonomous_system_number"`
	} `maxminddb:"traits"`
}

type location struct {
	Latitude  *float64 `maxminddb:"latitude"`
	Longitude *float64 `maxminddb:"longitude"`
	Accuracy  uint16   `maxminddb:"accuracy_radius"` // km
}

// point is a place on the globe, nil for one that is none.
func (l location) point() *risk.Point {
	if l.Latitude == nil || l.Longitude == nil || !(math.Abs(*l.Latitude) <= 90 && math.Abs(*l.Longitude) <= 180) { // not a number neither
		return nil
	}
	return &risk.Point{Latitude: *l.Latitude, Longitude: *l.Longitude, Accuracy: float64(l.Accuracy)}
}
