package facts

import (
	"slices"
	"strings"

	"github.com/keyward/identity/internal/event"
)

// Apply drops what the events name. The store calls it after each commit, before the caller is answered; the
// follower calls it with other nodes' events.
func (f *Facts) Apply(events []event.Event) {
	if !slices.ContainsFunc(events, changesFacts) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.seq.Add(1) // last: who reads the new version must not find what is about to be dropped
	for _, e := range events {
		f.drop(e)
	}
}

// changesFacts leaves out the bulk of the stream: sign-ins and refusals change no fact. Neither do identity
// providers, protocols and mappings, which only a sign-in looks at.
func changesFacts(e event.Event) bool {
	switch e.Kind {
	case event.Token:
		return e.Action == "token.revoke"
	case event.Factor:
		return !strings.HasPrefix(e.Action, "phone_code.") // messages
	case event.Federation:
		return strings.HasPrefix(e.Action, "service_provider.")
	case event.OAuth:
		return strings.HasSuffix(e.Action, ".delete")
	case event.Key, event.Policy, event.Credential, event.Document, event.Notice:
		return false
	}
	return true
}

// Forget drops everything.
func (f *Facts) Forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	defer f.seq.Add(1)
	f.forget()
}

func (f *Facts) forget() {
	f.users.InvalidateAll()
	f.projects.InvalidateAll()
	f.grants.InvalidateAll()
	f.factors.InvalidateAll()
	f.groups.InvalidateAll()
	f.records.InvalidateAll()
	f.requirements.Store(nil)
	f.revoked.InvalidateAll()
	f.appCreds.InvalidateAll()
	f.trusts.InvalidateAll()
	f.accessTokens.InvalidateAll()
	f.table.Store(nil)
	f.partners.Store(nil)
	f.dropCatalog()
}

func (f *Facts) drop(e event.Event) {
	switch e.Kind {
	case event.User, event.Password:
		id := e.UserID
		if id == "" {
			id = e.TargetID
		}
		f.users.Invalidate(id)
		f.grants.Invalidate(id)
		f.factors.Invalidate(id)
		f.groups.Invalidate(id)
		f.records.Invalidate(id)
	case event.Membership:
		f.grants.Invalidate(e.UserID)
		f.groups.Invalidate(e.UserID)
	case event.Grant:
		if e.UserID != "" {
			f.grants.Invalidate(e.UserID)
		} else {
			f.grants.InvalidateAll()
		}
	case event.Group:
		f.grants.InvalidateAll()
		f.groups.InvalidateAll()
		f.requirements.Store(nil) // what was demanded of it goes with it
	case event.Role:
		f.table.Store(nil)
		f.grants.InvalidateAll()
		f.appCreds.InvalidateAll() // those that were made with a role go with it
		f.requirements.Store(nil)
	case event.Project:
		if e.Action == "project.delete" {
			f.forget() // whatever was in it or granted on it is gone with it
			return
		}
		f.projects.Invalidate(e.TargetID)
	case event.Catalog:
		f.dropCatalog()
	case event.Federation:
		f.partners.Store(nil)
	case event.Factor:
		f.factors.Invalidate(e.UserID)
		f.records.Invalidate(e.UserID)
	case event.Duty:
		f.requirements.Store(nil)
	case event.AppCredential:
		f.appCreds.Invalidate(e.TargetID)
	case event.Trust:
		f.trusts.InvalidateAll() // what was made with a trust goes with it
	case event.OAuth:
		f.accessTokens.InvalidateAll() // what a consumer was given goes with it
	case event.Token:
		f.revoked.Invalidate(e.TargetID)
	case event.Key, event.Policy, event.Credential, event.Document:
	default:
		f.forget() // an event this version does not know may end anything
	}
}
