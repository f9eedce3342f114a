package password

import (
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"

	"github.com/keyward/identity/internal/fault"
)

// patternPatience is how long one password may be looked at. Such patterns can take exponential time.
const patternPatience = 250 * time.Millisecond

// Pattern is a regular expression that every new password must match, Keystone's password_regex. It is matched as
// Python's re.match does: at the beginning, not necessarily to the end. Lookaheads work, which such patterns are
// made of; that is why the engine is not Go's own.
type Pattern struct {
	expr        *regexp2.Regexp
	description string
}

// NewPattern makes a pattern; description is told to people whose password does not match, and may be empty. It
// fails for what is no expression in the dialect that Python and .NET share.
func NewPattern(expr, description string) (*Pattern, error) {
	re, err := regexp2.Compile(`\A(?:`+expr+`)`, regexp2.None)
	if err != nil {
		return nil, fmt.Errorf("password pattern: %w", err)
	}
	re.MatchTimeout = patternPatience
	return &Pattern{re, description}, nil
}

// Check refuses a password that does not match, or that cannot be matched in time, with a BadRequest of the
// reason password_requirements.
func (p *Pattern) Check(password string) error {
	password, err := Normalize(password)
	if err != nil {
		return err
	}
	if ok, err := p.expr.MatchString(password); ok && err == nil {
		return nil
	}
	return fault.New(fault.BadRequest, "%s", strings.TrimSpace("The password does not match the requirements. "+p.description)).
		Because("password_requirements")
}
