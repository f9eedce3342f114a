package notify

import (
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// untold are the actions that nobody is told of, by why not.
var untold = map[string]string{
	"what a person gives up or loses lets nobody in": "device.delete devices.delete token.revoke recovery_codes.delete" +
		" application_credential.delete access_rule.delete access_token.delete credential.delete trust.delete user.delete",
	"it is not in use yet, or never was":            "factor.create factor.expire phone_code.create phone_code.send phone_code.refuse receipt.issue request_token.create mfa.snooze",
	"another event of the same transaction is told": "user.create recovery_codes.use request_token.authorize",
	"it is the program's own doing, and changes nothing for anybody": "password.rehash mfa_duty.begin" +
		" key.create key.update key.delete root_key.bequeath root_key.reseal",
	"it is about a notice itself": "notice.give_up notice.disown",
	"administrators decide it for others, and the stream of events has it": "grant.create grant.delete membership.add membership.remove" +
		" mfa_requirement.create mfa_requirement.update mfa_requirement.delete mfa_exemption.create mfa_exemption.delete policy.refuse" +
		" domain_config.update domain_config.delete",
	"it is nobody's account": "consumer.create consumer.update consumer.delete endpoint.create endpoint.update endpoint.delete" +
		" endpoint_group.create endpoint_group.update endpoint_group.delete group.create group.update group.delete" +
		" identity_provider.create identity_provider.update identity_provider.delete implication.create implication.delete" +
		" limit.create limit.update limit.delete mapping.create mapping.update mapping.delete policy_association.create policy_association.delete" +
		" policy_document.create policy_document.update policy_document.delete project.create project.update project.delete" +
		" protocol.create protocol.update protocol.delete region.create region.update region.delete" +
		" registered_limit.create registered_limit.update registered_limit.delete role.create role.update role.delete" +
		" service.create service.update service.delete service_provider.create service_provider.update service_provider.delete",
}

// noActions are what looks like an action in the same files: purposes of keys.
const noActions = "application_credential.secret credential.sealed domain_option.value factor.secret mac_key.sealed oauth_access_token.secret" +
	" oauth_consumer.secret oauth_request_token.secret oauth_request_token.verifier password.hash"

var action = regexp.MustCompile(`"([a-z_]{3,}\.[a-z_]+)"`) // shorter ones are tables in SQL

// actions finds what may be the action of an event: in every file that knows of events.
func actions(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	root := os.DirFS("../..")
	for _, top := range []string{"internal", "api", "cmd"} {
		err := fs.WalkDir(root, top, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir() && (name == "internal/apitest" || name == "internal/store/storetest" || name == "internal/notify"):
				return fs.SkipDir
			case d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
				return nil
			}
			text, err := fs.ReadFile(root, name)
			if err != nil || !strings.Contains(string(text), `/internal/event"`) && path.Dir(name) != "internal/store" {
				return err
			}
			for _, m := range action.FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = name
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// Whoever appends a new event must say whether the person is told.
func TestEveryEventIsToldOrNot(t *testing.T) {
	t.Parallel()
	decided := map[string]string{}
	decide := func(names, why string) {
		for name := range strings.FieldsSeq(names) {
			if other, ok := decided[name]; ok {
				t.Errorf("%s is decided twice: %s; %s", name, other, why)
			}
			decided[name] = why
		}
	}
	for name := range told {
		decide(name, "it is told")
	}
	for why, names := range untold {
		decide(names, why)
	}
	decide(noActions, "no action")
	found := actions(t)
	if len(found) < len(told) {
		t.Fatalf("only %d actions are found", len(found))
	}
	for name, file := range found {
		if decided[name] == "" {
			t.Errorf("%s (%s) is neither told nor among those that nobody is told of", name, file)
		}
	}
	for name, why := range decided {
		if _, ok := found[name]; !ok {
			t.Errorf("%s (%s) happens nowhere", name, why)
		}
	}
}

// Without a template of its own a kind could not be told.
func TestEveryKindHasWords(t *testing.T) {
	t.Parallel()
	templates, err := LoadTemplates("")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range Kinds {
		m, err := templates.Message(Notice{ID: "0123", Kind: kind}, Person{Name: "Ann"}, Facts{Token: "tok", Program: "Firefox on Linux"})
		if err != nil || !strings.Contains(m.Subject, "Ann") || !strings.Contains(m.Text, "tok") || !strings.Contains(m.Text, "Firefox on Linux") {
			t.Errorf("%s: %q %q %v", kind, m.Subject, m.Text, err)
		}
	}
}
