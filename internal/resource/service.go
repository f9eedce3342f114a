package resource

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
)

// What Keystone allows.
const (
	DefaultMaxDepth = 5 // projects below one another, the domain not counted (max_project_tree_depth)
	maxName         = 64
	maxDomainText   = 255 // characters of a domain's description
	maxTags         = 80
	maxTag          = 255
)

// federated is the name that stands for "no domain" in Keystone's federation and may name none.
const federated = "Federated"

// Store keeps domains and projects. Its methods fail with NotFound for what does not exist and with Conflict
// for a name or id that is taken, and append the event of each change.
type Store interface {
	// InTx runs fn in one transaction that travels in its context.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error
	Project(ctx context.Context, id string) (Project, error)
	// Domain is Project for domains only.
	Domain(ctx context.Context, id string) (Project, error)
	ListProjects(ctx context.Context, q listing.Query) (listing.Page[Project], error)
	CreateProject(ctx context.Context, p Project) error
	UpdateProject(ctx context.Context, id string, change func(*Project) error) (Project, error)
	// DeleteProject removes a project, or a domain with all that is in it.
	DeleteProject(ctx context.Context, id string) error
	// Ancestors are the projects above, nearest first, the domain last.
	Ancestors(ctx context.Context, id string) ([]Project, error)
	// Subtree are the projects below, level by level.
	Subtree(ctx context.Context, id string) ([]Project, error)
}

// Service holds the rules of domains and projects.
type Service struct {
	store  Store
	limits Limits
	newID  func() string
}

// Limits are an operator's choices about domains and projects.
type Limits struct {
	// MaxDepth is how many projects may lie below one another; zero means DefaultMaxDepth.
	MaxDepth int
	// SafeProjects and SafeDomains refuse new names that cannot stand in a URL as they are.
	SafeProjects, SafeDomains bool
}

// NewService returns a Service.
func NewService(store Store, limits Limits, newID func() string) *Service {
	if limits.MaxDepth <= 0 {
		limits.MaxDepth = DefaultMaxDepth
	}
	return &Service{store: store, limits: limits, newID: newID}
}

// Draft is a domain or project that is to be.
type Draft struct {
	// ID is the id a domain shall have; empty lets the server choose.
	ID   string
	Name string
	// DomainID and ParentID are empty for a domain; an empty ParentID puts a project at the top of its domain.
	DomainID string
	ParentID string
	IsDomain bool
	// Description is "" when absent, and may be null.
	Description optional.Value[string]
	Enabled     optional.Value[bool] // true when absent
	Tags        []string
	Immutable   optional.Value[bool]
	// PasscodeInPassword is an option of domains.
	PasscodeInPassword optional.Value[bool]
	Extra              map[string]any
}

// Patch is a change of a domain or project. Absent attributes keep their value.
type Patch struct {
	// ID, DomainID, ParentID and IsDomain cannot change: they are compared with what is there.
	ID          optional.Value[string]
	DomainID    optional.Value[string]
	ParentID    optional.Value[string]
	IsDomain    optional.Value[bool]
	Name        optional.Value[string]
	Description optional.Value[string]
	Enabled     optional.Value[bool]
	Tags        optional.Value[[]string]
	// Immutable is the option of that name; null removes it.
	Immutable optional.Value[bool]
	// PasscodeInPassword is an option of domains; null removes it.
	PasscodeInPassword optional.Value[bool]
	// Extra are added to the attributes kept without understanding.
	Extra map[string]any
}

// empty reports whether the patch says nothing.
func (p Patch) empty() bool { return p.onlyImmutable() && !p.Immutable.Present() }

// unlocks reports whether the patch does nothing but lift the immutable option.
func (p Patch) unlocks() bool {
	return p.onlyImmutable() && p.Immutable.Present() && !p.Immutable.Or(false)
}

func (p Patch) onlyImmutable() bool {
	return !p.ID.Present() && !p.DomainID.Present() && !p.ParentID.Present() && !p.IsDomain.Present() &&
		!p.Name.Present() && !p.Description.Present() && !p.Enabled.Present() && !p.Tags.Present() &&
		!p.PasscodeInPassword.Present() && len(p.Extra) == 0
}

