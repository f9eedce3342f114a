// Package bootstrap fills an empty database with what a deployment needs to be administered at all: the default
// domain, an administrator, the roles that the rules name, and the catalog's entry of this server. It decides
// nothing about when that is done, and it changes nothing that is there: an administrator's password is never
// reset, and a second run writes not even an event.
package bootstrap

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/catalog"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/identity"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/resource"
)

// DefaultDomain is the id of the domain that requests without one mean.
const DefaultDomain = "default"

// Store is where everything is kept. Its methods fail with NotFound for what does not exist, and append the
// event of each change.
type Store interface {
	// InTx runs fn in one transaction that travels in its context.
	InTx(ctx context.Context, fn func(ctx context.Context) error) error

	Project(ctx context.Context, id string) (resource.Project, error)
	ProjectByName(ctx context.Context, domainID, name string) (resource.Project, error)
	CreateProject(ctx context.Context, p resource.Project) error

	UserByName(ctx context.Context, domainID, name string) (identity.User, error)
	CreateUser(ctx context.Context, u identity.User) error
	SetPassword(ctx context.Context, p identity.Password) error
	// LockUser makes other transactions that lock the user wait for the end of this one.
	LockUser(ctx context.Context, id string) error

	RoleByName(ctx context.Context, domainID, name string) (assignment.Role, error)
	CreateRole(ctx context.Context, r assignment.Role) error
	Implications(ctx context.Context) ([]assignment.Implication, error)
	CreateImplication(ctx context.Context, i assignment.Implication) error
	HasGrant(ctx context.Context, g assignment.Grant) (bool, error)
	CreateGrant(ctx context.Context, g assignment.Grant) error

	Region(ctx context.Context, id string) (catalog.Region, error)
	CreateRegion(ctx context.Context, r catalog.Region) error
	ListServices(ctx context.Context, q listing.Query) (listing.Page[catalog.Service], error)
	CreateService(ctx context.Context, v catalog.Service) error
	ListEndpoints(ctx context.Context, q listing.Query) (listing.Page[catalog.Endpoint], error)
	CreateEndpoint(ctx context.Context, e catalog.Endpoint) error
}

// Deps is what Run works with.
type Deps struct {
	Store Store
	// Hasher turns the administrator's password into what is stored.
	Hasher identity.Hasher
	Now    func() time.Time
	NewID  func() string
}

// Config says what to make. Empty names get the defaults of Keystone.
type Config struct {
	// Password is the administrator's. It may be empty only when the user exists.
	Password string
	User     string // "admin"
	Project  string // "admin"
	Region   string // "RegionOne"
	// PublicURL is where this server is reached, without /v3; empty leaves the service without endpoints.
	PublicURL string
}

// Result says what was there, and what is there now.
type Result struct {
	// Created is true when anything at all was made.
	Created bool
	// UserCreated is true when the administrator was made, and thus has the password of the Config.
	UserCreated bool
	UserID      string
	ProjectID   string
}

// ErrNoPassword is returned when the administrator does not exist and no password was given.
var ErrNoPassword = errors.New("bootstrap: the administrator does not exist yet and no password was given")

// Run makes whatever is missing, all of it or nothing. Nodes may do so at the same time: whoever is slower finds
// everything there. Besides ErrNoPassword it fails for names that may not be, and with the store's errors.
func Run(ctx context.Context, d Deps, c Config) (Result, error) {
	if err := c.complete(); err != nil {
		return Result{}, err
	}
	for try := 1; ; try++ {
		r := run{Deps: d, Config: c}
		err := d.Store.InTx(ctx, func(ctx context.Context) error {
			r.Result = Result{} // this may be another try
			return r.all(ctx)
		})
		if fault.Is(err, fault.Conflict) && try < 3 { // another node made it meanwhile
			continue
		}
		if err != nil {
			return Result{}, fmt.Errorf("bootstrap: %w", err)
		}
		return r.Result, nil
	}
}

