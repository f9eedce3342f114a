package store

import (
	"gorm.io/gorm"

	"github.com/keyward/identity/internal/fault"
)

// lock reads one row and keeps it from others until the transaction ends.
func lock[R any](db *gorm.DB, missing error, where string, args ...any) (R, error) {
	var rows []R
	err := forUpdate(db).Where(where, args...).Limit(1).Find(&rows).Error
	if err == nil && len(rows) == 0 || sqlState(err) == "22021" {
		err = missing
	}
	if err != nil {
		var none R
		return none, err
	}
	return rows[0], nil
}

// saveAll writes every column of the row, zero values too: GORM's Updates alone would leave enabled=false out.
func saveAll[R any](db *gorm.DB, row *R, id string) error {
	return db.Model(row).Where("id = ?", id).Select("*").Omit("id").Updates(row).Error
}

// edit locks the row with an id, lets change alter what the row says, and stores all of it. keep puts back what no change
// may alter, and checks what the row refers to. It returns what the row says then, also when it could not be stored.
func edit[R, T any](db *gorm.DB, missing error, id string, read func(R) (T, error), change func(*T) error,
	keep func(old R, now *T) error, write func(T) (R, error)) (now T, err error) {
	old, err := lock[R](db, missing, "id = ?", id)
	if err == nil {
		now, err = read(old)
	}
	if err == nil {
		err = change(&now)
	}
	if err == nil {
		err = keep(old, &now)
	}
	if err != nil {
		return now, err
	}
	row, err := write(now)
	if err != nil {
		return now, err
	}
	return now, saveAll(db, &row, id)
}

// sound is a conversion that never fails, where one that may is asked for.
func sound[A, B any](convert func(A) B) func(A) (B, error) {
	return func(a A) (B, error) { return convert(a), nil }
}

// conflictAs replaces a violated unique constraint by the given conflict.
func conflictAs(err, conflict error) error {
	if err != nil && duplicate(err) {
		return conflict
	}
	return err
}

// deleteOne runs a DELETE and fails with missing when it deleted nothing.
func deleteOne(db *gorm.DB, missing error, sql string, args ...any) error {
	res := db.Exec(sql, args...)
	if res.Error == nil && res.RowsAffected == 0 || sqlState(res.Error) == "22021" {
		return missing
	}
	return res.Error
}

// needDomain fails with NotFound unless the id names a domain.
func needDomain(db *gorm.DB, id string) error {
	var found bool
	err := db.Raw("SELECT EXISTS (SELECT 1 FROM project WHERE id = ? AND is_domain)", id).Scan(&found).Error
	if err == nil && !found {
		err = missing("domain", id)
	}
	return err
}

// inUse replaces a violated foreign key of a DELETE by a refusal.
func inUse(err error, format string, args ...any) error {
	if err != nil && dangling(err) {
		return fault.New(fault.Forbidden, format, args...)
	}
	return err
}
