package catalog

import (
	"context"

	"github.com/keyward/identity/internal/fault"
)

// Association says what a policy document is for: one endpoint, all endpoints of a service, or those of a service
// that are in a region or below it. A target has one document at most.
type Association struct {
	PolicyID string
	Target   PolicyTarget
}

// PolicyTarget is an endpoint, a service, or a service in a region.
type PolicyTarget struct {
	// EndpointID stands alone.
	EndpointID string
	// ServiceID may stand alone, or with RegionID.
	ServiceID, RegionID string
}

// missing says that an association is not there.
func (a Association) missing() error {
	switch t := a.Target; {
	case t.EndpointID != "":
		return fault.New(fault.NotFound, "Policy %s is not associated with endpoint %s.", a.PolicyID, t.EndpointID)
	case t.RegionID != "":
		return fault.New(fault.NotFound, "Policy %s is not associated with service %s in region %s.", a.PolicyID, t.ServiceID, t.RegionID)
	}
	return fault.New(fault.NotFound, "Policy %s is not associated with service %s.", a.PolicyID, a.Target.ServiceID)
}

// normal returns the association with the id of its region in the form in which those are kept.
func (a Association) normal() Association {
	a.Target.RegionID = regionID(a.Target.RegionID)
	return a
}

// Associate makes a policy document the one for a target, in place of any other; again is the same as once. It
// fails with NotFound when the document or a part of the target does not exist.
func (s *Registry) Associate(ctx context.Context, a Association) error {
	return s.store.SetAssociation(ctx, a.normal())
}

// CheckAssociation fails with NotFound unless exactly this association exists.
func (s *Registry) CheckAssociation(ctx context.Context, a Association) error {
	found, err := s.store.HasAssociation(ctx, a.normal())
	if err == nil && !found {
		err = a.missing()
	}
	return err
}

// Dissociate ends an association. It fails with NotFound when the document or a part of the target does not exist,
// but not when they were never associated, as in Keystone.
func (s *Registry) Dissociate(ctx context.Context, a Association) error {
	return s.store.DeleteAssociation(ctx, a.normal())
}

// EndpointsOfPolicy returns the endpoints that the associations of a policy document lead to, each once and in
// the order of their ids. As in Keystone it does not ask whether another document comes first for one of them. It
// fails with NotFound.
func (s *Registry) EndpointsOfPolicy(ctx context.Context, policyID string) ([]Endpoint, error) {
	if _, err := s.store.PolicyDocument(ctx, policyID); err != nil {
		return nil, err
	}
	return s.store.EndpointsOfPolicy(ctx, policyID)
}

// PolicyOfEndpoint returns the policy document for an endpoint: its own, or else that of its service in its region
// or the nearest region above, or else that of its service. It fails with NotFound when there is none or no such
// endpoint.
func (s *Registry) PolicyOfEndpoint(ctx context.Context, endpointID string) (PolicyDocument, error) {
	e, err := s.store.Endpoint(ctx, endpointID)
	if err != nil {
		return PolicyDocument{}, err
	}
	found, err := s.store.AssociationsOf(ctx, e)
	if err != nil {
		return PolicyDocument{}, err
	}
	policyOf := make(map[PolicyTarget]string, len(found))
	for _, a := range found {
		policyOf[a.Target] = a.PolicyID
	}
	targets := []PolicyTarget{{EndpointID: e.ID}}
	if e.RegionID != "" {
		regions, err := s.store.RegionsUp(ctx, e.RegionID)
		if err != nil {
			return PolicyDocument{}, err
		}
		for _, r := range regions {
			targets = append(targets, PolicyTarget{ServiceID: e.ServiceID, RegionID: r})
		}
	}
	for _, t := range append(targets, PolicyTarget{ServiceID: e.ServiceID}) {
		if id := policyOf[t]; id != "" {
			return s.store.PolicyDocument(ctx, id)
		}
	}
	return PolicyDocument{}, fault.New(fault.NotFound, "No policy is associated with endpoint %s.", endpointID)
}
