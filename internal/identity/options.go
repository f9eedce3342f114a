package identity

import (
	"slices"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/optional"
)

// OptionsPatch changes a user's options one by one: an absent option keeps its value, and null removes it.
type OptionsPatch struct {
	IgnoreChangePasswordUponFirstUse optional.Value[bool]       `json:"ignore_change_password_upon_first_use"`
	IgnorePasswordExpiry             optional.Value[bool]       `json:"ignore_password_expiry"`
	IgnoreLockoutFailureAttempts     optional.Value[bool]       `json:"ignore_lockout_failure_attempts"`
	LockPassword                     optional.Value[bool]       `json:"lock_password"`
	IgnoreUserInactivity             optional.Value[bool]       `json:"ignore_user_inactivity"`
	MFAEnabled                       optional.Value[bool]       `json:"multi_factor_auth_enabled"`
	MFARules                         optional.Value[[][]string] `json:"multi_factor_auth_rules"`
	PasscodeInPassword               optional.Value[bool]       `json:"passcode_in_password"`
}

// apply changes o. BadRequest for rules that name a method not in methods, that are empty or that are there
// twice. Options that could not be read may hold rules that we do not see: they can be replaced as a whole
// and not in part, which is a Conflict.
func (p OptionsPatch) apply(o *Options, methods []string) error {
	if rules, ok := p.MFARules.Get(); ok {
		if err := checkRules(rules, methods); err != nil {
			return err
		}
	}
	if o.Unreadable {
		switch present := p.present(); {
		case !slices.Contains(present, true):
			return nil
		case slices.Contains(present, false):
			return fault.New(fault.Conflict, "The stored options of the user cannot be read. "+
				"Only a request that names every option, with null for those to remove, can replace them.")
		}
		*o = Options{}
	}
	merge(&o.IgnoreChangePasswordUponFirstUse, p.IgnoreChangePasswordUponFirstUse)
	merge(&o.IgnorePasswordExpiry, p.IgnorePasswordExpiry)
	merge(&o.IgnoreLockoutFailureAttempts, p.IgnoreLockoutFailureAttempts)
	merge(&o.LockPassword, p.LockPassword)
	merge(&o.IgnoreUserInactivity, p.IgnoreUserInactivity)
	merge(&o.MFAEnabled, p.MFAEnabled)
	merge(&o.MFARules, p.MFARules)
	merge(&o.PasscodeInPassword, p.PasscodeInPassword)
	return nil
}

// present tells for each option whether the patch names it.
func (p OptionsPatch) present() []bool {
	return []bool{
		p.IgnoreChangePasswordUponFirstUse.Present(), p.IgnorePasswordExpiry.Present(),
		p.IgnoreLockoutFailureAttempts.Present(), p.LockPassword.Present(), p.IgnoreUserInactivity.Present(),
		p.MFAEnabled.Present(), p.MFARules.Present(), p.PasscodeInPassword.Present(),
	}
}

func merge[T any](dst **T, v optional.Value[T]) {
	if got, ok := v.Get(); ok {
		*dst = &got
	} else if v.IsNull() {
		*dst = nil
	}
}

// checkRules refuses what says nothing and what nobody could meet. A rule may name a method that we do not have,
// which is how rules outlive a plug-in of Keystone; it can never be met (see package auth), so that another one
// must. Keystone cuts such a method out, and a misspelt one then silently asks for less.
func checkRules(rules [][]string, methods []string) error {
	bad := func(why string) error {
		return fault.New(fault.BadRequest, "Invalid input for 'multi_factor_auth_rules': %s.", why)
	}
	unknown := func(m string) bool { return !slices.Contains(methods, m) }
	if len(rules) > 0 && !slices.ContainsFunc(rules, func(r []string) bool { return !slices.ContainsFunc(r, unknown) }) {
		return bad("every rule names a method that cannot be asked for")
	}
	for i, rule := range rules {
		if len(rule) == 0 {
			return bad("a rule must name at least one method")
		}
		for j, m := range rule {
			if slices.Contains(rule[:j], m) {
				return bad("a rule names a method twice")
			}
		}
		if slices.ContainsFunc(rules[:i], func(r []string) bool { return slices.Equal(r, rule) }) {
			return bad("a rule is there twice")
		}
	}
	return nil
}
