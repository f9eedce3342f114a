package store

import (
	"context"
	"fmt"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/keyring"
)

type macKeyRow struct {
	Purpose string `gorm:"primaryKey"`
	KeyID   string `gorm:"primaryKey"`
	Sealed  string
}

func (macKeyRow) TableName() string { return "mac_key" }

// Heirlooms returns what is kept of root keys that may have left.
func (s *Store) Heirlooms(ctx context.Context) ([]keyring.Heirloom, error) {
	var rows []macKeyRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Order("purpose, key_id").Find(&rows).Error
	})
	if err != nil {
		return nil, err
	}
	return each(rows, func(r macKeyRow) (keyring.Heirloom, error) {
		return keyring.Heirloom{KeyID: r.KeyID, Purpose: r.Purpose, Sealed: r.Sealed}, nil
	})
}

// SaveHeirlooms keeps the heirlooms that are not kept yet.
func (s *Store) SaveHeirlooms(ctx context.Context, heirlooms []keyring.Heirloom) error {
	for _, h := range heirlooms {
		ev := event.Event{Action: "root_key.bequeath", Kind: event.Key, TargetID: h.KeyID, Detail: map[string]any{"purpose": h.Purpose}}
		err := s.change(ctx, &ev, func(db *gorm.DB) error {
			row := macKeyRow{Purpose: h.Purpose, KeyID: h.KeyID, Sealed: h.Sealed}
			res := db.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
			if res.Error == nil && res.RowsAffected == 0 {
				return errUnchanged
			}
			return res.Error
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// SealedColumn is a column whose values are sealed by a root key. Signing keys are not among them: see
// UpdateSigningKeys.
type SealedColumn struct {
	// Name is that of the table and the column, with a dot between them.
	Name string
	key  []string // the primary key
	also []string // further columns that the place of a value is made of
	of   string   // a condition, for columns with values that are not sealed
}

var sealedColumns = []SealedColumn{
	{Name: "application_credential.secret", key: []string{"id"}},
	{Name: "credential.sealed", key: []string{"id"}, also: []string{"user_id", "project_id", "kind"}},
	{Name: "domain_option.value", key: []string{"domain_id", "section", "name"}, of: "sensitive"},
	{Name: "factor.secret", key: []string{"id"}, also: []string{"user_id"}},
	{Name: "mac_key.sealed", key: []string{"purpose", "key_id"}},
	{Name: "oauth_access_token.secret", key: []string{"id"}},
	{Name: "oauth_consumer.secret", key: []string{"id"}},
	{Name: "oauth_request_token.secret", key: []string{"id"}},
	{Name: "oauth_request_token.verifier", key: []string{"id"}},
	{Name: "password.hash", key: []string{"id"}, also: []string{"user_id"}},
}

// SealedColumns lists all of them.
func SealedColumns() []SealedColumn { return sealedColumns }

// Resealed counts the values of a column that were not sealed by the primary key.
type Resealed struct {
	// Done were sealed again, Unreadable no key of the ring opens, and Raced were changed by somebody else meanwhile.
	Done, Unreadable, Raced int
}

// Reseal goes through the values of a column that do not begin with current ("version.key id."), some hundreds in a transaction of
// their own, and stores what reseal makes of each. reseal gets the columns of the key and those that a value's place
// is made of besides, null as an empty text; it reports false to leave a value as it is. So does Reseal when it has
// changed since it was read. What was done stays when it fails, and it may be run again.
func (s *Store) Reseal(ctx context.Context, c SealedColumn, current string, reseal func(place []string, value string) (string, bool)) (Resealed, error) {
	var all Resealed
	var after []any
	for {
		rows, err := s.sealedBatch(ctx, c, current, after)
		if err != nil || len(rows) == 0 {
			return all, err
		}
		some, err := s.resealBatch(ctx, c, current, rows, reseal)
		if err != nil {
			return all, fmt.Errorf("seal %s again: %w", c.Name, err)
		}
		all.Done, all.Unreadable, all.Raced = all.Done+some.Done, all.Unreadable+some.Unreadable, all.Raced+some.Raced
		after = rows[len(rows)-1].key
	}
}

// sealedValue is a value with its row's key and its place.
type sealedValue struct {
	key   []any
	place []string
	value string
}

// sealedBatch reads the values behind a key that do not begin with current, in the order of keys.
func (s *Store) sealedBatch(ctx context.Context, c SealedColumn, current string, after []any) ([]sealedValue, error) {
	table, column, _ := strings.Cut(c.Name, ".")
	names := append(append([]string{}, c.key...), c.also...)
	keys := strings.Join(c.key, ", ")
	where, args := fmt.Sprintf("%[1]s <> '' AND substr(%[1]s, 1, %[2]d) <> ?", column, len(current)), []any{current}
	if c.of != "" {
		where += " AND " + c.of
	}
	if after != nil {
		where += " AND (" + keys + ") > (?" + strings.Repeat(", ?", len(after)-1) + ")"
		args = append(args, after...)
	}
	query := fmt.Sprintf("SELECT %s, %s AS sealed_value FROM %s WHERE %s ORDER BY %s LIMIT %d",
		strings.Join(names, ", "), column, table, where, keys, batch)
	var rows []map[string]any
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return db.Raw(query, args...).Scan(&rows).Error
	})
	values := make([]sealedValue, len(rows))
	for i, row := range rows {
		for j, name := range names {
			if j < len(c.key) {
				values[i].key = append(values[i].key, row[name])
			}
			text := ""
			if row[name] != nil {
				text = fmt.Sprint(row[name])
			}
			values[i].place = append(values[i].place, text)
		}
		values[i].value = fmt.Sprint(row["sealed_value"])
	}
	return values, err
}

// resealBatch stores what reseal makes of the values.
func (s *Store) resealBatch(ctx context.Context, c SealedColumn, current string, rows []sealedValue,
	reseal func([]string, string) (string, bool),
) (Resealed, error) {
	fresh := make([]string, len(rows))
	for i, row := range rows {
		if text, ok := reseal(row.place, row.value); ok {
			fresh[i] = text
		}
	}
	table, column, _ := strings.Cut(c.Name, ".")
	update := "UPDATE " + table + " SET " + column + " = ? WHERE " + strings.Join(c.key, " = ? AND ") + " = ? AND " + column + " = ?"
	var n Resealed
	ev := event.Event{Action: "root_key.reseal", Kind: event.Key, TargetID: strings.Split(current, ".")[1]}
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		n = Resealed{}
		for i, row := range rows {
			if fresh[i] == "" {
				n.Unreadable++
				continue
			}
			res := db.Exec(update, append(append([]any{fresh[i]}, row.key...), row.value)...)
			if res.Error != nil {
				return res.Error
			}
			n.Done += int(res.RowsAffected)
			n.Raced += 1 - int(res.RowsAffected)
		}
		if n.Done == 0 {
			return errUnchanged
		}
		ev.Detail = map[string]any{"column": c.Name, "count": n.Done}
		return nil
	})
	return n, err
}
