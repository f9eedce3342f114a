package store

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// lasting are the tables of which nothing is forgotten by itself, by why not.
var lasting = map[string]string{
	"somebody made it and deletes it": "access_rule application_credential application_credential_access_rule application_credential_role" +
		" credential domain_option endpoint endpoint_group federated_user federation_protocol identity_provider implication mapping membership" +
		" mfa_requirement oauth_consumer policy_association policy_document project project_endpoint project_endpoint_group project_limit project_tag" +
		" region registered_limit remote_id role role_grant service service_provider trust trust_role user_account user_group",
	"it goes with its user":             "mfa_duty password recovery_code",
	"it goes with its notice":           "notice_delivery",
	"pending ones end with an event":    "factor",
	"it is of keys, which retire":       "mac_key signing_key",
	"it is a lock, or one row for ever": "guard",
}

// Whoever makes a table must say what ends its rows.
func TestEveryTableIsForgottenOrLasts(t *testing.T) {
	t.Parallel()
	decided := map[string]bool{}
	decide := func(table string) {
		if decided[table] {
			t.Errorf("%s is decided twice", table)
		}
		decided[table] = true
	}
	for _, a := range allAged {
		decide(a.table)
	}
	for _, tables := range lasting {
		for table := range strings.FieldsSeq(tables) {
			decide(table)
		}
	}
	schema, err := os.ReadFile("schema.sqlite.sql")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^CREATE TABLE (\w+) `).FindAllStringSubmatch(string(schema), -1) {
		found[m[1]] = true
		if !decided[m[1]] {
			t.Errorf("the rows of %s are neither forgotten nor said to last", m[1])
		}
	}
	for table := range decided {
		if !found[table] {
			t.Errorf("there is no table %s", table)
		}
	}
}
