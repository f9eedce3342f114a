package storetest

import (
	"strconv"
	"sync"
	"testing"

	"github.com/keyward/identity/internal/domainconfig"
	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/resource"
)

func domainConfigs(t *testing.T, w *world) {
	set := func(id string, options ...domainconfig.Option) error {
		return w.UpdateDomainConfig(w.ctx, id, func([]domainconfig.Option) ([]domainconfig.Option, error) { return options, nil })
	}
	url := domainconfig.Option{Group: "ldap", Name: "url", Value: `"ldap://a"`}
	password := domainconfig.Option{Group: "ldap", Name: "password", Value: "sealed", Sensitive: true}
	_, err := w.DomainConfig(w.ctx, "web")
	wantKind(t, "of a project", err, fault.NotFound)
	wantKind(t, "for a project", set("web", url), fault.NotFound)
	wantKind(t, "for nothing", set("no", url), fault.NotFound)
	before := w.last(t)
	must(t, set("red"))
	want(t, "event of no change", w.last(t), before)
	must(t, set("red", url, password))
	want(t, "as stored", get[[]domainconfig.Option](t)(w.DomainConfig(w.ctx, "red")), []domainconfig.Option{password, url})
	must(t, set("red", url))
	want(t, "as replaced", get[[]domainconfig.Option](t)(w.DomainConfig(w.ctx, "red")), []domainconfig.Option{url})
	wantKind(t, "refused", w.UpdateDomainConfig(w.ctx, "red", func([]domainconfig.Option) ([]domainconfig.Option, error) {
		return nil, fault.New(fault.Forbidden, "no")
	}), fault.Forbidden)
	want(t, "after a refusal", len(get[[]domainconfig.Option](t)(w.DomainConfig(w.ctx, "red"))), 1)
	must(t, w.CreateProject(w.ctx, resource.Project{ID: "gone", Name: "gone", IsDomain: true}))
	must(t, set("gone", url))
	must(t, w.DeleteProject(w.ctx, "gone"))
	must(t, w.CreateProject(w.ctx, resource.Project{ID: "gone", Name: "gone", IsDomain: true}))
	want(t, "of a domain that was deleted", len(get[[]domainconfig.Option](t)(w.DomainConfig(w.ctx, "gone"))), 0)
}

// racingConfigs add an option each at the same time: none is lost.
func racingConfigs(t *testing.T, w *world) {
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := w.UpdateDomainConfig(w.ctx, "red", func(old []domainconfig.Option) ([]domainconfig.Option, error) {
				return append(old, domainconfig.Option{Group: "g", Name: strconv.Itoa(i), Value: "1"}), nil
			}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	want(t, "options", len(get[[]domainconfig.Option](t)(w.DomainConfig(w.ctx, "red"))), 8)
}
