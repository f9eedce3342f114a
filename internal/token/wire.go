package token

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// b64 is the encoding of all three parts. Strict refuses stray bits in the last character.
var b64 = base64.RawURLEncoding.Strict()

// isBase64 reports whether s is the one encoding of its bytes. The decoder alone would skip line ends.
func isBase64(s string) bool {
	for i := range len(s) {
		if s[i] == '\r' || s[i] == '\n' {
			return false
		}
	}
	var buf [64]byte // enough for an audit id and a signature
	if len(s) > base64.RawURLEncoding.EncodedLen(len(buf)) {
		return false
	}
	_, err := b64.Decode(buf[:], []byte(s))
	return err == nil
}

// payload is Claims on the wire.
type payload struct {
	Sub      string   `json:"sub"`
	Prj      string   `json:"prj,omitempty"`
	Dom      string   `json:"dom,omitempty"`
	Sys      bool     `json:"sys,omitempty"`
	Trs      string   `json:"trs,omitempty"`
	Apc      string   `json:"apc,omitempty"`
	Oat      string   `json:"oat,omitempty"`
	X5t      string   `json:"x5t,omitempty"`
	Amr      []string `json:"amr"`
	Jti      string   `json:"jti"`
	Sid      string   `json:"sid,omitempty"`
	Iat      micros   `json:"iat"`
	Exp      micros   `json:"exp"`
	AuthTime micros   `json:"auth_time,omitzero"`
	Ver      int64    `json:"ver"`
	Pvr      int64    `json:"pvr,omitempty"`
}

// encode renders completed claims. Every claims value has exactly one rendering.
func encode(c Claims) ([]byte, error) {
	p := payload{
		Sub: c.UserID, Prj: c.ProjectID, Dom: c.DomainID, Sys: c.System, Trs: c.TrustID, Apc: c.AppCredID,
		Oat: c.AccessTokenID, X5t: c.Thumbprint, Pvr: c.PartnerVersion,
		Amr: c.Methods, Jti: c.AuditID, Iat: microsOf(c.IssuedAt), Exp: microsOf(c.ExpiresAt), Ver: c.AuthVersion,
	}
	if c.ChainID != c.AuditID {
		p.Sid = c.ChainID
	}
	if !c.AuthTime.Equal(c.IssuedAt) {
		p.AuthTime = microsOf(c.AuthTime)
	}
	return json.Marshal(p)
}

// decode reads what encode rendered and nothing else: the result must render to the very same bytes. So
// unknown, repeated, reordered or differently spelled members, nulls and foreign number forms are all
// refused, without a rule for each.
func decode(data []byte, kind Kind) (Claims, error) {
	var p payload
	if err := json.Unmarshal(data, &p); err != nil {
		return Claims{}, err
	}
	c := Claims{
		Kind: kind, UserID: p.Sub, ProjectID: p.Prj, DomainID: p.Dom, System: p.Sys, TrustID: p.Trs, AppCredID: p.Apc,
		AccessTokenID: p.Oat, Thumbprint: p.X5t, PartnerVersion: p.Pvr,
		Methods: p.Amr, AuditID: p.Jti, ChainID: p.Sid, IssuedAt: p.Iat.time(), ExpiresAt: p.Exp.time(), AuthVersion: p.Ver,
	}
	if p.AuthTime != 0 {
		c.AuthTime = p.AuthTime.time()
	}
	c = c.complete()
	if flaw := c.flaw(); flaw != "" {
		return Claims{}, errors.New(flaw)
	}
	if again, err := encode(c); err != nil || !bytes.Equal(again, data) {
		return Claims{}, errors.New("the payload is not in canonical form")
	}
	return c, nil
}

// micros is a time as microseconds since the epoch, on the wire seconds with exactly six decimals. It never
// passes through a float64, which cannot hold it.
type micros int64

func microsOf(t time.Time) micros { return micros(t.UnixMicro()) }

func (m micros) time() time.Time { return time.UnixMicro(int64(m)).UTC() }

// MarshalJSON renders m as 1790000000.123456.
func (m micros) MarshalJSON() ([]byte, error) {
	return fmt.Appendf(nil, "%d.%06d", m/1e6, m%1e6), nil
}

// UnmarshalJSON accepts the form of MarshalJSON only.
func (m *micros) UnmarshalJSON(data []byte) error {
	whole, fraction, _ := bytes.Cut(data, []byte("."))
	if len(whole) == 0 || len(whole) > 12 || len(fraction) != 6 || (whole[0] == '0' && len(whole) > 1) {
		return errors.New("not a time")
	}
	digits := append(append(make([]byte, 0, 18), whole...), fraction...)
	n, err := strconv.ParseUint(string(digits), 10, 63) // digits only, no sign
	if err != nil {
		return errors.New("not a time")
	}
	*m = micros(n)
	return nil
}
