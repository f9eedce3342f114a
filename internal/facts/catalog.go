package facts

import (
	"context"

	"github.com/maypok86/otter/v2"

	"github.com/keyward/identity/internal/catalog"
)

// whole is the catalog of all projects without associations, and which projects have some: those need no look
// at the database, and no place in a cache.
type whole struct {
	snapshot *catalog.Snapshot
	filtered map[string]struct{}
}

// nothing is the catalog of a project without associations where the operator wants it so.
var nothing = catalog.NewSnapshot(nil, nil)

// maxFiltered bounds, in bytes, the catalogs of projects with associations: one of a large cloud takes hundreds of
// kilobytes, so a number of them says little.
const maxFiltered = 64 << 20

func filteredCache() *otter.Cache[string, *catalog.Snapshot] {
	return otter.Must(&otter.Options[string, *catalog.Snapshot]{
		MaximumWeight: maxFiltered,
		Weigher:       func(_ string, s *catalog.Snapshot) uint32 { return uint32(s.Size()) },
	})
}

// HidingUnfiltered sets whether projects without associations see an empty catalog instead of all of it, and
// returns f. It is for the time before f is used.
func (f *Facts) HidingUnfiltered(hidden bool) *Facts {
	f.hidden = hidden
	return f
}

// Catalog returns the services and endpoints that tokens of a project show: those that the project is associated
// with, when it is with any. An empty id stands for tokens without a project.
func (f *Facts) Catalog(ctx context.Context, projectID string) (*catalog.Snapshot, error) {
	all, err := f.whole(ctx)
	if err != nil {
		return nil, err
	}
	if projectID == "" {
		return all.snapshot, nil
	}
	if _, filtered := all.filtered[projectID]; !filtered {
		if f.hidden {
			return nothing, nil
		}
		return all.snapshot, nil
	}
	return cached(ctx, f, f.filtered, projectID, func() (*catalog.Snapshot, error) {
		all, err := f.whole(ctx) // again: now it is not older than the version that guards what is kept
		if err != nil {
			return nil, err
		}
		ids, err := f.source.EndpointsOf(ctx, projectID)
		if err != nil {
			return nil, err
		}
		return all.snapshot.Only(ids), nil
	})
}

func (f *Facts) whole(ctx context.Context) (*whole, error) {
	return single(ctx, f, &f.catalog, func() (*whole, error) {
		_, services, endpoints, err := f.source.Catalog(ctx)
		if err != nil {
			return nil, err
		}
		ids, err := f.source.FilteredProjects(ctx)
		if err != nil {
			return nil, err
		}
		w := &whole{catalog.NewSnapshot(services, endpoints).WithPublicURL(f.publicURL), make(map[string]struct{}, len(ids))}
		for _, id := range ids {
			w.filtered[id] = struct{}{}
		}
		return w, nil
	})
}

func (f *Facts) dropCatalog() {
	f.catalog.Store(nil)
	f.filtered.InvalidateAll()
}
