package v3

import "github.com/keyward/identity/internal/extra"

// attributes are members of a body or an answer that no field declares.
type attributes = extra.Attributes

// declared are the names that mean something on a resource. Attributes of the caller's own never take them.
type declared extra.Names

// declare returns the names that every resource declares, and these.
func declare(names ...string) declared {
	return append(declared{"id", "links", "extra"}, names...)
}

// keep returns what is to be stored of the attributes that a PATCH sent.
func (d declared) keep(sent attributes) (map[string]any, error) { return extra.Names(d).Keep(sent) }

// keepNew is keep for a POST.
func (d declared) keepNew(sent attributes) (map[string]any, error) {
	return extra.Names(d).KeepNew(sent)
}

// show returns stored attributes for an answer.
func (d declared) show(stored map[string]any) attributes { return extra.Names(d).Show(stored) }
