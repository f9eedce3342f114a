// Package credential owns what users keep in /v3/credentials: access keys of type ec2, certificates, and
// whatever else clients give a type of their own. Contents are sealed at rest. Secrets of type totp are second
// factors: internal/mfa owns them, and here they only appear in reads, without what they hold. Who may do what
// is decided by internal/policy. The package knows neither HTTP nor SQL.
package credential

import (
	"strings"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
)

// The types that mean something here. Every other type is the client's own business.
const (
	TOTP = "totp" // the seed of a second factor; see internal/mfa
	EC2  = "ec2"  // an access key and its secret
)

const (
	maxType = 255
	// maxContent is how many bytes the content of a credential may take. A page of a list holds many.
	maxContent = 32 << 10
)

// Credential is one credential of a user, without its content.
type Credential struct {
	// ID is the SHA-256 of the access key in hexadecimal digits for type ec2, as in Keystone.
	ID     string
	UserID string
	// ProjectID is empty when the credential belongs to no project.
	ProjectID string
	Type      string
	// Sealed is the content as the database has it, which only Service.Content reads. Second factors have none.
	Sealed string
	// Made is how the owner had signed in when he set the content of an access key. Zero when somebody else set it,
	// or nobody knows.
	Made Proof
	// ChainID is the session of all tokens from an access key with this content; empty for older ones.
	ChainID string
}

// Proof is how somebody had signed in.
type Proof struct {
	// Methods are those of the sign-in; none when it is unknown.
	Methods  []string
	AuthTime time.Time
}

// Content is what a credential holds.
type Content struct {
	// Blob is the client's text. For type ec2 it is a JSON object with the members access and secret.
	Blob string `json:"blob"`
	// Extra holds attributes of the client's own.
	Extra map[string]any `json:"extra,omitempty"`
}

// Draft is a credential that is to be, or a change of one: absent attributes keep their value.
type Draft struct {
	// ID cannot be changed; the present value is accepted. New credentials get theirs from the server.
	ID                            optional.Value[string]
	Type, Blob, UserID, ProjectID optional.Value[string]
	Extra                         map[string]any
	// ForAnother tells that an administrator makes it for somebody else. It may then wait for a role on its project,
	// as in Keystone; without one it is of no use.
	ForAnother bool
	// By is how the owner signed in; zero when it is somebody else who creates or changes the credential.
	By Proof
}

// TypeOf returns the form in which a type is kept and compared. No spelling of ec2 or totp, in other letters'
// case or width, gets round the rules on those. It fails with BadRequest for what cannot be a type.
func TypeOf(s string) (string, error) {
	name, err := naming.Clean("credential type", s, maxType)
	if err != nil {
		return "", err
	}
	plain := strings.TrimSpace(cases.Fold().String(norm.NFKC.String(name)))
	if plain == TOTP || plain == EC2 {
		return plain, nil
	}
	return name, nil
}
