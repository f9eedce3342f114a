// Package catalog owns regions, services and endpoints, and which projects see which endpoints: Keystone's
// "catalog" subject, the policy documents that are kept for them, and renders the catalog that tokens show. It knows neither HTTP nor SQL.
package catalog

// Region is a place; regions may nest.
type Region struct {
	// ID may be chosen by the client and may hold any characters.
	ID          string
	Description string
	// ParentID is empty for a region at the top.
	ParentID string
	Extra    map[string]any
}

// Service is something that endpoints offer.
type Service struct {
	ID      string
	Type    string
	Name    string
	Enabled bool
	Extra   map[string]any
}

// Interface is whom an endpoint is for.
type Interface string

// The interfaces.
const (
	Public   Interface = "public"
	Internal Interface = "internal"
	Admin    Interface = "admin"
)

// Endpoint is where a service is reached.
type Endpoint struct {
	ID        string
	Interface Interface
	ServiceID string
	// URL may hold $(project_id)s and the few other names that Keystone substitutes.
	URL string
	// RegionID is empty for an endpoint without a region.
	RegionID string
	Enabled  bool
	Extra    map[string]any
}
