// Package facts answers what is true now about users, projects, roles, revocations and the catalog, for the
// gate and for reading tokens. Answers may come from a cache that obeys the stream of events: what an event
// names is dropped before the request that caused it is answered, other nodes' events are applied as they
// arrive, and a node that does not hear them stops using what it has. Nothing is cached by time.
package facts

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/keyward/identity/internal/appcred"
	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/duty"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/federation"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/mfa"
	"github.com/keyward/identity/internal/oauth"
	"github.com/keyward/identity/internal/resource"
	"github.com/keyward/identity/internal/trust"
)

// Source is where facts come from. Its methods fail with NotFound for what does not exist.
type Source interface {
	User(ctx context.Context, id string) (identity.User, error)
	Project(ctx context.Context, id string) (resource.Project, error)
	Grants(ctx context.Context, f assignment.Filter) ([]assignment.Grant, error)
	AllRoles(ctx context.Context) ([]assignment.Role, error)
	Implications(ctx context.Context) ([]assignment.Implication, error)
	Catalog(ctx context.Context) ([]catalog.Region, []catalog.Service, []catalog.Endpoint, error)
	ListServiceProviders(ctx context.Context, q listing.Query) (listing.Page[federation.ServiceProvider], error)
	// FilteredProjects names the projects that are associated with endpoints or groups of them, and EndpointsOf the
	// endpoints that one of them sees.
	FilteredProjects(ctx context.Context) ([]string, error)
	EndpointsOf(ctx context.Context, projectID string) ([]string, error)
	Factors(ctx context.Context, userID string) ([]mfa.Factor, error)
	// Requirements are all that is demanded of second factors, and DutyRecord what is on record about a user.
	Requirements(ctx context.Context) ([]duty.Requirement, error)
	DutyRecord(ctx context.Context, userID string) (duty.Record, error)
	// GroupIDs names the groups that a user is a member of.
	GroupIDs(ctx context.Context, userID string) ([]string, error)
	Revoked(ctx context.Context, ids ...string) (bool, error)
	AppCredential(ctx context.Context, id string) (appcred.Credential, error)
	Trust(ctx context.Context, id string) (trust.Trust, error)
	AccessToken(ctx context.Context, id string) (oauth.AccessToken, error)
	// InTransaction reports whether reads with ctx are those of a transaction: they may see what is never
	// committed, or what was true when it began.
	InTransaction(ctx context.Context) bool
}

// Facts reads a Source through caches. It is safe for concurrent use.
type Facts struct {
	source    Source
	now       func() time.Time
	publicURL string

	users        *otter.Cache[string, *identity.User]
	projects     *otter.Cache[string, *resource.Project]
	grants       *otter.Cache[string, []assignment.Grant]
	groups       *otter.Cache[string, []string]
	records      *otter.Cache[string, duty.Record]
	requirements atomic.Pointer[[]duty.Requirement]
	factors      *otter.Cache[string, mfa.Kinds]
	revoked      *otter.Cache[string, bool]
	appCreds     *otter.Cache[string, *appcred.Credential]
	trusts       *otter.Cache[string, *trust.Trust]
	accessTokens *otter.Cache[string, *oauth.AccessToken]
	table        atomic.Pointer[assignment.Table]
	partners     atomic.Pointer[[]federation.ServiceProvider]
	catalog      atomic.Pointer[whole]
	filtered     *otter.Cache[string, *catalog.Snapshot] // of projects with associations
	hidden       bool                                    // whether projects without associations see nothing

	// seq counts invalidations. What was read from the source before one is not kept after it.
	mu  sync.RWMutex
	seq atomic.Uint64 // changed under mu

	// heard is when the stream was last known to be read to its end.
	heard atomic.Pointer[time.Time]
}

// Patience is how long a node trusts its caches without hearing the stream: the promise that a change is
// seen everywhere within a second.
const Patience = 900 * time.Millisecond

