package clients_test

// appCredentials lets mouse make what programs sign in with.
func (sh shell) appCredentials() {
	user, project := sh.id("user show mouse --domain lab", nil), sh.id("project show maze --domain lab", nil)
	sh.run("role add member --user " + user + " --project " + project)
	mouse := sh.mouse("squeak! squeak!")
	mouse.refused("400", "application credential create cheese --secret short", "application credential create cheese --expiration 2001-01-01T00:00:00",
		"application credential create cheese --access-rules '[{}]'")
	made := mouse.show("application credential create cheese --description 'for the trap' --role member --expiration 2999-01-01T00:00:00 --restricted",
		attributes{"name": "cheese", "description": "for the trap", "expires_at": "2999-01-01T00:00:00.000000", "unrestricted": false,
			"project_id": project, "roles": "member reader"})
	mouse.refused("409", "application credential create cheese")
	program := func(made attributes) shell {
		id, _ := made["id"].(string)
		secret, _ := made["secret"].(string)
		return sh.as("--os-auth-url", sh.s.URL+"/v3", "--os-auth-type", "v3applicationcredential",
			"--os-application-credential-id", id, "--os-application-credential-secret", secret)
	}
	program(made).show("token issue", attributes{"user_id": user, "project_id": project})
	program(made).refused("403", "application credential create more", "credential list", "user list")
	program(made).list("application credential list", "Name", "cheese")
	program(attributes{"id": made["id"], "secret": "wrong"}).refused("401", "token issue")

	rule := `[{"method":"GET","path":"/v3/auth/projects","service":"identity"}]`
	all := mouse.show("application credential create all --unrestricted --secret 'a secret of my own'", attributes{"unrestricted": true, "secret": "a secret of my own"})
	program(all).show("application credential create few --access-rules '"+rule+"'", attributes{"name": "few"})
	var rules []map[string]any
	mouse.decode(&rules, "access rule list")
	if len(rules) != 1 {
		sh.t.Fatalf("access rules: %v", rules)
	}
	id, _ := rules[0]["ID"].(string)
	mouse.list("access rule list --user "+user+" --user-domain lab", "Service,Method,Path", "identity GET /v3/auth/projects")
	mouse.show("access rule show "+id, attributes{"path": "/v3/auth/projects", "method": "GET", "service": "identity"})
	mouse.refused("failed to delete", "access rule delete "+id)

	sh.list("application credential list --user mouse --user-domain lab", "Name,Description,Expires At",
		"all <nil> <nil>", "cheese for the trap 2999-01-01T00:00:00.000000", "few <nil> <nil>")
	mouse.show("application credential show cheese", attributes{"id": made["id"], "roles": "member reader"})
	program(all).run("application credential delete few")
	mouse.run("access rule delete " + id)
	mouse.list("access rule list", "ID")
	mouse.run("application credential delete cheese all")
	program(made).refused("401", "token issue")
	mouse.list("application credential list", "ID")
	sh.run("role remove member --user " + user + " --project " + project)
}
