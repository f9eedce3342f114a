package identity

import (
	"reflect"
	"testing"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/optional"
)

var methods = []string{"password", "totp"}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	rules := func(r ...[]string) OptionsPatch { return OptionsPatch{MFARules: optional.Of(r)} }
	for _, c := range []struct {
		why   string
		patch OptionsPatch
		want  fault.Kind
	}{
		{"every rule names a method that nobody knows", rules([]string{"password", "ttop"}, []string{"magic"}), fault.BadRequest},
		{"a rule names token, which proves nothing", rules([]string{"token"}), fault.BadRequest},
		{"a rule differs from a method in case", rules([]string{"Password"}), fault.BadRequest},
		{"a rule names nothing", rules([]string{"password"}, []string{}), fault.BadRequest},
		{"a rule names a method twice", rules([]string{"totp", "totp"}), fault.BadRequest},
		{"a rule is there twice", rules([]string{"totp"}, []string{"totp"}), fault.BadRequest},
	} {
		t.Run(c.why, func(t *testing.T) {
			t.Parallel()
			var o Options
			if err := c.patch.apply(&o, methods); !fault.Is(err, c.want) {
				t.Errorf("got %v, want kind %v", err, c.want)
			}
			if !reflect.DeepEqual(o, Options{}) {
				t.Errorf("a refused patch changed the options: %+v", o)
			}
		})
	}
}

func TestOptionsKeepRulesOfOtherMethodsBesideOneThatCanBeMet(t *testing.T) {
	t.Parallel()
	var o Options
	rules := [][]string{{"password", "smart card"}, {"password", "totp"}}
	if err := (OptionsPatch{MFARules: optional.Of(rules)}).apply(&o, methods); err != nil {
		t.Fatal(err)
	}
	if o.MFARules == nil || !reflect.DeepEqual(*o.MFARules, rules) {
		t.Errorf("got %v, want %v", o.MFARules, rules)
	}
}

func TestOptionsMerge(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	o := Options{LockPassword: &yes, MFAEnabled: &yes, IgnorePasswordExpiry: &no}
	err := OptionsPatch{
		MFAEnabled: optional.Of(false), LockPassword: optional.Null[bool](), MFARules: optional.Of([][]string{}),
	}.apply(&o, methods)
	if err != nil {
		t.Fatal(err)
	}
	if o.LockPassword != nil {
		t.Error("an option set to null is removed")
	}
	if o.MFAEnabled == nil || *o.MFAEnabled {
		t.Error("an option that is named changes")
	}
	if o.IgnorePasswordExpiry == nil || *o.IgnorePasswordExpiry {
		t.Error("an option that is absent stays")
	}
	if o.MFARules == nil || len(*o.MFARules) != 0 {
		t.Error("an empty list of rules is kept")
	}
}

func TestUnreadableOptionsAreReplacedAsAWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	o := Options{Unreadable: true}
	if err := (OptionsPatch{MFAEnabled: optional.Of(false)}).apply(&o, methods); !fault.Is(err, fault.Conflict) || !o.Unreadable {
		t.Errorf("a part: got %v and unreadable=%v, want Conflict and true", err, o.Unreadable)
	}
	if err := (OptionsPatch{}).apply(&o, methods); err != nil || !o.Unreadable {
		t.Errorf("nothing: got %v and unreadable=%v, want none and true", err, o.Unreadable)
	}
	null := optional.Null[bool]()
	whole := OptionsPatch{
		IgnoreChangePasswordUponFirstUse: null, IgnorePasswordExpiry: null, IgnoreLockoutFailureAttempts: null,
		LockPassword: null, IgnoreUserInactivity: null, MFAEnabled: null, MFARules: optional.Of([][]string{{"password", "totp"}}),
		PasscodeInPassword: null,
	}
	if n := reflect.TypeFor[OptionsPatch]().NumField(); n != len(whole.present()) {
		t.Errorf("present looks at %d of %d options", len(whole.present()), n)
	}
	if err := whole.apply(&o, methods); err != nil || o.Unreadable || o.MFARules == nil {
		t.Errorf("all of them: got %v and %+v, want the new rules", err, o)
	}
}
