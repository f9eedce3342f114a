package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
)

// columnKind says how a filter's value is compared.
type columnKind int

const (
	textColumn columnKind = iota // ids and other text; case-insensitive for ASCII letters only
	nameColumn                   // has a folded twin, <name>_fold
	boolColumn                   // "true" or "false"
)

// column is what an attribute of a resource is filtered by. Names of columns come from here only.
type column struct {
	name string
	kind columnKind
	// null says that the column may be null, which lists are sorted by as if it were empty text.
	null bool
	// special, when set, builds the condition itself.
	special func(listing.Filter) (where string, args []any, err error)
}

// collection says what may be asked of a table.
type collection map[string]column

// list reads the page of rows that q asks for. base narrows the table and may be nil.
func list[R, T any](ctx context.Context, s *Store, c collection, q listing.Query, base func(*gorm.DB) *gorm.DB,
	convert func(R) (T, error)) (listing.Page[T], error) {
	var page listing.Page[T]
	conditions, err := s.conditions(c, q)
	if err != nil {
		return page, err
	}
	order, err := s.orderOf(c, q)
	if err != nil {
		return page, err
	}
	if q.Marker != "" {
		after, err := s.after(ctx, tableOf[R](), order, q)
		if err != nil {
			return page, err
		}
		conditions = append(conditions, after)
	}
	var rows []R
	err = s.view(ctx, func(db *gorm.DB) error {
		if base != nil {
			db = base(db)
		}
		for _, w := range conditions {
			db = db.Where(w.where, w.args...)
		}
		if q.Limit > 0 {
			db = db.Limit(q.Limit + 1)
		}
		rows = nil
		return db.Order(order.by()).Find(&rows).Error
	})
	if err != nil {
		return page, err
	}
	if q.Limit > 0 && len(rows) > q.Limit {
		rows, page.More = rows[:q.Limit], true
	}
	page.Items, err = each(rows, convert)
	return page, err
}

// tableOf is the table of a row type.
func tableOf[R any]() string {
	var row R
	t, _ := any(row).(interface{ TableName() string })
	if t == nil {
		return ""
	}
	return t.TableName()
}

type condition struct {
	where string
	args  []any
}

// conditions turns the filters into SQL with placeholders.
func (s *Store) conditions(c collection, q listing.Query) ([]condition, error) {
	var out []condition
	for _, f := range q.Filters {
		if !storable(f.Value) {
			return nil, errText
		}
		col, ok := c[f.Attr]
		if !ok {
			return nil, fault.New(fault.BadRequest, "Cannot filter by this attribute.")
		}
		where, args, err := s.compare(col, f)
		if err != nil {
			return nil, err
		}
		out = append(out, condition{where, args})
	}
	return out, nil
}

func (s *Store) compare(col column, f listing.Filter) (string, []any, error) {
	if col.special != nil {
		return col.special(f)
	}
	if col.kind == boolColumn {
		if f.Op != listing.Equals || f.Value != "true" && f.Value != "false" {
			return "", nil, fault.New(fault.BadRequest, "A filter by a boolean takes true or false.")
		}
		if f.Value == "true" { // spelled out: a placeholder hides from planners that an index holds just these rows
			return col.name, nil, nil
		}
		return "NOT " + col.name, nil, nil
	}
	name, value, op := col.name, f.Value, f.Op
	if col.kind == nameColumn {
		value = nameOf(value)
	}
	if op >= listing.IContains {
		op -= listing.IContains - listing.Contains
		if col.kind == nameColumn {
			name, value = name+"_fold", fold(value)
		} else {
			name, value = "lower("+name+")", lowerASCII(value)
		}
	}
	switch op {
	case listing.Equals:
		return name + " = ?", []any{value}, nil
	case listing.Contains:
		if s.pg != nil {
			return "strpos(" + name + ", ?) > 0", []any{value}, nil
		}
		return "instr(" + name + ", ?) > 0", []any{value}, nil
	case listing.StartsWith:
		return "substr(" + name + ", 1, length(CAST(? AS TEXT))) = ?", []any{value, value}, nil
	case listing.EndsWith:
		return "substr(" + name + ", length(" + name + ") - length(CAST(? AS TEXT)) + 1) = ?", []any{value, value}, nil
	}
	return "", nil, fault.New(fault.BadRequest, "Unknown comparison.")
}

// lowerASCII lowers what lower() lowers on both databases.
func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