// New makes Facts that remember up to size entries of each kind. now must be a clock that moves on by
// itself: it only measures how long ago the stream was heard. Until Heard is called nothing is cached.
func New(source Source, size int, now func() time.Time) *Facts {
	return &Facts{
		source: source, now: now,
		users:        bounded[*identity.User](size),
		projects:     bounded[*resource.Project](size),
		grants:       bounded[[]assignment.Grant](size),
		groups:       bounded[[]string](size),
		records:      bounded[duty.Record](size),
		factors:      bounded[mfa.Kinds](size),
		revoked:      bounded[bool](2 * size),
		appCreds:     bounded[*appcred.Credential](size),
		trusts:       bounded[*trust.Trust](size),
		accessTokens: bounded[*oauth.AccessToken](size),
		filtered:     filteredCache(),
	}
}

// WithPublicURL sets what $(public_endpoint)s in the URLs of the catalog stands for, and returns f. It is for
// the time before f is used; without it such endpoints are left out.
func (f *Facts) WithPublicURL(url string) *Facts {
	f.publicURL = url
	return f
}

func bounded[V any](size int) *otter.Cache[string, V] {
	return otter.Must(&otter.Options[string, V]{MaximumSize: size})
}

// Heard tells that, at the given time, the stream had been read to its end.
func (f *Facts) Heard(at time.Time) { f.heard.Store(&at) }

// Trusted reports whether the caches may be used.
func (f *Facts) Trusted() bool {
	h := f.heard.Load()
	return h != nil && f.now().Sub(*h) < Patience // by the monotonic clock: setting the clock back changes nothing
}

// Version is a number that changes before a change of what was true is answered. What was worked out from facts
// after a version was read is true as long as the version stays and the caches are trusted.
func (f *Facts) Version() (version uint64, trusted bool) {
	return f.seq.Load(), f.Trusted()
}

// cached returns what the cache knows under key, or reads it from the source and keeps it unless something
// was invalidated meanwhile or it was read inside a transaction.
func cached[V any](ctx context.Context, f *Facts, c *otter.Cache[string, V], key string, read func() (V, error)) (V, error) {
	trusted := f.Trusted()
	if trusted {
		if v, ok := c.GetIfPresent(key); ok {
			return v, nil
		}
	}
	seq := f.seq.Load()
	v, err := read()
	if err != nil || !trusted || f.source.InTransaction(ctx) {
		return v, err
	}
	f.keep(seq, func() { c.Set(key, v) })
	return v, nil
}

func (f *Facts) keep(seq uint64, set func()) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.seq.Load() == seq {
		set()
	}
}

// User returns a user. It fails with NotFound.
func (f *Facts) User(ctx context.Context, id string) (*identity.User, error) {
	return cached(ctx, f, f.users, id, func() (*identity.User, error) {
		u, err := f.source.User(ctx, id)
		return &u, err
	})
}

// Renewed returns a user as the source knows it now, and remembers that. It is for what changes without an event:
// the day of the last sign-in.
func (f *Facts) Renewed(ctx context.Context, id string) (*identity.User, error) {
	f.users.Invalidate(id)
	return f.User(ctx, id)
}

// Project returns a project or domain. It fails with NotFound.
func (f *Facts) Project(ctx context.Context, id string) (*resource.Project, error) {
	return cached(ctx, f, f.projects, id, func() (*resource.Project, error) {
		p, err := f.source.Project(ctx, id)
		return &p, err
	})
}

