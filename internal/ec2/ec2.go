// Package ec2 checks the signatures of Amazon's APIs that services hand on to us, and asks the gate for a token in
// the name of the access key's owner. It owns the canonical forms: EC2 signature versions 2 and 4, and the texts to
// sign of S3 (versions 1, which is S3's own, and 4). It keeps no keys (internal/credential), decides nothing about
// people (internal/auth), and knows neither HTTP nor SQL.
package ec2

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"maps"
	"strings"
	"time"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/credential"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/token"
)

// Window is how far the time of a signature may be from ours, either way.
const Window = 15 * time.Minute

// Names are those under which services send a Request or S3Request; Keystone knows them all.
var Names = []string{"credentials", "credential", "ec2Credentials"}

// Request is what a service was sent, as the service tells it.
type Request struct {
	// Access names the access key that Signature is said to be made with.
	Access    string `json:"access"`
	Signature string `json:"signature"`
	Host      string `json:"host"`
	Verb      string `json:"verb"`
	Path      string `json:"path"`
	// Params are those of the query, or of a form; Headers those of the request, in any case of letters.
	Params  map[string]string `json:"params"`
	Headers map[string]string `json:"headers"`
	// BodyHash is the SHA-256 of the body in hexadecimal digits, or what else was signed in its place.
	BodyHash string `json:"body_hash"`
}

// S3Request is what a service that speaks S3 tells: not the request, but the text that was signed.
type S3Request struct {
	Access    string `json:"access"`
	Signature string `json:"signature"`
	// Token is the text in base64, of either alphabet.
	Token string `json:"token"`
}

// text is the text to sign. It fails with BadRequest for what is not base64.
func (r S3Request) text() (string, error) {
	plain := strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(r.Token, "="))
	b, err := base64.RawURLEncoding.DecodeString(plain)
	if err != nil {
		return "", fault.New(fault.BadRequest, "Invalid input for field 'credentials/token': it must be base64.")
	}
	return string(b), nil
}

// Keys finds access keys (internal/credential).
type Keys interface {
	// AccessKey fails with NotFound.
	AccessKey(ctx context.Context, access string) (credential.AccessKey, error)
}

// Gate issues tokens (internal/auth).
type Gate interface {
	Vouch(ctx context.Context, v auth.Voucher) (auth.Issued, error)
}

// Service signs in by signature. It is safe for concurrent use.
type Service struct {
	keys Keys
	gate Gate
	now  func() time.Time
}

// NewService makes a service.
func NewService(keys Keys, gate Gate, now func() time.Time) *Service {
	return &Service{keys: keys, gate: gate, now: now}
}

// The refusals of signatures. Who asks is a service, so it may know why.
var (
	errSignature = fault.New(fault.Unauthorized, "The signature is not right.").Because("wrong_signature")
	errVersion   = fault.New(fault.Unauthorized, "Signatures of this version are not accepted.").Because("signature_version_refused")
	errNoTime    = fault.New(fault.Unauthorized, "The signature covers no time.").Because("timestamp_required")
	errTime      = fault.New(fault.Unauthorized, "The time of the signature is too far from now.").Because("timestamp_out_of_range")
	errBound     = fault.New(fault.Unauthorized, "The access key is bound to a delegation. Make it anew.").Because("access_key_bound")
)

// SignIn gives a token for a request to a service of EC2's kind. With oldAPI the owner is held to what the old API
// knows. It fails with NotFound for an access key that does not exist, and with Unauthorized for a signature that
// is not good now or a person who may not sign in.
func (s *Service) SignIn(ctx context.Context, r Request, oldAPI bool) (auth.Issued, error) {
	return s.signIn(ctx, r.Access, oldAPI, func(secret string) error { return Verify(r, secret, s.now()) })
}

// SignInS3 is SignIn for the text that a request to S3 was signed over. It fails with BadRequest too, for what is
// no text.
func (s *Service) SignInS3(ctx context.Context, r S3Request, oldAPI bool) (auth.Issued, error) {
	text, err := r.text()
	if err != nil {
		return auth.Issued{}, err
	}
	return s.signIn(ctx, r.Access, oldAPI, func(secret string) error { return VerifyS3(text, r.Signature, secret, s.now()) })
}

func (s *Service) signIn(ctx context.Context, access string, oldAPI bool, verify func(secret string) error) (auth.Issued, error) {
	if access == "" {
		return auth.Issued{}, errSignature
	}
	k, err := s.keys.AccessKey(ctx, access)
	if err != nil {
		return auth.Issued{}, err
	}
	if err := verify(k.Secret); err != nil {
		return auth.Issued{}, err
	}
	if k.Bound {
		return auth.Issued{}, errBound // the delegation may be gone, and its limits with it
	}
	return s.gate.Vouch(ctx, auth.Voucher{
		Method: token.MethodEC2, UserID: k.UserID, ProjectID: k.ProjectID,
		Methods: k.Made.Methods, AuthTime: k.Made.AuthTime, ChainID: k.ChainID, OldAPI: oldAPI,
	})
}

// Verify checks the signature of a request of version 2 or 4. It fails with Unauthorized and a reason.
func Verify(r Request, secret string, now time.Time) error {
	var sign func(Request, string) (string, time.Time, error)
	version, has := r.Params["SignatureVersion"]
	switch {
	case has && version == "2":
		sign = signV2
	case has:
		return errVersion // 0 and 1 are SHA-1 over texts in which values can be moved between names
	default:
		sign = signV4
	}
	want, at, err := sign(r, secret)
	if err != nil {
		return err
	}
	if !within(at, now) {
		return errTime
	}
	if same(want, r.Signature) {
		return nil
	}
	// Some clients sign the host without the port that they send.
	bare, ported := withoutPort(r)
	if !ported {
		return errSignature
	}
	if want, _, err = sign(bare, secret); err != nil || !same(want, r.Signature) {
		return errSignature
	}
	return nil
}

// withoutPort is the request with the port cut off its host, and whether there was one.
func withoutPort(r Request) (Request, bool) {
	host, ported := cutPort(r.Host)
	r.Host = host
	for name, value := range r.Headers {
		if !strings.EqualFold(name, "host") {
			continue
		}
		bare, has := cutPort(value)
		if !has {
			continue
		}
		headers := make(map[string]string, len(r.Headers))
		maps.Copy(headers, r.Headers)
		headers[name] = bare
		r.Headers, ported = headers, true
	}
	return r, ported
}

// cutPort cuts the port off a host, which may be an IPv6 address in brackets.
func cutPort(host string) (string, bool) {
	at := strings.LastIndexByte(host, ':')
	if at < 0 || strings.IndexByte(host[at:], ']') >= 0 {
		return host, false
	}
	return host[:at], true
}

func within(at, now time.Time) bool {
	return !at.Before(now.Add(-Window)) && !at.After(now.Add(Window))
}

// same compares in constant time.
func same(want, got string) bool { return subtle.ConstantTimeCompare([]byte(want), []byte(got)) == 1 }
