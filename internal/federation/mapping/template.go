package mapping

import (
	"strconv"
	"strings"
)

// template is text with places for positional values: "{0}@example.org". Doubled braces are single ones. It is
// never nil where there is a text, not even for the empty one.
type template []part

// part is text, or the place of a value.
type part struct {
	text  string
	index int // of the value; literal for text
}

// template reads a text. What Python's format can do besides {n} is refused: nothing in a mapping needs it, and
// some of it looks into the program.
func (p *parser) template(n node) (template, error) {
	s, err := n.text()
	if err != nil {
		return nil, err
	}
	if p.values == literal {
		return template{{s, literal}}, nil
	}
	t := template{}
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			t = append(t, part{text.String(), literal})
			text.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c != '{' && c != '}' {
			text.WriteByte(c)
			continue
		}
		if i+1 < len(s) && s[i+1] == c {
			text.WriteByte(c)
			i++
			continue
		}
		name, _, closed := strings.Cut(s[i+1:], "}")
		index, err := strconv.ParseUint(name, 10, 16)
		if c == '}' || !closed || err != nil || strings.HasPrefix(name, "+") {
			return nil, n.bad("holds a brace that is no placeholder such as {0}; single braces are written twice")
		}
		if int(index) >= p.values {
			return nil, n.bad("refers to {%d}, but the rule has no value of that number; any_one_of and not_any_of give none", index)
		}
		flush()
		t = append(t, part{index: int(index)})
		i += len(name) + 1
	}
	flush()
	return t, nil
}

// all returns the texts that come of the template: one for each value when it is nothing but a placeholder.
func (t template) all(values [][]string) ([]string, bool) {
	if len(t) == 1 && t[0].index != literal {
		return values[t[0].index], true
	}
	s, ok := t.one(values)
	return []string{s}, ok
}

// one returns the text that comes of the template; none when a value is a list of several or of none.
func (t template) one(values [][]string) (string, bool) {
	var out strings.Builder
	for _, p := range t {
		switch {
		case p.index == literal:
			out.WriteString(p.text)
		case len(values[p.index]) == 1:
			out.WriteString(values[p.index][0])
		default:
			return "", false
		}
	}
	return out.String(), true
}
