package policy

const (
	ownCredential   = "user_id:%(target.credential.user_id)s"
	readCredential  = "(" + admin + ") or " + systemReader + " or " + ownCredential
	writeCredential = "(" + admin + ") or " + ownCredential
)

// Credentials are authentication material: delegated tokens may not touch them, where Keystone lets them at
// those of the token's project.
var (
	GetCredential = Rule{
		Name:    "identity:get_credential",
		Check:   readCredential,
		Scopes:  anyScope,
		Doc:     "Show a credential. Its owner may.",
		Targets: credentialAttrs,
		Ops:     []string{"GET /v3/credentials/{credential_id}"},
	}
	ListCredentials = Rule{
		Name:    "identity:list_credentials",
		Check:   readCredential,
		Scopes:  anyScope,
		Doc:     "List credentials. Asked for every credential in turn, so that callers see only what they may show.",
		Targets: credentialAttrs,
		Ops:     []string{"GET /v3/credentials"},
	}
	CreateCredential = Rule{
		Name:    "identity:create_credential",
		Check:   writeCredential,
		Scopes:  anyScope,
		Doc:     "Create a credential. Anyone may for themselves; the target is the credential to be.",
		Targets: credentialAttrs,
		Ops:     []string{"POST /v3/credentials"},
	}
	UpdateCredential = Rule{
		Name:    "identity:update_credential",
		Check:   writeCredential,
		Scopes:  anyScope,
		Doc:     "Change a credential. Its owner may; asked before and after the change.",
		Targets: credentialAttrs,
		Ops:     []string{"PATCH /v3/credentials/{credential_id}"},
	}
	DeleteCredential = Rule{
		Name:    "identity:delete_credential",
		Check:   writeCredential,
		Scopes:  anyScope,
		Doc:     "Delete a credential. Its owner may.",
		Targets: credentialAttrs,
		Ops:     []string{"DELETE /v3/credentials/{credential_id}"},
	}
)

var credentialRules = []Rule{GetCredential, ListCredentials, CreateCredential, UpdateCredential, DeleteCredential}
