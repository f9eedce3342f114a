package identity

import (
	"context"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/naming"
	"github.com/keyward/identity/internal/optional"
)

// groupStore is the part of the Store that keeps groups.
type groupStore interface {
	Group(ctx context.Context, id string) (Group, error)
	ListGroups(ctx context.Context, q listing.Query) (listing.Page[Group], error)
	CreateGroup(ctx context.Context, g Group) error
	UpdateGroup(ctx context.Context, id string, change func(*Group) error) (Group, error)
	DeleteGroup(ctx context.Context, id string) error

	// AddMember does nothing when the user is a member; RemoveMember fails with NotFound when he is not.
	AddMember(ctx context.Context, groupID, userID string) error
	RemoveMember(ctx context.Context, groupID, userID string) error
	IsMember(ctx context.Context, groupID, userID string) (bool, error)
	ListMembers(ctx context.Context, groupID string, q listing.Query) (listing.Page[User], error)
	ListGroupsOfUser(ctx context.Context, userID string, q listing.Query) (listing.Page[Group], error)
}

// GroupInput is what a caller says of a group, new or changed; see UserInput.
type GroupInput struct {
	ID, DomainID optional.Value[string]
	Name         optional.Value[string]
	// Description is "" for a new group that does not say otherwise; null is kept as null.
	Description optional.Value[string]
	Extra       map[string]any
}

// Group returns a group; NotFound when there is none.
func (s *Service) Group(ctx context.Context, id string) (Group, error) { return s.store.Group(ctx, id) }

// ListGroups lists groups. NotFound when the marker is not, and was not, a group of the domain asked for.
func (s *Service) ListGroups(ctx context.Context, q listing.Query) (listing.Page[Group], error) {
	return s.store.ListGroups(ctx, q)
}

// CreateGroup makes a group of in.DomainID. NotFound when that is not a domain, Conflict when the name is
// taken in it, BadRequest for a bad name.
func (s *Service) CreateGroup(ctx context.Context, in GroupInput) (Group, error) {
	none := ""
	g := Group{ID: s.newID(), DomainID: in.DomainID.Or(""), Description: &none}
	if err := needDomain(ctx, s.domains, g.DomainID); err != nil {
		return Group{}, err
	}
	in.ID, in.DomainID, in.Name = optional.Of(g.ID), optional.Of(g.DomainID), optional.Of(in.Name.Or(""))
	if err := in.apply(&g); err != nil {
		return Group{}, err
	}
	return g, s.store.CreateGroup(ctx, g)
}

// UpdateGroup changes a group. NotFound when there is none, Conflict when the name is taken, BadRequest for a
// bad name and when the id or the domain would change.
func (s *Service) UpdateGroup(ctx context.Context, id string, in GroupInput) (Group, error) {
	return s.store.UpdateGroup(ctx, id, in.apply)
}

// DeleteGroup deletes a group with its memberships and grants; NotFound when there is none.
func (s *Service) DeleteGroup(ctx context.Context, id string) error {
	return s.store.DeleteGroup(ctx, id)
}

// AddMember puts a user into a group, which may be of another domain; doing it again changes nothing. NotFound
// when there is no such group or user.
func (s *Service) AddMember(ctx context.Context, groupID, userID string) error {
	return s.store.AddMember(ctx, groupID, userID)
}

// RemoveMember takes a user out of a group; NotFound when the user is not in it.
func (s *Service) RemoveMember(ctx context.Context, groupID, userID string) error {
	return s.store.RemoveMember(ctx, groupID, userID)
}

// CheckMember fails with NotFound when the user is not in the group.
func (s *Service) CheckMember(ctx context.Context, groupID, userID string) error {
	in, err := s.store.IsMember(ctx, groupID, userID)
	if err == nil && !in {
		err = fault.New(fault.NotFound, "User '%s' not found in group '%s'.", userID, groupID)
	}
	return err
}

// ListMembers lists the users of a group, with the filters of ListUsers.
func (s *Service) ListMembers(ctx context.Context, groupID string, q listing.Query) (listing.Page[User], error) {
	return s.shownAll(s.store.ListMembers(ctx, groupID, q))
}

// ListGroupsOfUser lists the groups that a user is in, with the filters of ListGroups.
func (s *Service) ListGroupsOfUser(ctx context.Context, userID string, q listing.Query) (listing.Page[Group], error) {
	return s.store.ListGroupsOfUser(ctx, userID, q)
}

// apply writes what in says to g.
func (in GroupInput) apply(g *Group) error {
	if err := unchanged(in.ID, g.ID, in.DomainID, g.DomainID); err != nil {
		return err
	}
	if in.Name.Present() {
		name, err := naming.Clean("group name", in.Name.Or(""), maxGroupName)
		if err != nil {
			return err
		}
		g.Name = name
	}
	merge(&g.Description, in.Description)
	g.Extra = optional.Merge(g.Extra, in.Extra)
	return nil
}