func (c *Config) complete() error {
	for _, n := range []struct {
		kind  string
		name  *string
		other string
		limit int
	}{
		{"user name", &c.User, "admin", 255},
		{"project name", &c.Project, "admin", 64},
		{"region id", &c.Region, "RegionOne", 255},
	} {
		if *n.name == "" {
			*n.name = n.other
		}
		clean, err := naming.Clean(n.kind, *n.name, n.limit)
		if err != nil {
			return fmt.Errorf("bootstrap: %w", err)
		}
		*n.name = clean
	}
	c.PublicURL = strings.TrimSuffix(strings.TrimRight(c.PublicURL, "/"), "/v3")
	return nil
}

// run is one attempt.
type run struct {
	Deps
	Config
	Result
}

func (r *run) all(ctx context.Context) error {
	if err := r.domain(ctx); err != nil {
		return err
	}
	if err := r.project(ctx); err != nil {
		return err
	}
	if err := r.user(ctx); err != nil {
		return err
	}
	if err := r.Store.LockUser(ctx, r.UserID); err != nil { // from here on one node after the other
		return err
	}
	admin, err := r.roles(ctx)
	if err != nil {
		return err
	}
	for _, g := range []assignment.Grant{
		{RoleID: admin, UserID: r.UserID, On: assignment.OnProject, TargetID: r.ProjectID},
		{RoleID: admin, UserID: r.UserID, On: assignment.OnSystem},
	} {
		if err := r.grant(ctx, g); err != nil {
			return err
		}
	}
	return r.catalog(ctx)
}

// ensure creates what a look-up did not find.
func (r *run) ensure(found error, create func() error) error {
	if !fault.Is(found, fault.NotFound) {
		return found
	}
	r.Created = true
	return create()
}

func (r *run) domain(ctx context.Context) error {
	_, err := r.Store.Project(ctx, DefaultDomain)
	return r.ensure(err, func() error {
		about := "The default domain"
		return r.Store.CreateProject(ctx, resource.Project{
			ID: DefaultDomain, Name: "Default", IsDomain: true, Description: &about, Enabled: true,
		})
	})
}

func (r *run) project(ctx context.Context) error {
	p, err := r.Store.ProjectByName(ctx, DefaultDomain, r.Project)
	return r.have(&r.ProjectID, p.ID, err, func(id string) error {
		about := "Bootstrap project for initializing the cloud."
		return r.Store.CreateProject(ctx, resource.Project{
			ID: id, Name: r.Project, DomainID: DefaultDomain, ParentID: DefaultDomain, Description: &about, Enabled: true,
		})
	})
}

func (r *run) user(ctx context.Context) error {
	u, err := r.Store.UserByName(ctx, DefaultDomain, r.User)
	return r.have(&r.UserID, u.ID, err, func(id string) error {
		if r.Password == "" {
			return ErrNoPassword
		}
		r.UserCreated = true
		hash, err := r.Hasher.Hash(ctx, id, r.Password)
		if err != nil {
			return err
		}
		now := r.Now()
		err = r.Store.CreateUser(ctx, identity.User{ID: id, DomainID: DefaultDomain, Name: r.User, Enabled: true, CreatedAt: now})
		if err != nil {
			return err
		}
		return r.Store.SetPassword(ctx, identity.Password{UserID: id, Hash: hash, CreatedAt: now})
	})
}

// have puts into dst the id of what was found, or of what create makes.
func (r *run) have(dst *string, found string, err error, create func(id string) error) error {
	*dst = found
	return r.ensure(err, func() error {
		*dst = r.NewID()
		return create(*dst)
	})
}

func (r *run) grant(ctx context.Context, g assignment.Grant) error {
	have, err := r.Store.HasGrant(ctx, g)
	if err != nil || have {
		return err
	}
	r.Created = true
	return r.Store.CreateGrant(ctx, g)
}
