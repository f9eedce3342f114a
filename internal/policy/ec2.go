package policy

const ownKey = "user_id:%(target.credential.user_id)s"

// Access keys of EC2 and S3, and signing in with what they signed. Keys are authentication material: delegated
// tokens may not touch them. Services may have been given application credentials, so those may ask about
// signatures.
var (
	EC2GetCredential = Rule{
		Name:    "identity:ec2_get_credential",
		Check:   "(" + admin + ") or " + systemReader + " or " + ownKey,
		Scopes:  anyScope,
		Doc:     "Show an access key with its secret. Its owner may.",
		Targets: keyAttrs,
		Ops: []string{
			"GET /v3/users/{user_id}/credentials/OS-EC2/{credential_id}", "GET /v2.0/users/{user_id}/credentials/OS-EC2/{credential_id}",
		},
	}
	EC2ListCredentials = Rule{
		Name:    "identity:ec2_list_credentials",
		Check:   "(" + admin + ") or " + systemReader + " or " + self,
		Scopes:  anyScope,
		Doc:     "List a user's access keys with their secrets. The user may.",
		Targets: userAttrs,
		Ops:     []string{"GET /v3/users/{user_id}/credentials/OS-EC2", "GET /v2.0/users/{user_id}/credentials/OS-EC2"},
	}
	EC2CreateCredential = Rule{
		Name:    "identity:ec2_create_credential",
		Check:   "(" + admin + ") or (role:member and " + self + ")",
		Scopes:  anyScope,
		Doc:     "Create an access key for a user. Members may for themselves.",
		Targets: userAttrs,
		Ops:     []string{"POST /v3/users/{user_id}/credentials/OS-EC2", "POST /v2.0/users/{user_id}/credentials/OS-EC2"},
	}
	EC2DeleteCredential = Rule{
		Name:    "identity:ec2_delete_credential",
		Check:   "(" + admin + ") or (role:member and " + ownKey + ")",
		Scopes:  anyScope,
		Doc:     "Delete an access key, which ends the tokens that were made with it. Members may delete their own.",
		Targets: keyAttrs,
		Ops: []string{
			"DELETE /v3/users/{user_id}/credentials/OS-EC2/{credential_id}", "DELETE /v2.0/users/{user_id}/credentials/OS-EC2/{credential_id}",
		},
	}
	EC2TokensValidate = Rule{
		Name:      "identity:ec2tokens_validate",
		Check:     "rule:service_or_admin",
		Scopes:    systemOrProject,
		Doc:       "Get a token for a request of EC2 that a user signed. Services may.",
		Delegated: true,
		Ops:       []string{"POST /v3/ec2tokens", "POST /v2.0/ec2tokens"},
	}
	S3TokensValidate = Rule{
		Name:      "identity:s3tokens_validate",
		Check:     "rule:service_or_admin",
		Scopes:    systemOrProject,
		Doc:       "Learn who signed a request of S3. Services may.",
		Delegated: true,
		Ops:       []string{"POST /v3/s3tokens", "POST /v2.0/s3tokens"},
	}
)

// keyAttrs are those of credentials, and whose path it is.
var keyAttrs = append([]string{"target.user.id", "target.user.domain_id"}, credentialAttrs...)

var ec2Rules = []Rule{
	EC2GetCredential, EC2ListCredentials, EC2CreateCredential, EC2DeleteCredential, EC2TokensValidate, S3TokensValidate,
}
