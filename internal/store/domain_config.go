package store

import (
	"context"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/domainconfig"
	"github.com/keyward/identity/internal/event"
)

type domainOptionRow struct {
	DomainID  string `gorm:"primaryKey"`
	Section   string `gorm:"primaryKey"`
	Name      string `gorm:"primaryKey"`
	Value     string
	Sensitive bool
}

func (domainOptionRow) TableName() string { return "domain_option" }

func (r domainOptionRow) option() (domainconfig.Option, error) {
	return domainconfig.Option{Group: r.Section, Name: r.Name, Value: r.Value, Sensitive: r.Sensitive}, nil
}

// DomainConfig returns the options that a domain overrides, by group and name; NotFound for an unknown domain.
func (s *Store) DomainConfig(ctx context.Context, domainID string) ([]domainconfig.Option, error) {
	var rows []domainOptionRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		if err := needDomain(db, domainID); err != nil {
			return err
		}
		return domainOptions(db, domainID, &rows)
	})
	if err != nil {
		return nil, err
	}
	return each(rows, domainOptionRow.option)
}

func domainOptions(db *gorm.DB, domainID string, into *[]domainOptionRow) error {
	return db.Where("domain_id = ?", domainID).Order("section, name").Find(into).Error
}

// UpdateDomainConfig reads the options of a domain, which nobody else changes meanwhile, and stores what change
// makes of them. NotFound for an unknown domain.
func (s *Store) UpdateDomainConfig(ctx context.Context, domainID string, change func([]domainconfig.Option) ([]domainconfig.Option, error)) error {
	ev := event.Event{Action: "domain_config.update", Kind: event.Document, TargetID: domainID, DomainID: domainID}
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if _, err := lock[projectRow](db, missing("domain", domainID), "id = ? AND is_domain", domainID); err != nil {
			return err
		}
		var rows []domainOptionRow
		if err := domainOptions(db, domainID, &rows); err != nil {
			return err
		}
		old, err := each(rows, domainOptionRow.option)
		if err != nil {
			return err
		}
		now, err := change(old)
		if err != nil {
			return err
		}
		ev.Action = "domain_config.update"
		if len(now) == 0 {
			ev.Action = "domain_config.delete"
		}
		if len(now) == 0 && len(old) == 0 {
			return errUnchanged
		}
		if err := db.Exec("DELETE FROM domain_option WHERE domain_id = ?", domainID).Error; err != nil {
			return err
		}
		rows = nil
		for _, o := range now {
			rows = append(rows, domainOptionRow{domainID, o.Group, o.Name, o.Value, o.Sensitive})
		}
		return createAll(db, rows)
	})
}
