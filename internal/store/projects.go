package store

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/keyward/identity/internal/event"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/listing"
	"github.com/keyward/identity/internal/resource"
)

type projectRow struct {
	ID          string `gorm:"primaryKey"`
	Name        string
	NameFold    string
	DomainID    *string
	ParentID    *string
	IsDomain    bool
	Description *string
	Enabled     bool
	Options     string
	Extra       string
	Tags        []tagRow `gorm:"foreignKey:ProjectID"`
}

func (projectRow) TableName() string { return "project" }

type tagRow struct {
	ProjectID string `gorm:"primaryKey"`
	Name      string `gorm:"primaryKey"`
}

func (tagRow) TableName() string { return "project_tag" }

func newProjectRow(p resource.Project) (projectRow, error) {
	options, err := encode(p.Options)
	if err != nil {
		return projectRow{}, err
	}
	extra, err := encode(p.Extra)
	return projectRow{
		ID: p.ID, Name: nameOf(p.Name), NameFold: fold(p.Name), DomainID: textOrNull(p.DomainID),
		ParentID: textOrNull(p.ParentID), IsDomain: p.IsDomain, Description: p.Description, Enabled: p.Enabled,
		Options: options, Extra: extra,
	}, err
}

func tagRows(p resource.Project) []tagRow {
	var rows []tagRow
	for _, t := range slices.Compact(slices.Sorted(slices.Values(p.Tags))) {
		rows = append(rows, tagRow{p.ID, t})
	}
	return rows
}

func (r projectRow) project() (resource.Project, error) {
	p := resource.Project{
		ID: r.ID, Name: r.Name, DomainID: orEmpty(r.DomainID), ParentID: orEmpty(r.ParentID), IsDomain: r.IsDomain,
		Description: r.Description, Enabled: r.Enabled,
	}
	for _, t := range r.Tags {
		p.Tags = append(p.Tags, t.Name)
	}
	if err := decode(r.Options, &p.Options); err != nil {
		return p, err
	}
	return p, decode(r.Extra, &p.Extra)
}

func projectTaken(p resource.Project) error {
	if p.IsDomain {
		return taken("domain", p.Name, "")
	}
	return taken("project", p.Name, p.DomainID)
}

// withTags makes a query of projects fetch their tags too, in one further query.
func withTags(db *gorm.DB) *gorm.DB {
	return db.Preload("Tags", func(db *gorm.DB) *gorm.DB { return db.Order("name") })
}

func (s *Store) oneProject(ctx context.Context, missing error, where string, args ...any) (resource.Project, error) {
	var rows []projectRow
	err := s.view(ctx, func(db *gorm.DB) error {
		rows = nil
		return withTags(db).Where(where, args...).Limit(1).Find(&rows).Error
	})
	switch {
	case fault.Is(err, fault.BadRequest), err == nil && len(rows) == 0:
		return resource.Project{}, missing
	case err != nil:
		return resource.Project{}, err
	}
	return rows[0].project()
}

// Project returns a project or a domain; NotFound when there is none.
func (s *Store) Project(ctx context.Context, id string) (resource.Project, error) {
	return s.oneProject(ctx, missing("project", id), "id = ?", id)
}

// Domain returns a domain; NotFound when there is none, also when the id is a project's.
func (s *Store) Domain(ctx context.Context, id string) (resource.Project, error) {
	return s.oneProject(ctx, missing("domain", id), "id = ? AND is_domain", id)
}

// ProjectByName returns the project of a domain with exactly this name, after NFC.
func (s *Store) ProjectByName(ctx context.Context, domainID, name string) (resource.Project, error) {
	return s.oneProject(ctx, missing("project", name), "COALESCE(domain_id, '') = ? AND name = ? AND NOT is_domain", domainID, nameOf(name))
}

// DomainByName returns the domain with exactly this name, after NFC.
func (s *Store) DomainByName(ctx context.Context, name string) (resource.Project, error) {
	return s.oneProject(ctx, missing("domain", name), "COALESCE(domain_id, '') = '' AND name = ? AND is_domain", nameOf(name))
}

// ListProjects filters by id, domain_id, parent_id, name, enabled, is_domain and the four tag filters, and by the
// endpoint_id or endpoint_group_id that projects are directly associated with. It lists domains too unless
// is_domain says otherwise.
func (s *Store) ListProjects(ctx context.Context, q listing.Query) (listing.Page[resource.Project], error) {
	return list(ctx, s, projectAttrs, q, withTags, projectRow.project)
}

