package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/keyward/identity/internal/fault"
)

// The limits of a request body, besides its size.
const (
	maxDepth    = 32   // nested objects and arrays, the outermost included
	maxKeys     = 1000 // keys of all objects together
	maxItems    = 5000 // items of all arrays together, as each may become one problem to report
	maxNumber   = 64   // characters of a number
	maxExponent = 400  // a little more than a float64 can hold, so that nothing computes 10^1000000
)

// errMalformed is the cause that every refusal of Decode has in common.
var errMalformed = fault.New(fault.BadRequest, "The request body is not valid JSON.")

// Decode reads the body of a request: exactly one JSON object in UTF-8. Objects become map[string]any, arrays
// []any and numbers json.Number. An empty body is nil, which is not an error.
//
// It is stricter than encoding/json, which would repair what it should refuse: a byte order mark, trailing
// data, invalid UTF-8, lone surrogates, NUL characters, equal keys (also those that differ only in case), more
// than 32 levels, more than 1000 keys or 5000 array items, and numbers of more than 64 characters are all a
// BadRequest.
func Decode(body []byte) (map[string]any, error) {
	if len(body) == 0 {
		return nil, nil
	}
	d := decoder{Decoder: jsontext.NewDecoder(bytes.NewBuffer(body))}
	if d.PeekKind() != '{' {
		if _, err := d.ReadToken(); err != nil {
			return nil, malformed(err)
		}
		return nil, fault.New(fault.BadRequest, "The request body must be a JSON object.")
	}
	value, err := d.value()
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.BadRequest, "The request body must be one JSON object and nothing after it.")
	}
	return value.(map[string]any), nil
}

type decoder struct {
	*jsontext.Decoder
	keys, items int
}

func (d *decoder) value() (any, error) {
	token, err := d.ReadToken()
	if err != nil {
		return nil, malformed(err)
	}
	switch token.Kind() {
	case '{':
		return d.object()
	case '[':
		return d.array()
	case '"':
		return text(token.String())
	case '0':
		return number(token.String())
	case 't', 'f':
		return token.Bool(), nil
	}
	return nil, nil
}

// object reads the rest of an object whose brace is read.
func (d *decoder) object() (map[string]any, error) {
	if d.StackDepth() > maxDepth {
		return nil, tooDeep()
	}
	object := map[string]any{}
	folded := map[string]bool{}
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, malformed(err)
		}
		key, err := text(token.String())
		if err != nil {
			return nil, err
		}
		if d.keys++; d.keys > maxKeys {
			return nil, fault.New(fault.BadRequest, "The request body must have at most %d attributes.", maxKeys)
		}
		f := fold(key)
		if folded[f] {
			return nil, fault.New(fault.BadRequest, "The request body has the attribute '%s' twice.", label(key))
		}
		folded[f] = true
		if object[key], err = d.value(); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return object, malformed(err)
}

// array reads the rest of an array whose bracket is read.
func (d *decoder) array() ([]any, error) {
	if d.StackDepth() > maxDepth {
		return nil, tooDeep()
	}
	array := []any{}
	for d.PeekKind() != ']' {
		v, err := d.value()
		if err != nil {
			return nil, err
		}
		if d.items++; d.items > maxItems {
			return nil, fault.New(fault.BadRequest, "The request body must have at most %d items in its lists.", maxItems)
		}
		array = append(array, v)
	}
	_, err := d.ReadToken()
	return array, malformed(err)
}

// text refuses NUL, which PostgreSQL cannot store.
func text(s string) (string, error) {
	if strings.IndexByte(s, 0) >= 0 {
		return "", fault.New(fault.BadRequest, "The request body must not have NUL characters.")
	}
	return s, nil
}

// number keeps the text of a number, so that no digit is lost.
func number(s string) (json.Number, error) {
	mantissa := strings.IndexAny(s, "eE")
	if mantissa >= 0 {
		exponent, err := strconv.Atoi(s[mantissa+1:])
		if err != nil || exponent > maxExponent || exponent < -maxExponent {
			return "", fault.New(fault.BadRequest, "The request body has a number that is too large or too small.")
		}
	}
	if len(s) > maxNumber {
		return "", fault.New(fault.BadRequest, "The request body has a number of more than %d characters.", maxNumber)
	}
	return json.Number(s), nil
}

// fold maps keys that differ only in case to one, by the simple folding that encoding/json matches with.
func fold(key string) string {
	for i := range len(key) {
		if c := key[i]; c >= 0x80 || 'A' <= c && c <= 'Z' {
			return strings.Map(foldRune, key)
		}
	}
	return key
}

// foldRune returns the smallest rune that folds with r, and lower case for ASCII letters so that a key that
// is all lower case folds to itself.
func foldRune(r rune) rune {
	least := r
	for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
		least = min(least, f)
	}
	if 'A' <= least && least <= 'Z' {
		return least + ('a' - 'A')
	}
	return least
}

func tooDeep() error {
	return fault.New(fault.BadRequest, "The request body must be nested at most %d levels deep.", maxDepth)
}

// malformed turns an error of the tokenizer into a BadRequest that says where it is. Nil stays nil.
func malformed(err error) error {
	if err == nil {
		return nil
	}
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName) {
		return fault.New(fault.BadRequest, "The request body has an attribute twice, at byte %d.", syntax.ByteOffset)
	}
	if errors.As(err, &syntax) {
		return fault.New(fault.BadRequest, "The request body is not valid JSON at byte %d.", syntax.ByteOffset)
	}
	return errMalformed.From(err)
}
