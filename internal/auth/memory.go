package auth

import (
	"strings"

	"github.com/maypok86/otter/v2"
)

// memory keeps tokens as they were read, as long as no fact changed and the keys are the same. It saves the
// signature and every single look at a fact, never the look at the clock.
type memory struct {
	tokens *otter.Cache[string, remembered]
}

// remembered is a token and the moment before it was read.
type remembered struct {
	*Token
	at moment
}

// moment is a state of facts and keys.
type moment struct {
	facts, keys uint64
	trusted     bool
}

func (s *Service) moment() moment {
	facts, trusted := s.facts.Version()
	return moment{facts, s.signer.Generation(), trusted}
}

func newMemory(size int) *memory {
	if size <= 0 {
		return &memory{}
	}
	return &memory{otter.Must(&otter.Options[string, remembered]{MaximumSize: size})}
}

// find returns the token that the text was read as, if that is still so.
func (m *memory) find(s *Service, text string) *Token {
	if m.tokens == nil {
		return nil
	}
	r, ok := m.tokens.GetIfPresent(text)
	if !ok || !r.at.trusted || r.at != s.moment() {
		return nil
	}
	return r.Token
}

// keep remembers a token that was read after the moment at.
func (m *memory) keep(text string, t *Token, at moment) {
	if m.tokens != nil && at.trusted {
		t.kept = true
		m.tokens.Set(strings.Clone(text), remembered{t, at})
	}
}