// CreateProject stores a new project or domain. NotFound names a missing domain or parent, Conflict a name
// that is taken in the domain (or among domains), or a taken id.
func (s *Store) CreateProject(ctx context.Context, p resource.Project) error {
	row, err := newProjectRow(p)
	if err != nil {
		return err
	}
	tags := tagRows(p)
	ev := projectEvent("project.create", row)
	return s.change(ctx, &ev, func(db *gorm.DB) error {
		if !p.IsDomain {
			if err := needDomain(db, p.DomainID); err != nil {
				return err
			}
			if err := need(db, "project", "project", p.ParentID); err != nil {
				return err
			}
		}
		if err := db.Omit("Tags").Create(&row).Error; err != nil {
			return conflictAs(err, projectTaken(p))
		}
		return createAll(db, tags)
	})
}

// UpdateProject reads the project or domain, locked, lets change alter it, and stores all of it, tags
// included, but id, domain, parent and IsDomain.
func (s *Store) UpdateProject(ctx context.Context, id string, change func(*resource.Project) error) (resource.Project, error) {
	var p resource.Project
	var ev event.Event
	err := s.change(ctx, &ev, func(db *gorm.DB) error {
		old, err := lock[projectRow](withTags(db), missing("project", id), "id = ?", id)
		if err != nil {
			return err
		}
		ev = projectEvent("project.update", old)
		if p, err = old.project(); err != nil {
			return err
		}
		tags := tagRows(p)
		if err := change(&p); err != nil {
			return err
		}
		p.ID, p.DomainID, p.ParentID, p.IsDomain = old.ID, orEmpty(old.DomainID), orEmpty(old.ParentID), old.IsDomain
		ev.Revoking = old.Enabled && !p.Enabled
		row, err := newProjectRow(p)
		if err != nil {
			return err
		}
		if err := conflictAs(saveAll(db.Omit("Tags"), &row, id), projectTaken(p)); err != nil {
			return err
		}
		return replaceTags(db, id, tags, tagRows(p))
	})
	return p, err
}

func replaceTags(db *gorm.DB, id string, old, tags []tagRow) error {
	if slices.Equal(old, tags) {
		return nil
	}
	if err := db.Exec("DELETE FROM project_tag WHERE project_id = ?", id).Error; err != nil {
		return err
	}
	return createAll(db, tags)
}

// createAll inserts rows in batches; none is fine.
func createAll[R any](db *gorm.DB, rows []R) error {
	if len(rows) == 0 {
		return nil
	}
	return db.CreateInBatches(rows, 200).Error
}

// projectEvent is about a project or domain, which detail "is_domain" tells apart.
func projectEvent(action string, r projectRow) event.Event {
	ev := event.Event{Action: action, Kind: event.Project, TargetID: r.ID, DomainID: orEmpty(r.DomainID)}
	if r.IsDomain {
		ev.DomainID, ev.Detail = r.ID, map[string]any{"is_domain": true}
	}
	return ev
}

// Ancestors returns what is above a project, nearest first, up to and including the domain. It is empty for
// a domain and for an unknown id.
func (s *Store) Ancestors(ctx context.Context, id string) ([]resource.Project, error) {
	return s.walk(ctx, `WITH RECURSIVE tree (id, up, depth) AS (
		SELECT id, parent_id, 0 FROM project WHERE id = ?
		UNION ALL SELECT p.id, p.parent_id, t.depth + 1 FROM project p JOIN tree t ON p.id = t.up)
		SELECT id FROM tree WHERE depth > 0 ORDER BY depth`, id)
}

// Subtree returns what is below a project or domain, breadth first, without itself.
func (s *Store) Subtree(ctx context.Context, id string) ([]resource.Project, error) {
	return s.walk(ctx, `WITH RECURSIVE tree (id, depth) AS (
		SELECT id, 0 FROM project WHERE id = ?
		UNION ALL SELECT p.id, t.depth + 1 FROM project p JOIN tree t ON p.parent_id = t.id)
		SELECT id FROM tree WHERE depth > 0 ORDER BY depth, id`, id)
}

// walk returns the projects whose ids a query lists, in that order.
func (s *Store) walk(ctx context.Context, query, id string) ([]resource.Project, error) {
	var ids []string
	var rows []projectRow
	err := s.view(ctx, func(db *gorm.DB) error {
		ids, rows = nil, nil
		if err := db.Raw(query, id).Scan(&ids).Error; err != nil {
			return err
		}
		for chunk := range slices.Chunk(ids, 500) {
			var some []projectRow
			if err := withTags(db).Where("id IN ?", chunk).Find(&some).Error; err != nil {
				return err
			}
			rows = append(rows, some...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	place := make(map[string]int, len(ids))
	for i, id := range ids {
		place[id] = i
	}
	slices.SortFunc(rows, func(a, b projectRow) int { return place[a.ID] - place[b.ID] })
	return each(rows, projectRow.project)
}
