package mfa

import (
	"slices"
	"testing"
)

func TestAdvice(t *testing.T) {
	t.Parallel()
	app := Factor{Kind: TOTP, State: Active}
	same := Factor{Kind: Phone, State: Active, Phone: PhoneDetails{HasApp: true}}
	for name, c := range map[string]struct {
		factors []Factor
		codes   int
		remind  bool
		want    []string
	}{
		"nobody who has said not now is reminded":        {nil, 0, false, []string{}},
		"who has nothing is reminded":                    {nil, 0, true, []string{AdviceEnrol}},
		"a factor that waits for its code is none":       {[]Factor{{Kind: TOTP, State: Pending}}, 0, true, []string{AdviceEnrol}},
		"who has an app and codes is left alone":         {[]Factor{app}, 4, true, []string{}},
		"two codes are enough":                           {[]Factor{app}, 2, true, []string{}},
		"the last code asks for new ones":                {[]Factor{app}, 1, true, []string{AdviceCodes}},
		"no code does too":                               {[]Factor{app}, 0, true, []string{AdviceCodes}},
		"a phone that is the app's asks for another one": {[]Factor{app, same}, 4, true, []string{AdviceOtherPhone}},
	} {
		if got := Advice(c.factors, c.codes, c.remind); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
