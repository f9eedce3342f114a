package policy

import (
	"strings"
	"testing"
)

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]string{
		"only white space":                   "  ",
		"a word alone":                       "admin",
		"no kind":                            ":admin",
		"no match":                           "role:",
		"an operator first":                  "or role:admin",
		"an operator last":                   "role:admin and",
		"two operators together":             "role:a or and role:b",
		"two checks side by side":            "role:a role:b",
		"not with nothing":                   "not",
		"empty parentheses":                  "()",
		"a parenthesis left open":            "(role:a or role:b",
		"a parenthesis too many":             "role:a)",
		"parentheses inside a word":          "role:a)or(role:b",
		"a quoted string alone":              "'role:admin'",
		"a quote left open":                  "'admin:%(target.role.name)s",
		"a quoted literal on the right":      "user_id:'abc'",
		"two constants":                      "'a':a",
		"None against None":                  "None:None",
		"a placeholder without s":            "user_id:%(target.user.id)",
		"a placeholder without name":         "user_id:%()s",
		"a placeholder with odd characters":  "user_id:%(target user)s",
		"a placeholder inside text":          "user_id:x%(target.user.id)s",
		"a placeholder as name of a rule":    "rule:%(target.user.id)s",
		"an unknown attribute of the caller": "user_idd:%(target.user.id)s",
		"a number with a leading zero":       "01:%(target.user.id)s",
		"a remote check":                     "http://example.org/%(target.user.id)s",
		"very deep parentheses":              strings.Repeat("(", 1000) + "@" + strings.Repeat(")", 1000),
		"very many nots":                     strings.Repeat("not ", 1000) + "@",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(check); err == nil {
				t.Errorf("parse(%q) succeeded", check)
			}
		})
	}
}

func TestParseAccepts(t *testing.T) {
	t.Parallel()
	for check, want := range map[string]string{
		"":                                "@",
		"@":                               "@",
		"!":                               "!",
		"role:admin":                      "role:admin",
		"( ( role:a ) )":                  "role:a",
		"role:a or role:b and role:c":     "(role:a or (role:b and role:c))",
		"role:a and role:b or role:c":     "((role:a and role:b) or role:c)",
		"(role:a or role:b) and role:c":   "((role:a or role:b) and role:c)",
		"not role:a and role:b":           "(not role:a and role:b)",
		"not (role:a and role:b)":         "not (role:a and role:b)",
		"NOT role:a OR not\n\tnot rule:b": "(not role:a or not not rule:b)",
		"rule:identity:get_user":          "rule:identity:get_user",
		"role:a:b":                        "role:a:b",
		"user_id:%(target.user.id)s":      "key1:%(target.user.id)s",
		"domain_id:None":                  "key5:None",
		"system_scope:all":                "key6:all",
		"None:%(x)s":                      "None:%(x)s",
		"'a':%(x)s or \"b\":%(x)s":        "('a':%(x)s or 'b':%(x)s)",
		"True:%(x)s or 7:%(x)s":           "('True':%(x)s or '7':%(x)s)",
	} {
		t.Run(check, func(t *testing.T) {
			t.Parallel()
			e, err := parse(check)
			if err != nil {
				t.Fatalf("parse(%q): %v", check, err)
			}
			if got := show(e); got != want {
				t.Errorf("parse(%q) = %s, want %s", check, got, want)
			}
		})
	}
}

// show writes an expression with every parenthesis.
func show(e *expr) string {
	join := func(word string) string {
		parts := make([]string, len(e.args))
		for i, arg := range e.args {
			parts[i] = show(arg)
		}
		return "(" + strings.Join(parts, " "+word+" ") + ")"
	}
	k := "key" + string('0'+rune(e.key))
	attr := "%(" + e.attr + ")s"
	switch e.kind {
	case exprConst:
		if e.yes {
			return "@"
		}
		return "!"
	case exprNot:
		return "not " + show(e.args[0])
	case exprAnd:
		return join("and")
	case exprOr:
		return join("or")
	case exprRule:
		return "rule:" + e.text
	case exprRole:
		return "role:" + e.text
	case exprRoleAttr:
		return "role:" + attr
	case exprServiceRole:
		return "service_roles:" + e.text
	case exprKeyText:
		return k + ":" + e.text
	case exprKeyNull:
		return k + ":None"
	case exprKeyAttr:
		return k + ":" + attr
	case exprTextAttr:
		return "'" + e.text + "':" + attr
	case exprNullAttr:
		return "None:" + attr
	}
	return "?"
}

func FuzzParse(f *testing.F) {
	for _, r := range All() {
		f.Add(r.Check)
	}
	for _, s := range []string{"(", ")", "%(", "'':%(x)s", "not (a:b or", "\":%(x)s", "0:%(x)s", "a:\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, check string) {
		e, err := parse(check)
		if err != nil {
			return
		}
		e.references(nil)
		e.decide(&Actor{UserID: "u", Roles: []string{"admin"}}, Attrs{"x": Is("u")})
	})
}
