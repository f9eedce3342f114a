package catalog

import (
	"strings"

	"github.com/keyward/identity/internal/fault"
)

// key is what a part of a URL stands for.
type key uint8

// The names that Keystone fills in. There are no others: nothing of the configuration can be named.
const (
	literal     key = iota
	projectID       // $(project_id)s and $(tenant_id)s
	userID          // $(user_id)s
	publicURL       // $(public_endpoint)s
	computeHost     // $(compute_host)s, an option that no longer exists: such URLs are left out
)

var keys = map[string]key{
	"project_id": projectID, "tenant_id": projectID, "user_id": userID,
	"public_endpoint": publicURL, "compute_host": computeHost,
}

// part is a piece of a URL: text, or a name to fill in.
type part struct {
	key  key
	text string
}

// parse splits the URL of an endpoint at its $(name)s and %(name)s, which mean the same; %% stands for one
// percent sign. It fails with BadRequest for an unknown name, a reference that is not closed by ")s", and a
// percent sign that begins none.
func parse(url string) ([]part, error) {
	var parts []part
	var text strings.Builder
	for i := 0; i < len(url); {
		rest := url[i:]
		switch {
		case strings.HasPrefix(rest, "%%"):
			text.WriteByte('%')
			i += 2
		case strings.HasPrefix(rest, "$("), strings.HasPrefix(rest, "%("):
			name, _, ok := strings.Cut(rest[2:], ")s")
			k := keys[name]
			if !ok || k == literal {
				return nil, fault.New(fault.BadRequest, "Malformed endpoint URL: it names something that cannot be filled in.")
			}
			if text.Len() > 0 {
				parts = append(parts, part{text: text.String()})
				text.Reset()
			}
			parts = append(parts, part{key: k})
			i += len("$(") + len(name) + len(")s")
		case rest[0] == '%':
			return nil, fault.New(fault.BadRequest, "Malformed endpoint URL: a percent sign must be doubled or begin a %%(name)s.")
		default:
			text.WriteByte(rest[0])
			i++
		}
	}
	if text.Len() > 0 {
		parts = append(parts, part{text: text.String()})
	}
	return parts, nil
}
