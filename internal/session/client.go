package session

import (
	"net/netip"
	"strings"

	"github.com/mileusna/useragent"
	"github.com/oschwald/maxminddb-golang/v2"
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

// Place is where an address is; empty for what the file does not tell. Country is the ISO 3166-1 code.
type Place struct{ Country, CountryName, City string }

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
	var found struct {
		Country struct {
			ISO   string            `maxminddb:"iso_code"`
			Names map[string]string `maxminddb:"names"`
		} `maxminddb:"country"`
		City struct {
			Names map[string]string `maxminddb:"names"`
		} `maxminddb:"city"`
	}
	if err := p.file.Lookup(ip.Unmap()).Decode(&found); err != nil {
		return Place{}
	}
	return Place{found.Country.ISO, found.Country.Names["en"], found.City.Names["en"]}
}
