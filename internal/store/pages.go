package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

// Pages are found by their keys, never by counting rows: a page begins behind the marker, the id of the last
// item of the page before. What comes and goes meanwhile moves nothing else, so that a walk meets every row
// that was there all the time exactly once.

// pagedTables are the tables whose markers must name a row, or one that has gone, and what deleting one is
// called in the stream of events. A marker of another table is only compared with.
var pagedTables = map[string]struct{ noun, deleted string }{
	"project":         {"project", "project.delete"},
	"user_account":    {"user", "user.delete"},
	"user_group":      {"group", "group.delete"},
	"role":            {"role", "role.delete"},
	"service":         {"service", "service.delete"},
	"endpoint":        {"endpoint", "endpoint.delete"},
	"policy_document": {"policy", "policy_document.delete"},
}

// order is what a list is ordered by. Ids are unique and end every tie.
type order struct {
	key  string // an expression that is never null; "id" for none other
	desc bool
}

func (s *Store) orderOf(c collection, q listing.Query) (order, error) {
	if q.Sort == "" || q.Sort == "id" {
		return order{"id", q.Desc}, nil
	}
	col, ok := c[q.Sort]
	if !ok || col.special != nil {
		return order{}, fault.New(fault.BadRequest, "Cannot sort by this attribute.")
	}
	if col.null {
		return order{"COALESCE(" + col.name + ", '')", q.Desc}, nil
	}
	return order{col.name, q.Desc}, nil
}

// by is the ORDER BY.
func (o order) by() string {
	dir := ""
	if o.desc {
		dir = " DESC"
	}
	if o.key == "id" {
		return "id" + dir
	}
	return o.key + dir + ", id" + dir
}

// behind keeps the rows that follow the one with this id and key.
func (o order) behind(id string, key any) condition {
	than := " > "
	if o.desc {
		than = " < "
	}
	if o.key == "id" {
		return condition{"id" + than + "?", []any{id}}
	}
	return condition{"(" + o.key + ", id)" + than + "(?, ?)", []any{key, id}}
}

// after keeps the rows that follow the marker. NotFound when it names nothing that the list's domain holds. A
// marker whose row has been deleted since still has its place in the order of ids, and in no other.
func (s *Store) after(ctx context.Context, table string, o order, q listing.Query) (condition, error) {
	if !storable(q.Marker) {
		return condition{}, errText
	}
	known, ok := pagedTables[table]
	if !ok {
		return o.behind(q.Marker, nil), nil
	}
	key, found, err := s.keyOf(ctx, table, o, q)
	if err == nil && !found && o.key == "id" {
		found, err = s.wasDeleted(ctx, known.deleted, q)
	}
	if err == nil && !found {
		err = missing(known.noun, q.Marker)
	}
	return o.behind(q.Marker, key), err
}

// keyOf reads what the marker's row is ordered by.
func (s *Store) keyOf(ctx context.Context, table string, o order, q listing.Query) (key any, found bool, err error) {
	where, args := inDomain(q, "id", "domain_id")
	err = s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT "+o.key+" FROM "+table+" WHERE id = ?"+where, append([]any{q.Marker}, args...)...).Row().Scan(&key)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	return key, err == nil, err
}

// deletions is the condition of the index on events of deletions, word for word.
const deletions = "action LIKE '%.delete'"

func (s *Store) wasDeleted(ctx context.Context, action string, q listing.Query) (found bool, err error) {
	where, args := inDomain(q, "target_id", "domain_id")
	err = s.view(ctx, func(db *gorm.DB) error {
		return db.Raw("SELECT EXISTS (SELECT 1 FROM event WHERE target_id = ? AND action = ? AND "+deletions+where+")",
			append([]any{q.Marker, action}, args...)...).Scan(&found).Error
	})
	return found, err
}

// inDomain is the condition that the marker is in the domain that a list is narrowed to: ids of other domains
// must not be told from ids that never were.
func inDomain(q listing.Query, id, domainID string) (where string, args []any) {
	var parts strings.Builder
	for _, f := range q.Filters {
		column := map[string]string{"id": id, "domain_id": domainID}[f.Attr]
		if column == "" || f.Op != listing.Equals {
			continue
		}
		parts.WriteString(" AND " + column + " = ?")
		args = append(args, f.Value)
	}
	return parts.String(), args
}
