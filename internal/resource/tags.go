package resource

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/keyward/identity/internal/fault"
	"github.com/keyward/identity/internal/optional"
)

// SetTags gives a project or domain these tags and no others, and returns it. It fails as UpdateProject does,
// and with BadRequest for tags that may not be.
func (s *Service) SetTags(ctx context.Context, id string, tags []string) (Project, error) {
	return s.UpdateProject(ctx, id, Patch{Tags: optional.Of(tags)})
}

// kept is the form in which a tag is kept, for asking about it: whatever made a tag finds it again.
func kept(tag string) string { return norm.NFC.String(strings.TrimSpace(tag)) }

// HasTag fails with NotFound unless the project has the tag.
func (p Project) HasTag(tag string) error {
	if !slices.Contains(p.Tags, kept(tag)) {
		return fault.New(fault.NotFound, "Could not find project tag: %s.", tag)
	}
	return nil
}

// AddTag gives a project or domain one more tag and returns it as it is kept. It fails with Forbidden while the
// project is immutable, and with BadRequest when it has the tag or as many as it may have, or when the tag may
// not be.
func (s *Service) AddTag(ctx context.Context, id, tag string) (string, error) {
	clean, err := cleanTags([]string{tag})
	if err != nil {
		return "", err
	}
	return clean[0], s.retag(ctx, id, func(p *Project) (err error) {
		p.Tags, err = cleanTags(append(slices.Clone(p.Tags), clean...))
		return err
	})
}

// RemoveTag takes a tag from a project or domain. It fails with NotFound when it has no such tag and with
// Forbidden while it is immutable.
func (s *Service) RemoveTag(ctx context.Context, id, tag string) error {
	return s.retag(ctx, id, func(p *Project) error {
		if err := p.HasTag(tag); err != nil {
			return err
		}
		p.Tags = slices.DeleteFunc(p.Tags, func(t string) bool { return t == kept(tag) })
		return nil
	})
}

// retag changes the tags of a project that is locked meanwhile, so that of two changes none is lost.
func (s *Service) retag(ctx context.Context, id string, change func(*Project) error) error {
	_, err := s.store.UpdateProject(ctx, id, func(p *Project) error {
		if p.immutable() {
			return immutable(*p)
		}
		return change(p)
	})
	return err
}
