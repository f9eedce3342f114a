package v3_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/keyward/identity/internal/apitest"
)

var update = flag.Bool("update", false, "write testdata/policy.golden again")

const golden = "testdata/policy.golden"

// callers are the columns of the golden. The targets of all rows are in the domain red: the user ann, a group,
// the project web, and what belongs to them.
var callers = []string{
	"sysadmin", "admin", "reader@system", "admin@red", "manager@red", "reader@red", "manager@red/web", "member@red/web", "service@red/web",
	"admin@blue", "manager@blue", "manager@default", "ann", "bob", "dora",
}

// bodies are sent with the operations that demand one, by operationId.
var bodies = map[string]string{
	"createDomain": `{"domain":{"name":"new"}}`, "updateDomain": `{"domain":{"description":"x"}}`,
	"createProject": `{"project":{"name":"new","domain_id":"{red}"}}`, "updateProject": `{"project":{"description":"x"}}`,
	"replaceProjectTags": `{"tags":[]}`, "replaceDomainConfig": `{"config":{}}`,
	"updateDomainConfig": `{"config":{}}`, "updateDomainConfigGroup": `{"config":{}}`, "updateDomainConfigOption": `{"config":{}}`,
	"createConsumer": `{"consumer":{}}`, "updateConsumer": `{"consumer":{}}`, "authorizeRequestToken": `{"roles":[{"name":"admin"}]}`,
	"createUser": `{"user":{"name":"new","domain_id":"{red}"}}`, "updateUser": `{"user":{"description":"x"}}`,
	"createGroup": `{"group":{"name":"new","domain_id":"{red}"}}`, "updateGroup": `{"group":{"description":"x"}}`,
	"createRole": `{"role":{"name":"new"}}`, "updateRole": `{"role":{"description":"x"}}`,
	"createRegion": `{"region":{}}`, "createRegionWithId": `{"region":{}}`, "updateRegion": `{"region":{"description":"x"}}`,
	"createService": `{"service":{"type":"x"}}`, "updateService": `{"service":{"description":"x"}}`,
	"createEndpoint":      `{"endpoint":{"service_id":"{service}","interface":"public","url":"http://x.test"}}`,
	"updateEndpoint":      `{"endpoint":{"url":"http://x.test"}}`,
	"createEndpointGroup": `{"endpoint_group":{"name":"x","filters":{"interface":"public"}}}`, "updateEndpointGroup": `{"endpoint_group":{"name":"x"}}`,
	"createPolicy": `{"policy":{"blob":"{}","type":"x"}}`, "updatePolicy": `{"policy":{"type":"x"}}`,
	"createCredential":            `{"credential":{"type":"totp","user_id":"{ann}","blob":"GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"}}`,
	"updateCredential":            `{"credential":{"type":"totp"}}`,
	"createApplicationCredential": `{"application_credential":{"name":"x"}}`,
	"rememberDevice":              `{"device":{"name":"x"}}`,
	"createTrust":                 `{"trust":{"trustor_user_id":"{ann}","trustee_user_id":"{bob}","impersonation":false}}`,
	"enrolTotp":                   `{"totp":{"name":"phone"}}`, "confirmTotp": `{"totp":{"passcode":"123456"}}`, "renameTotp": `{"totp":{"name":"x"}}`, "snoozeMfa": `{"mfa":{}}`,
	"resetMfa": `{"reset":{"reason":"x"}}`,
	"addPhone": `{"phone":{"number":"+4915112345678"}}`, "updatePhone": `{"phone":{}}`, "verifyPhone": `{"phone":{}}`,
	"confirmPhone":         `{"phone":{"passcode":"123456"}}`,
	"createMfaRequirement": `{"requirement":{"role_id":"{role member}"}}`, "updateMfaRequirement": `{"requirement":{"grace_days":1}}`,
	"createMfaExemption":     `{"exemption":{"user_id":"{ann}","reason":"x","expires_at":"2026-06-01T00:00:00Z"}}`,
	"createRegisteredLimits": `{"registered_limits":[{"service_id":"{service}","resource_name":"x","default_limit":1}]}`,
	"updateRegisteredLimit":  `{"registered_limit":{"default_limit":2}}`,
	"createLimits":           `{"limits":[{"service_id":"{service}","resource_name":"cores","resource_limit":1,"domain_id":"{red}"}]}`,
	"updateLimit":            `{"limit":{"resource_limit":2}}`,
	"createAccessKey":        `{"tenant_id":"{red/web}"}`, "createV2AccessKey": `{"tenant_id":"{red/web}"}`,
	"signInWithEc2": `{"credentials":{}}`, "signInWithS3": `{"credentials":{}}`,
	"signInV2WithEc2": `{"credentials":{}}`, "signInV2WithS3": `{"credentials":{}}`,

	"createIdentityProvider": `{"identity_provider":{"domain_id":"{red}"}}`, "updateIdentityProvider": `{"identity_provider":{"enabled":true}}`,
	"createProtocol": `{"protocol":{"mapping_id":"m"}}`, "updateProtocol": `{"protocol":{"mapping_id":"m"}}`,
	"createMapping": `{"mapping":{"rules":[{"local":[],"remote":[{"type":"x"}]}]}}`, "updateMapping": `{"mapping":{"rules":[{"local":[],"remote":[{"type":"x"}]}]}}`,
	"createServiceProvider": `{"service_provider":{"auth_url":"http://x.test","sp_url":"http://x.test"}}`,
	"updateServiceProvider": `{"service_provider":{"enabled":true}}`,

	"createV2Tenant": `{"tenant":{"name":"new"}}`, "updateV2Tenant": `{"tenant":{}}`, "updateV2TenantByPut": `{"tenant":{}}`,
	"createV2User": `{"user":{"name":"new"}}`, "updateV2User": `{"user":{}}`,
	"setV2UserPassword": `{"user":{"password":"x"}}`, "setV2UserPasswordByExtension": `{"user":{"password":"x"}}`,
	"setV2UserEnabled": `{"user":{"enabled":true}}`, "setV2UserEnabledByExtension": `{"user":{"enabled":true}}`,
	"setV2UserTenant": `{"user":{"tenantId":null}}`, "setV2UserTenantByExtension": `{"user":{"tenantId":null}}`,
	"changeV2OwnPassword": `{"user":{"password":"x","original_password":"x"}}`,
	"createV2Role":        `{"role":{"name":"new"}}`, "createV2RoleRef": `{"role":{"tenantId":"{default/demo}","roleId":"{role member}"}}`,
	"createV2Service":  `{"OS-KSADM:service":{"type":"x"}}`,
	"createV2Endpoint": `{"endpoint":{"service_id":"{service}","publicurl":"http://x.test"}}`,
}

