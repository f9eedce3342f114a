// Package phone owns telephone numbers and how messages get to them: reading and masking numbers, the gateways that
// an operator has configured, the order in which they are tried, and what they are known to have done. It knows
// neither users nor codes as such, and keeps nothing in the database: that is internal/mfa.
package phone

import (
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/keyward/identity/internal/fault"
)

// Number is a telephone number that can exist.
type Number struct {
	// E164 is the number with a plus and the country's code, digits only behind it (ITU-T E.164).
	E164 string
	// Country is the region that the number belongs to (ISO 3166-1, two letters), empty for those of no country.
	Country string
}

// ErrNumber is the answer to everything that is no number somebody can have.
var ErrNumber = fault.New(fault.BadRequest, "This is not a telephone number that can get messages. Give it with + and the country's code, or with its country.").
	Because("phone_number_invalid")

// maxNumber is how long the text of a number may be, with all that people write between its digits.
const maxNumber = 40

// Parse reads a number as people write it: with + and the code of its country, or as it is dialled in country, two
// letters of ISO 3166-1. It fails with ErrNumber.
func Parse(text, country string) (Number, error) {
	country = strings.ToUpper(strings.TrimSpace(country))
	if len(text) > maxNumber || country != "" && !phonenumbers.GetSupportedRegions()[country] {
		return Number{}, ErrNumber
	}
	n, err := phonenumbers.Parse(text, country)
	if err != nil || n.GetExtension() != "" || !phonenumbers.IsValidNumber(n) || costly(phonenumbers.GetNumberType(n)) {
		return Number{}, ErrNumber
	}
	region := phonenumbers.GetRegionCodeForNumber(n)
	if len(region) != 2 || region == "ZZ" {
		region = ""
	}
	if country != "" && region != "" && country != region && !strings.HasPrefix(strings.TrimSpace(text), "+") {
		return Number{}, ErrNumber
	}
	return Number{E164: phonenumbers.Format(n, phonenumbers.E164), Country: region}, nil
}

// costly tells of numbers that nobody signs in with, and that strangers earn money with when they are called.
func costly(kind phonenumbers.PhoneNumberType) bool {
	switch kind {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.TOLL_FREE, phonenumbers.PAGER, phonenumbers.UAN, phonenumbers.VOICEMAIL:
		return true
	}
	return false
}

// Masked is how a number is shown: its first characters and its last two digits.
func (n Number) Masked() string {
	const head, tail = 3, 2
	if len(n.E164) <= head+tail {
		return strings.Repeat("*", len(n.E164))
	}
	return n.E164[:head] + strings.Repeat("*", len(n.E164)-head-tail) + n.E164[len(n.E164)-tail:]
}