// apply changes what a patch may change in any domain or project.
func (s *Service) apply(p Patch, to *Project) error {
	if p.Name.Present() {
		name, err := s.cleanName(to.IsDomain, p.Name.Or(""))
		if err != nil {
			return err
		}
		to.Name = name
	}
	if p.Description.Present() {
		d, err := cleanDescription(to.IsDomain, p.Description)
		if err != nil {
			return err
		}
		to.Description = d
	}
	if p.Tags.Present() {
		tags, err := cleanTags(p.Tags.Or(nil))
		if err != nil {
			return err
		}
		to.Tags = tags
	}
	if p.Enabled.IsNull() {
		return fault.New(fault.BadRequest, "Invalid input for field 'enabled': it must be a boolean.")
	}
	p.Enabled.Apply(&to.Enabled)
	if p.Immutable.Present() {
		to.Options.Immutable = p.Immutable.Pointer()
	}
	if p.PasscodeInPassword.Present() {
		to.Options.PasscodeInPassword = p.PasscodeInPassword.Pointer()
	}
	to.Extra = optional.Merge(to.Extra, p.Extra)
	return nil
}

// immutable reports whether the project is protected against change and deletion.
func (p Project) immutable() bool { return p.Options.Immutable != nil && *p.Options.Immutable }

// kind is what the project is called in messages.
func (p Project) kind() string {
	if p.IsDomain {
		return "domain"
	}
	return "project"
}

func (s *Service) cleanName(isDomain bool, name string) (string, error) {
	kind, safe := "project", s.limits.SafeProjects
	if isDomain {
		kind, safe = "domain", s.limits.SafeDomains
	}
	name, err := naming.Clean(kind+" name", name, maxName)
	switch {
	case err != nil:
		return "", err
	case isDomain && strings.EqualFold(name, federated):
		return "", fault.New(fault.BadRequest, "The domain name %s is reserved.", federated)
	case safe && !naming.URLSafe(name):
		return "", fault.New(fault.BadRequest, "The %s name cannot contain reserved characters.", kind)
	}
	return name, nil
}

// cleanDescription returns nil for null and "" for an absent description.
func cleanDescription(isDomain bool, d optional.Value[string]) (*string, error) {
	if d.IsNull() {
		return nil, nil
	}
	text := d.Or("")
	if isDomain && utf8.RuneCountInString(text) > maxDomainText {
		return nil, fault.New(fault.BadRequest, "Invalid domain description: it must not be longer than %d characters.", maxDomainText)
	}
	return &text, nil
}

// cleanTags checks and normalises a project's tags: at most 80 different ones, without commas and slashes,
// which separate tags in filters and paths.
func cleanTags(tags []string) ([]string, error) {
	if len(tags) > maxTags {
		return nil, fault.New(fault.BadRequest, "A project can have at most %d tags.", maxTags)
	}
	clean := make([]string, 0, len(tags))
	seen := make(map[string]bool, len(tags))
	for _, t := range tags {
		if strings.ContainsAny(t, ",/") {
			return nil, fault.New(fault.BadRequest, "Invalid tag: it must not hold commas or slashes.")
		}
		t, err := naming.Clean("tag", t, maxTag)
		if err != nil {
			return nil, err
		}
		if seen[t] {
			return nil, fault.New(fault.BadRequest, "Invalid tags: they must differ from each other.")
		}
		seen[t] = true
		clean = append(clean, t)
	}
	slices.Sort(clean) // as they are stored
	return clean, nil
}

// page lists. A marker outside of the domain asked for names nothing, so that ids of others cannot be probed.
func (s *Service) page(ctx context.Context, q listing.Query) (listing.Page[Project], error) {
	for i := range q.Filters {
		if attr := q.Filters[i].Attr; attr == "name" || strings.Contains(attr, "tags") {
			q.Filters[i].Value = norm.NFC.String(q.Filters[i].Value)
		}
	}
	return s.store.ListProjects(ctx, q)
}