// ofKeys are the variables of the paths of access keys. In the old API there are those of the default domain only.
var ofKeys = strings.NewReplacer(
	"/v2.0/users/{user_id}/credentials/OS-EC2/{credential_id}", "/v2.0/users/{dora}/credentials/OS-EC2/key-of-dora",
	"/v2.0/users/{user_id}/credentials/OS-EC2", "/v2.0/users/{dora}/credentials/OS-EC2",
	"/OS-EC2/{credential_id}", "/OS-EC2/key",
)

// variables are what stands for the variables of paths.
var variables = strings.NewReplacer(
	"{user_id}", "{ann}", "{group_id}", "{group}", "{project_id}", "{red/web}", "{domain_id}", "{red}", "{role_id}", "{role member}",
	"{prior_role_id}", "{role manager}", "{implied_role_id}", "{role member}", "{region_id}", "RegionOne",
	"{service_id}", "{service}", "{endpoint_id}", "{endpoint}", "{endpoint_group_id}", "{endpoint_group}", "{policy_id}", "{policy}", "{credential_id}", "{credential}", "{factor_id}", "{factor}",
	"{application_credential_id}", "{application_credential}", "{access_rule_id}", "{access_rule}", "{trust_id}", "{trust}",
	"{token_id}", "{v2token}", "{value}", "blue", "{group}", "ldap", "{option}", "url",
	"{requirement_id}", "{requirement}", "{exemption_id}", "{exemption}", "{registered_limit_id}", "{registered_limit}", "{limit_id}", "{limit}",
	"{idp_id}", "corp", "{protocol_id}", "saml2", "{mapping_id}", "m", "{service_provider_id}", "sp",
	"{consumer_id}", "{consumer}", "{request_token_id}", "{request_token}", "{access_token_id}", "{access_token}",
	"{session_id}", "0123456789abcdefghijkl", "{device_id}", "0123456789abcdef0123456789abcdef", "{request_id}", "req-none",
	"{phone_id}", "0123456789abcdef0123456789abcdef",
)

