package catalog

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/optional"
)

// Set is what the v2.0 API calls an endpoint: the public, internal and admin endpoints of a service in a region.
//
// Its id is that of its public endpoint. The other two of a set that was made as one have ids that follow from it
// (companion), so that nothing more need be stored. Endpoints that were made singly join the set of their service
// and region with the lowest id that has no such endpoint yet. Without a public endpoint there is no set, as in
// Keystone.
type Set struct {
	ID, ServiceID, RegionID string
	Enabled                 bool
	// URLs are by interface; those of internal and admin may be missing.
	URLs  map[Interface]string
	Extra map[string]any

	members []string // the ids of the endpoints
}

func (s *Set) add(e Endpoint) {
	s.URLs[e.Interface] = e.URL
	s.members = append(s.members, e.ID)
}

// SetDraft is a set that is to be.
type SetDraft struct {
	ServiceID string
	// Region is made when it does not exist; empty for none.
	Region  string
	Enabled optional.Value[bool] // true when absent
	// URLs are by interface. Public is needed.
	URLs  map[Interface]string
	Extra map[string]any
}

// companion returns the id of an endpoint that is made together with a public one.
func companion(publicID string, of Interface) string {
	sum := sha256.Sum256([]byte(publicID + " " + string(of)))
	return hex.EncodeToString(sum[:16])
}

// Sets returns all sets by id.
func (s *Registry) Sets(ctx context.Context) ([]Set, error) {
	all, err := s.allEndpoints(ctx)
	if err != nil {
		return nil, err
	}
	return group(all), nil
}

func (s *Registry) allEndpoints(ctx context.Context) ([]Endpoint, error) {
	var all []Endpoint
	for q := (listing.Query{}); ; {
		page, err := s.store.ListEndpoints(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if !page.More || len(page.Items) == 0 {
			return all, nil
		}
		q.Marker = all[len(all)-1].ID
	}
}

// group makes sets of endpoints.
func group(all []Endpoint) []Set {
	all = slices.SortedFunc(slices.Values(all), func(a, b Endpoint) int { return cmp.Compare(a.ID, b.ID) })
	var sets []Set
	made := map[string]int{} // the set of a companion, by the companion's id
	type place struct{ service, region string }
	at := map[place][]int{}
	for _, e := range all {
		if e.Interface != Public {
			continue
		}
		set := Set{ID: e.ID, ServiceID: e.ServiceID, RegionID: e.RegionID, Enabled: e.Enabled, Extra: e.Extra, URLs: map[Interface]string{}}
		set.add(e)
		p := place{e.ServiceID, e.RegionID}
		at[p] = append(at[p], len(sets))
		made[companion(e.ID, Internal)], made[companion(e.ID, Admin)] = len(sets), len(sets)
		sets = append(sets, set)
	}
	var single []Endpoint
	for _, e := range all {
		i, together := made[e.ID]
		switch {
		case e.Interface == Public:
		case together && companion(sets[i].ID, e.Interface) == e.ID:
			sets[i].add(e)
		default:
			single = append(single, e)
		}
	}
	for _, e := range single {
		for _, i := range at[place{e.ServiceID, e.RegionID}] {
			if _, taken := sets[i].URLs[e.Interface]; !taken {
				sets[i].add(e)
				break
			}
		}
	}
	return sets
}

// CreateSet stores the endpoints of a set, all or none. It fails as CreateEndpoint does.
func (s *Registry) CreateSet(ctx context.Context, d SetDraft) (Set, error) {
	publicID := s.newID()
	var endpoints []Endpoint
	var first EndpointDraft
	for _, of := range []Interface{Public, Internal, Admin} {
		url, ok := d.URLs[of]
		if !ok && of != Public {
			continue
		}
		one := EndpointDraft{
			Interface: optional.Of(string(of)), ServiceID: optional.Of(d.ServiceID), URL: optional.Of(url),
			Region: optional.Of(d.Region), Enabled: d.Enabled, Extra: d.Extra,
		}
		e := Endpoint{ID: publicID, Enabled: true}
		if of != Public {
			e.ID = companion(publicID, of)
		} else {
			first = one
		}
		if err := one.apply(&e); err != nil {
			return Set{}, err
		}
		endpoints = append(endpoints, e)
	}
	err := s.store.InTx(ctx, func(ctx context.Context) error {
		if err := s.haveRegion(ctx, first); err != nil {
			return err
		}
		for _, e := range endpoints {
			if err := s.store.CreateEndpoint(ctx, e); err != nil {
				return fault.BadReference(err)
			}
		}
		return nil
	})
	if err != nil {
		return Set{}, err
	}
	return group(endpoints)[0], nil
}

// DeleteSet removes the endpoints of a set, all or none. It fails with NotFound.
func (s *Registry) DeleteSet(ctx context.Context, id string) error {
	return s.store.InTx(ctx, func(ctx context.Context) error {
		sets, err := s.Sets(ctx)
		if err != nil {
			return err
		}
		i, found := slices.BinarySearchFunc(sets, id, func(set Set, id string) int { return strings.Compare(set.ID, id) })
		if !found {
			return fault.New(fault.NotFound, "Could not find endpoint: %s.", id)
		}
		for _, member := range sets[i].members {
			if err := s.store.DeleteEndpoint(ctx, member); err != nil {
				return err
			}
		}
		return nil
	})
}
