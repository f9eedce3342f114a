package policy

import (
	"errors"
	"fmt"
	"strings"
)

// maxDepth bounds the nesting of parentheses and nots in a check string.
const maxDepth = 50

// exprKind says what an expr tests.
type exprKind uint8

const (
	exprConst       exprKind = iota // yes
	exprNot                         // args[0]
	exprAnd                         // all of args
	exprOr                          // any of args
	exprRule                        // the rule called text
	exprRole                        // the caller has the role text
	exprRoleAttr                    // the caller has the role that attr names
	exprServiceRole                 // the service token has the role text
	exprKeyText                     // the caller's key equals text
	exprKeyNull                     // the caller's key is null
	exprKeyAttr                     // the caller's key equals attr
	exprTextAttr                    // text equals attr
	exprNullAttr                    // attr is null
)

// expr is one node of a parsed check string.
type expr struct {
	kind exprKind
	yes  bool
	key  key
	text string
	attr string
	args []*expr
}

// parse reads an oslo.policy check string: or, and, not (in rising order of precedence, any case), parentheses
// and single checks. It refuses all that oslo.policy would silently turn into "never", the old list syntax,
// and remote checks. The empty string is always true.
func parse(check string) (*expr, error) {
	if check == "" {
		return &expr{kind: exprConst, yes: true}, nil
	}
	p := &parser{tokens: tokenize(check)}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t != "" {
		return nil, fmt.Errorf("unexpected %q", t)
	}
	return e, nil
}

// tokenize splits at white space and takes the parentheses off both ends of each piece. Parentheses inside a
// piece belong to %(name)s.
func tokenize(check string) []string {
	var tokens []string
	for piece := range strings.FieldsSeq(check) {
		body := strings.TrimLeft(piece, "(")
		for range len(piece) - len(body) {
			tokens = append(tokens, "(")
		}
		core := strings.TrimRight(body, ")")
		if core != "" {
			tokens = append(tokens, core)
		}
		for range len(body) - len(core) {
			tokens = append(tokens, ")")
		}
	}
	return tokens
}

type parser struct {
	tokens []string
}

func (p *parser) peek() string {
	if len(p.tokens) == 0 {
		return ""
	}
	return p.tokens[0]
}

func (p *parser) next() string {
	t := p.peek()
	if t != "" {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) or(depth int) (*expr, error) { return p.chain(exprOr, "or", depth, p.and) }

func (p *parser) and(depth int) (*expr, error) { return p.chain(exprAnd, "and", depth, p.not) }

// chain reads one or more operands joined by word.
func (p *parser) chain(kind exprKind, word string, depth int, operand func(int) (*expr, error)) (*expr, error) {
	first, err := operand(depth)
	if err != nil {
		return nil, err
	}
	args := []*expr{first}
	for strings.EqualFold(p.peek(), word) {
		p.next()
		arg, err := operand(depth)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	if len(args) == 1 {
		return first, nil
	}
	return &expr{kind: kind, args: args}, nil
}

func (p *parser) not(depth int) (*expr, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deeply")
	}
	if !strings.EqualFold(p.peek(), "not") {
		return p.atom(depth)
	}
	p.next()
	arg, err := p.not(depth + 1)
	if err != nil {
		return nil, err
	}
	return &expr{kind: exprNot, args: []*expr{arg}}, nil
}

func (p *parser) atom(depth int) (*expr, error) {
	switch t := p.next(); {
	case t == "":
		return nil, errors.New("ends where a check should stand")
	case t == "(":
		e, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.next() != ")" {
			return nil, errors.New("a parenthesis is not closed")
		}
		return e, nil
	case t == ")" || strings.EqualFold(t, "and") || strings.EqualFold(t, "or"):
		return nil, fmt.Errorf("%q stands where a check should", t)
	default:
		return parseCheck(t)
	}
}

// parseCheck reads one check: @, !, or kind:match.
func parseCheck(s string) (*expr, error) {
	switch s {
	case "@":
		return &expr{kind: exprConst, yes: true}, nil
	case "!":
		return &expr{kind: exprConst}, nil
	}
	kind, match, ok := strings.Cut(s, ":")
	if !ok || kind == "" || match == "" {
		return nil, fmt.Errorf("%q is not of the form kind:match", s)
	}
	text, attr, err := parseMatch(match)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", s, err)
	}
	switch kind {
	case "rule":
		if attr != "" {
			return nil, fmt.Errorf("%q: the name of a rule cannot come from the target", s)
		}
		return &expr{kind: exprRule, text: text}, nil
	case "role":
		if attr != "" {
			return &expr{kind: exprRoleAttr, attr: attr}, nil
		}
		return &expr{kind: exprRole, text: text}, nil
	case "service_roles":
		if attr != "" {
			return nil, fmt.Errorf("%q: a service role cannot come from the target", s)
		}
		return &expr{kind: exprServiceRole, text: text}, nil
	case "http", "https":
		return nil, fmt.Errorf("%q: remote checks are not supported", s)
	}
	return parseComparison(s, kind, text, attr)
}

// parseComparison reads the checks whose kind is a literal or an attribute of the caller.
func parseComparison(s, kind, text, attr string) (*expr, error) {
	if literal, ok := parseLiteral(kind); ok {
		switch {
		case attr == "":
			return nil, fmt.Errorf("%q compares two constants", s)
		case kind == "None":
			return &expr{kind: exprNullAttr, attr: attr}, nil
		}
		return &expr{kind: exprTextAttr, text: literal, attr: attr}, nil
	}
	k, ok := keys[kind]
	switch {
	case !ok:
		return nil, fmt.Errorf("%q: nothing is known of the caller under %q", s, kind)
	case attr != "":
		return &expr{kind: exprKeyAttr, key: k, attr: attr}, nil
	case text == "None":
		return &expr{kind: exprKeyNull, key: k}, nil
	}
	return &expr{kind: exprKeyText, key: k, text: text}, nil
}

// parseMatch reads the right side of a check: %(attr)s as a whole, or a plain text.
func parseMatch(match string) (text, attr string, err error) {
	if name, ok := strings.CutPrefix(match, "%("); ok {
		name, ok = strings.CutSuffix(name, ")s")
		if !ok || !isName(name) {
			return "", "", errors.New("a target attribute is written %(name)s, with nothing around it")
		}
		return "", name, nil
	}
	if strings.ContainsAny(match, "%()'\"") {
		return "", "", errors.New("plain text cannot hold quotes, parentheses or percent signs")
	}
	return match, "", nil
}

// parseLiteral reads a Python literal as oslo.policy takes them on the left side of a check.
func parseLiteral(s string) (string, bool) {
	switch s {
	case "None", "True", "False":
		return s, true
	}
	if n := len(s); n >= 2 && (s[0] == '\'' || s[0] == '"') && s[n-1] == s[0] {
		inner := s[1 : n-1]
		return inner, !strings.ContainsAny(inner, `'"\`)
	}
	if s[0] == '0' && s != "0" {
		return "", false
	}
	return s, strings.Trim(s, "0123456789") == ""
}

// isName reports whether s can be the name of a target attribute.
func isName(s string) bool {
	for _, r := range s {
		if r != '.' && r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return s != ""
}
