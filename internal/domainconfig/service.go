package domainconfig

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Service holds the rules of domain configuration.
type Service struct {
	store      Store
	sealer     Sealer
	compliance Compliance
}

// NewService returns a Service.
func NewService(store Store, sealer Sealer, compliance Compliance) *Service {
	return &Service{store: store, sealer: sealer, compliance: compliance}
}

// Part names all of a configuration, a group of it, or an option of a group: empty texts stand for all.
type Part struct{ Group, Name string }

func (p Part) has(o Option) bool {
	return (p.Group == "" || o.Group == p.Group) && (p.Name == "" || o.Name == p.Name)
}

func (p Part) supported() error {
	if p.Group == "" {
		return nil
	}
	return supported(p.Group, p.Name)
}

// Show returns a part of a domain's configuration. It fails with Forbidden for what cannot be configured and
// with NotFound when nothing of it is set that may be shown.
func (s *Service) Show(ctx context.Context, domainID string, part Part) (Config, error) {
	stored, err := s.store.DomainConfig(ctx, domainID)
	if err != nil {
		return nil, err
	}
	if err := part.supported(); err != nil {
		return nil, err
	}
	shown := show(slices.DeleteFunc(stored, func(o Option) bool { return !part.has(o) }))
	if len(shown) == 0 {
		return nil, absent(domainID, part.Group, part.Name)
	}
	return shown, nil
}

// ShowCompliance returns what is demanded of passwords: all of it or the named option. It fails with Forbidden for
// domains other than the default one, whether they exist or not, and for other options.
func (s *Service) ShowCompliance(domainID, name string) (Config, error) {
	if domainID != defaultDomainID {
		return nil, invalid("security compliance can be read for the default domain only.")
	}
	values := map[string]*string{
		"password_regex": s.compliance.PasswordRegex, "password_regex_description": s.compliance.PasswordRegexDescription,
	}
	if _, ok := values[name]; name != "" && !ok {
		return nil, invalid("option %s in group %s cannot be read.", name, complianceGroup)
	}
	shown := Config{}
	for n, v := range values {
		if name == "" || name == n {
			shown.set(complianceGroup, n, asJSON(v))
		}
	}
	return shown, nil
}

// IsCompliance reports whether a group is the one that everyone may read.
func IsCompliance(group string) bool { return group == complianceGroup }

// Replace gives a domain this configuration and no other. It returns what of it may be shown, and whether there
// was none before. It fails with Forbidden for a configuration that may not be, and with NotFound.
func (s *Service) Replace(ctx context.Context, domainID string, sent map[string]json.RawMessage) (shown Config, created bool, err error) {
	var now []Option
	err = s.store.UpdateDomainConfig(ctx, domainID, func(old []Option) (_ []Option, err error) {
		created = len(old) == 0
		now, err = s.options(domainID, sent)
		return now, err
	})
	return show(now), created, err
}

// Update sets options and returns all that may be shown. When part names a group, nothing else may be sent and
// some of it must be set already; when it names an option, likewise, and the body is the option by itself. It fails
// with Forbidden for what may not be, and with NotFound.
func (s *Service) Update(ctx context.Context, domainID string, part Part, sent map[string]json.RawMessage) (Config, error) {
	if part.Name != "" {
		sent = map[string]json.RawMessage{part.Group: asJSON(sent)}
	}
	var now []Option
	err := s.store.UpdateDomainConfig(ctx, domainID, func(old []Option) ([]Option, error) {
		options, err := s.changes(domainID, part, sent)
		if err != nil {
			return nil, err
		}
		if part.Group != "" && !slices.ContainsFunc(old, part.has) {
			return nil, absent(domainID, part.Group, part.Name)
		}
		now = merge(old, options)
		return now, nil
	})
	return show(now), err
}

// changes is options for a body that may change a part only.
func (s *Service) changes(domainID string, part Part, sent map[string]json.RawMessage) ([]Option, error) {
	options, err := s.options(domainID, sent)
	if err != nil {
		return nil, err
	}
	for _, o := range options {
		if !part.has(o) {
			return nil, invalid("only what is addressed can be changed, and %.64q in group %.64q is not.", o.Name, o.Group)
		}
	}
	return options, part.supported()
}

// Delete removes a part of a domain's configuration. It fails with Forbidden for what cannot be configured, with
// NotFound for an unknown domain, and when the group or option that is named is not set. Removing everything where
// nothing is set is fine.
func (s *Service) Delete(ctx context.Context, domainID string, part Part) error {
	return s.store.UpdateDomainConfig(ctx, domainID, func(old []Option) ([]Option, error) {
		if err := part.supported(); err != nil {
			return nil, err
		}
		if part.Group != "" && !slices.ContainsFunc(old, part.has) {
			return nil, absent(domainID, part.Group, part.Name)
		}
		return slices.DeleteFunc(slices.Clone(old), part.has), nil
	})
}

// options checks a configuration and brings it into the form in which it is kept, in order.
func (s *Service) options(domainID string, sent map[string]json.RawMessage) ([]Option, error) {
	if len(sent) == 0 {
		return nil, invalid("no options specified.")
	}
	var all []Option
	for _, group := range slices.Sorted(maps.Keys(sent)) {
		var values map[string]json.RawMessage
		if err := json.Unmarshal(sent[group], &values); err != nil || len(values) == 0 {
			return nil, invalid("the value of group %.64q must be an object of options.", group)
		}
		for _, name := range slices.Sorted(maps.Keys(values)) {
			o, err := s.option(domainID, group, name, values[name])
			if err != nil {
				return nil, err
			}
			all = append(all, o)
		}
	}
	return all, nil
}

func (s *Service) option(domainID, group, name string, value json.RawMessage) (Option, error) {
	if name == "" {
		return Option{}, invalid("an option in group %.64q has no name.", group)
	}
	if err := supported(group, name); err != nil {
		return Option{}, err
	}
	o := Option{Group: group, Name: name, Value: string(value), Sensitive: sensitive[group][name]}
	if !o.Sensitive {
		return o, nil
	}
	var err error
	if o.Value, err = s.sealer.Seal(purpose, aad(domainID, o), value); err != nil {
		return Option{}, fmt.Errorf("seal a domain's option: %w", err)
	}
	return o, nil
}

// merge puts changes over what was there.
func merge(old, changes []Option) []Option {
	all := slices.Clone(changes)
	for _, o := range old {
		if !slices.ContainsFunc(changes, Part{o.Group, o.Name}.has) {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b Option) int {
		return strings.Compare(a.Group+"\x00"+a.Name, b.Group+"\x00"+b.Name)
	})
	return all
}

// show leaves out what is sensitive.
func show(options []Option) Config {
	c := Config{}
	for _, o := range options {
		if !o.Sensitive {
			c.set(o.Group, o.Name, json.RawMessage(o.Value))
		}
	}
	return c
}
