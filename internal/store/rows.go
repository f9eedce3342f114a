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