// Above returns the ids above a project, nearest first, its domain last. A domain has nothing above it.
func (f *Facts) Above(ctx context.Context, p *resource.Project) ([]string, error) {
	var ids []string
	for p.ParentID != "" {
		ids = append(ids, p.ParentID)
		if len(ids) > 1000 {
			return nil, fault.New(fault.Internal, "the project tree has a loop at %s", p.ID)
		}
		var err error
		if p, err = f.Project(ctx, p.ParentID); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// FactorKinds tells of which kinds the user's active second factors are.
func (f *Facts) FactorKinds(ctx context.Context, userID string) (mfa.Kinds, error) {
	return cached(ctx, f, f.factors, userID, func() (mfa.Kinds, error) {
		factors, err := f.source.Factors(ctx, userID)
		return mfa.KindsOf(factors), err
	})
}

// HasFactor reports whether the user has an active second factor.
func (f *Facts) HasFactor(ctx context.Context, userID string) (bool, error) {
	k, err := f.FactorKinds(ctx, userID)
	return k.Any(), err
}

// Revoked reports whether a token with this audit id in this chain was revoked.
func (f *Facts) Revoked(ctx context.Context, auditID, chainID string) (bool, error) {
	for _, id := range []string{auditID, chainID} {
		gone, err := cached(ctx, f, f.revoked, id, func() (bool, error) { return f.source.Revoked(ctx, id) })
		if err != nil || gone {
			return true, err
		}
		if auditID == chainID {
			break
		}
	}
	return false, nil
}

// AppCredential returns an application credential. It fails with NotFound.
func (f *Facts) AppCredential(ctx context.Context, id string) (*appcred.Credential, error) {
	return cached(ctx, f, f.appCreds, id, func() (*appcred.Credential, error) {
		c, err := f.source.AppCredential(ctx, id)
		return &c, err
	})
}

// Trust returns a trust; how many uses remain is not to be relied on. It fails with NotFound.
func (f *Facts) Trust(ctx context.Context, id string) (*trust.Trust, error) {
	return cached(ctx, f, f.trusts, id, func() (*trust.Trust, error) {
		t, err := f.source.Trust(ctx, id)
		return &t, err
	})
}

// AccessToken returns an access token of OAuth. It fails with NotFound.
func (f *Facts) AccessToken(ctx context.Context, id string) (*oauth.AccessToken, error) {
	return cached(ctx, f, f.accessTokens, id, func() (*oauth.AccessToken, error) {
		t, err := f.source.AccessToken(ctx, id)
		return &t, err
	})
}

// Table returns all roles and what they imply.
func (f *Facts) Table(ctx context.Context) (*assignment.Table, error) {
	return single(ctx, f, &f.table, func() (*assignment.Table, error) {
		roles, err := f.source.AllRoles(ctx)
		if err != nil {
			return nil, err
		}
		implications, err := f.source.Implications(ctx)
		if err != nil {
			return nil, err
		}
		return assignment.NewTable(roles, implications), nil
	})
}

// ServiceProviders returns the enabled service providers, which tokens show, by id. They belong to everybody who
// reads them: nothing in them may be changed.
func (f *Facts) ServiceProviders(ctx context.Context) ([]federation.ServiceProvider, error) {
	all, err := single(ctx, f, &f.partners, func() (*[]federation.ServiceProvider, error) {
		page, err := f.source.ListServiceProviders(ctx, listing.Query{}.With("enabled", "true"))
		return &page.Items, err
	})
	if err != nil {
		return nil, err
	}
	return *all, nil
}

func single[V any](ctx context.Context, f *Facts, p *atomic.Pointer[V], read func() (*V, error)) (*V, error) {
	trusted := f.Trusted()
	if v := p.Load(); trusted && v != nil {
		return v, nil
	}
	seq := f.seq.Load()
	v, err := read()
	if err != nil || !trusted || f.source.InTransaction(ctx) {
		return v, err
	}
	f.keep(seq, func() { p.Store(v) })
	return v, nil
}

// Grants returns the user's grants, those of the user's groups included.
func (f *Facts) Grants(ctx context.Context, userID string) ([]assignment.Grant, error) {
	return cached(ctx, f, f.grants, userID, func() ([]assignment.Grant, error) {
		return f.source.Grants(ctx, assignment.Filter{UserID: userID, UserOrItsGroups: true})
	})
}

// Roles returns the user's effective roles on a project (with the project), on a domain or on the system.
func (f *Facts) Roles(ctx context.Context, userID string, on assignment.TargetKind, target *resource.Project) ([]*assignment.Role, error) {
	table, err := f.Table(ctx)
	if err != nil {
		return nil, err
	}
	grants, err := f.Grants(ctx, userID)
	if err != nil {
		return nil, err
	}
	scope := assignment.Scope{On: on}
	if target != nil {
		scope.ID = target.ID
	}
	if on == assignment.OnProject {
		if scope.Above, err = f.Above(ctx, target); err != nil {
			return nil, err
		}
	}
	return table.Effective(grants, scope), nil
}
