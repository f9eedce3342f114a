package bootstrap

import (
	"context"
	"slices"

	"github.com/keyward/identity/internal/assignment"
	"github.com/keyward/identity/internal/resource"
)

// roles are the names that the rules give a meaning to, each implying the next within its chain. Ops is a plain
// role of the deployment's own, which may be changed and deleted.
var roles = []struct {
	name, implies string
	immutable     bool
}{
	{"reader", "", true},
	{"member", "reader", true},
	{"manager", "member", true},
	{"admin", "manager", true},
	{"service", "", true},
	{"Ops", "", false},
}

// roles makes the roles and what they imply, and returns the id of admin.
func (r *run) roles(ctx context.Context) (admin string, err error) {
	ids := make(map[string]string, len(roles))
	for _, want := range roles {
		role, err := r.Store.RoleByName(ctx, "", want.name)
		var id string
		err = r.have(&id, role.ID, err, func(id string) error {
			role := assignment.Role{ID: id, Name: want.name}
			if want.immutable {
				role.Options = resource.Options{Immutable: new(true)}
			}
			return r.Store.CreateRole(ctx, role)
		})
		if err != nil {
			return "", err
		}
		ids[want.name] = id
	}
	have, err := r.Store.Implications(ctx)
	if err != nil {
		return "", err
	}
	for _, want := range roles {
		i := assignment.Implication{PriorRoleID: ids[want.name], ImpliedRoleID: ids[want.implies]}
		if want.implies == "" || slices.Contains(have, i) {
			continue
		}
		r.Created = true
		if err := r.Store.CreateImplication(ctx, i); err != nil {
			return "", err
		}
	}
	return ids["admin"], nil
}