// oldVariables are what stands for the variables of /v2.0, which knows nothing outside the default domain.
var oldVariables = strings.NewReplacer("{user_id}", "{dora}", "{tenant_id}", "{default/demo}",
	"{ref_id}", "roleId={role member}&tenantId={default/demo}&userId={dora}")

// TestPolicyGolden shows the whole authorization surface: which caller may call which operation. No operation
// does anything, it stops when its rule has decided.
func TestPolicyGolden(t *testing.T) {
	t.Parallel()
	w := goldenWorld(t)
	var b strings.Builder
	b.WriteString("# Who may call what; written by go test ./api/v3 -run TestPolicyGolden -update.\n" +
		"# Targets are of the domain red: user ann, project web. Those of /v2.0 are of the default domain: user dora,\n" +
		"# project demo. A dot is a refusal.\n")
	for _, op := range w.Server.Ops() {
		if op.Public != "" {
			fmt.Fprintf(&b, "%-6s %-72s anyone: %s\n", op.Method, op.Path, op.Public)
			continue
		}
		b.WriteString(goldenRow(t, w, op.Method, op.Path))
		if op.Method == http.MethodGet && strings.HasSuffix(op.Path, "/auth/tokens") {
			b.WriteString(goldenRow(t, w, http.MethodHead, op.Path))
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("who may do what has changed; run with -update and read the difference:\n%s", difference(string(want), b.String()))
	}
}

// goldenWorld makes targets that exist, then stops every operation after its rule.
func goldenWorld(t *testing.T) *apitest.World {
	w := apitest.New(t)
	w.User("ann", "red")
	w.User("bob", "red")
	w.User("dora", "default")
	w.Project("default", "demo")
	w.Project("red", "web")
	add := func(path, kind, body string) {
		w.Name(kind, w.Post(path, body, w.As("sysadmin")).Want(http.StatusCreated).Str(kind+".id"))
	}
	add("/v3/groups", "group", `{"group":{"name":"g","domain_id":"{red}"}}`)
	add("/v3/services", "service", `{"service":{"type":"x"}}`)
	add("/v3/endpoints", "endpoint", `{"endpoint":{"service_id":"{service}","interface":"public","url":"http://x.test"}}`)
	add("/v3/OS-EP-FILTER/endpoint_groups", "endpoint_group", bodies["createEndpointGroup"])
	add("/v3/policies", "policy", `{"policy":{"blob":"{}","type":"x"}}`)
	addFirst := func(path, kind, body string) {
		w.Name(kind, w.Post(path, body, w.As("sysadmin")).Want(http.StatusCreated).Str(kind+"s.0.id"))
	}
	add("/v3/mfa/requirements", "requirement", `{"requirement":{"group_id":"{group}","from":"2999-01-01T00:00:00Z"}}`)
	add("/v3/mfa/exemptions", "exemption", bodies["createMfaExemption"])
	addFirst("/v3/registered_limits", "registered_limit", `{"registered_limits":[{"service_id":"{service}","resource_name":"cores","default_limit":1}]}`)
	addFirst("/v3/limits", "limit", `{"limits":[{"service_id":"{service}","resource_name":"cores","resource_limit":1,"project_id":"{red/web}"}]}`)
	w.Put("/v3/groups/{group}/users/{ann}", w.As("sysadmin")).Want(http.StatusNoContent)
	for _, on := range []string{"projects/{red/web}", "domains/{red}", "system"} {
		for _, who := range []string{"users/{ann}", "groups/{group}"} {
			w.Put("/v3/"+on+"/"+who+"/roles/{role member}", w.As("sysadmin")).Want(http.StatusNoContent)
		}
	}
	made := w.Post("/v3/users/{ann}/application_credentials", `{"application_credential":{"name":"x","access_rules":[{"service":"x","path":"/x","method":"GET"}]}}`,
		apitest.Token(w.Token("ann", "project:red/web"))).Want(http.StatusCreated)
	w.Secret(made.Str("application_credential.secret"))
	w.Name("application_credential", made.Str("application_credential.id"))
	w.Name("access_rule", made.Str("application_credential.access_rules.0.id"))
	w.Grant("ann", "admin", "project:red/lab")
	k := newConsumer(w)
	k.project = "{red/lab}"
	w.Name("consumer", k.id)
	w.Name("request_token", k.with(k.ask(k.project)).token)
	w.Name("access_token", k.holding(w.Token("ann", "project:red/lab")).token)
	w.Name("trust", w.Post("/v3/OS-TRUST/trusts", bodies["createTrust"], w.As("ann")).Want(http.StatusCreated).Str("trust.id"))
	factor := w.Post("/v3/users/{ann}/mfa/totp", `{"totp":{"name":"phone"}}`, w.As("ann")).Want(http.StatusCreated)
	w.Secret(factor.Str("totp.secret"))
	w.Name("factor", factor.Str("totp.id"))
	for _, key := range []string{"ann key", "dora key-of-dora"} {
		user, access, _ := strings.Cut(key, " ")
		w.Post("/v3/credentials", fmt.Sprintf(`{"credential":{"type":"ec2","user_id":"{%s}","project_id":"{red/web}","blob":"{\"access\":\"%s\",\"secret\":\"secret-of-key\"}"}}`,
			user, access), w.As("sysadmin")).Want(http.StatusCreated)
	}
	for _, c := range callers {
		w.Persona(c)
	}
	add("/v3/credentials", "credential", bodies["createCredential"]) // last: from now on ann needs a code to sign in
	w.Name("v2token", w.Token("dora", ""))
	w.Server.API().DryRun = true
	return w
}

// goldenRow asks one operation as every caller.
func goldenRow(t *testing.T, w *apitest.World, method, path string) string {
	t.Helper()
	row := fmt.Sprintf("%-6s %-72s", method, path)
	for _, c := range callers {
		with := []apitest.With{w.As(c), apitest.Header("X-Subject-Token", w.Persona("ann"))}
		if body, ok := bodies[w.OperationID(method, path)]; ok {
			with = append(with, apitest.Body(body))
		}
		at := ofKeys.Replace(path)
		if strings.HasPrefix(path, "/v2.0") {
			at = oldVariables.Replace(at)
		}
		r := w.Do(method, variables.Replace(at), with...)
		cell := "."
		switch r.Status {
		case http.StatusForbidden:
		case http.StatusNotFound: // the trusts of others are not there
			if !strings.HasPrefix(path, "/v3/OS-TRUST/trusts/") {
				t.Errorf("%s %s as %s: not found", method, path, c)
			}
		case http.StatusNoContent, http.StatusOK:
			cell = c
		default:
			t.Errorf("%s %s as %s: got %d, so its rule was not asked: %s", method, path, c, r.Status, r.Body)
		}
		row += fmt.Sprintf(" %-*s", len(c), cell)
	}
	return strings.TrimRight(row, " ") + "\n"
}

// difference lists the lines that only one text has.
func difference(old, now string) string {
	var out strings.Builder
	for _, side := range []struct{ mark, has, lacks string }{{"-", old, now}, {"+", now, old}} {
		for line := range strings.Lines(side.has) {
			if !strings.Contains(side.lacks, line) {
				out.WriteString(side.mark + line)
			}
		}
	}
	return out.String()
}
