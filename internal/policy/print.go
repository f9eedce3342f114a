package policy

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Print writes a policy.yaml in oslo.policy's sample form: every rule with its documentation, the defaults
// commented out, and what the operator has changed or added as it is in force. Read back, it changes nothing.
func (e *Engine) Print(w io.Writer) error {
	out := bufio.NewWriter(w)
	fmt.Fprint(out, "# Who may do what. Uncomment a line to change it; `identity policy check` reads the result.\n\n")
	known := map[string]bool{}
	for _, b := range baseRules {
		known[b.name] = true
		comment(out, b.doc)
		e.line(out, b.name)
	}
	for _, r := range All() {
		known[r.Name] = true
		comment(out, r.Doc)
		for _, op := range r.Ops {
			fmt.Fprintf(out, "# %s\n", op)
		}
		fmt.Fprintf(out, "# Token scopes: %s. Delegated tokens: %s.\n", scopeNames(r.Scopes), delegatedTokens(r))
		if len(r.Targets) > 0 {
			comment(out, "May compare: "+strings.Join(r.Targets, ", "))
		}
		e.line(out, r.Name)
	}
	for name := range sorted(e.defs) {
		if !known[name] {
			e.line(out, name)
		}
	}
	return out.Flush()
}

// line writes one definition, commented out unless it is the operator's.
func (e *Engine) line(out io.Writer, name string) {
	mark := "#"
	if e.defs[name].own {
		mark = ""
	}
	fmt.Fprintf(out, "%s%s: %s\n\n", mark, strconv.Quote(name), strconv.Quote(e.defs[name].check))
}

// comment writes s as comment lines of at most about a hundred characters.
func comment(out io.Writer, s string) {
	line := "#"
	for word := range strings.FieldsSeq(s) {
		if len(line)+1+len(word) > 100 {
			fmt.Fprintln(out, line)
			line = "#"
		}
		line += " " + word
	}
	fmt.Fprintln(out, line)
}

func scopeNames(scopes []Scope) string {
	names := make([]string, len(scopes))
	for i, s := range scopes {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}

// delegatedTokens says which tokens the rule admits of those that stand for a person who is not there.
func delegatedTokens(r Rule) string {
	switch {
	case r.Delegated:
		return "yes"
	case r.AppCredentials:
		return "those of application credentials"
	case r.Unrestricted:
		return "those of unrestricted application credentials"
	case r.FromTrust:
		return "those of trusts"
	}
	return "no"
}
