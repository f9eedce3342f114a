package mapping

import (
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// Mappings are written for Python's re, and Go's RE2 reads a few things differently. What it cannot read at all
// (look-around, back references) and what it would read differently is refused when a mapping is stored, so
// that no list of who may enter ever means something else here. The rest is rewritten: the classes \w, \d and \s
// know all of Unicode in Python, $ also holds before a line feed at the very end, \Z is RE2's \z, and {,n} is {0,n}.

const (
	wordChars  = `_\p{L}\p{N}`
	spaceChars = `\t-\r\x1c-\x20\x{85}\p{Z}`
)

// outside and inside of brackets: what stands for the letter of an escape.
var (
	outside = map[byte]string{
		'w': "[" + wordChars + "]", 'W': "[^" + wordChars + "]", 's': "[" + spaceChars + "]", 'S': "[^" + spaceChars + "]",
		'd': `\p{Nd}`, 'D': `\P{Nd}`, 'Z': `\z`,
	}
	inside = map[byte]string{'w': wordChars, 's': spaceChars, 'd': `\p{Nd}`, 'D': `\P{Nd}`, 'b': `\x08`}
)

// foreign are escapes that Python does not know or means otherwise: \b is a boundary of ASCII words in RE2.
const foreign = "bBpPQECz12345678"

// Bounds of the expressions of one mapping: RE2 never takes exponential time, but x{1000} is a thousand states.
const (
	maxPattern = 512     // characters
	maxStates  = 100_000 // of all expressions together
)

var noMinimum = regexp.MustCompile(`^\{,[0-9]*\}`)

// compile returns the expression as Python means it; n is where it is written.
func (p *parser) compile(n node) (*regexp.Regexp, error) {
	pattern, err := n.text()
	if err != nil {
		return nil, err
	}
	if utf8.RuneCountInString(pattern) > maxPattern {
		return nil, n.bad("is a regular expression of more than %d characters", maxPattern)
	}
	text, err := translate(n, pattern)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, n.bad("is not a regular expression that this server understands (RE2, without look-around and back references)")
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err // never for a tree that was parsed
	}
	if p.states += len(program.Inst); p.states > maxStates {
		return nil, n.bad("and the regular expressions before it repeat too much")
	}
	return regexp.Compile(text)
}

// translate writes Python's expression for RE2.
func translate(n node, pattern string) (string, error) {
	var out strings.Builder
	first := 0 // where the content of the open bracket begins; 0 outside of brackets
	for i := 0; i < len(pattern); i++ {
		c, rest := pattern[i], pattern[i+1:]
		switch {
		case c == '\\' && rest != "":
			i++
			escape, err := escaped(n, rest[0], first > 0)
			if err != nil {
				return "", err
			}
			out.WriteString(escape)
			continue
		case first > 0 && c == '[' && strings.HasPrefix(rest, ":"):
			return "", n.bad(`uses "[:" inside of brackets, which not all understand alike`)
		case first > 0 && c == ']' && i > first:
			first = 0
		case first > 0:
		case c == '[':
			first = i + 1
			if strings.HasPrefix(rest, "^") {
				first++
			}
		case c == '{' && noMinimum.MatchString(pattern[i:]):
			out.WriteString("{0")
			continue
		case c == '$':
			out.WriteString(`(?:$|\n\z)`)
			continue
		}
		out.WriteByte(c)
	}
	return out.String(), nil
}

// escaped is what stands for a backslash and a letter.
func escaped(n node, letter byte, inBrackets bool) (string, error) {
	table := outside
	if inBrackets {
		table = inside
	}
	if s, ok := table[letter]; ok {
		return s, nil
	}
	if strings.IndexByte(foreign, letter) >= 0 || inBrackets && strings.IndexByte("WSZ", letter) >= 0 {
		return "", n.bad(`uses \%c in a way that this server does not understand`, letter)
	}
	return string([]byte{'\\', letter}), nil
}
