package clients_test

import "strings"

// The flags of a user's options, all on and all off.
const (
	yes = " --ignore-lockout-failure-attempts --ignore-password-expiry --ignore-change-password-upon-first-use --enable-lock-password --enable-multi-factor-auth"
	no  = " --no-ignore-lockout-failure-attempts --no-ignore-password-expiry --no-ignore-change-password-upon-first-use --disable-lock-password --disable-multi-factor-auth"
)

// options are what the server makes of these flags, and of rules.
func options(on bool, rules [][]string) attributes {
	return attributes{
		"ignore_lockout_failure_attempts": on, "ignore_password_expiry": on, "ignore_change_password_upon_first_use": on,
		"lock_password": on, "multi_factor_auth_enabled": on, "multi_factor_auth_rules": rules,
	}
}

// users makes mouse, who may sign in on the project maze, and cat, who may not.
func (sh shell) users() {
	sh.refused("No project", "user create mouse --domain lab --project nothing")
	mouse := sh.id("user create mouse --domain lab --password 'squeak squeak' --email m@lab --project maze --project-domain lab --description small --enable",
		attributes{"name": "mouse", "enabled": true, "email": "m@lab", "description": "small", "default_project_id": sh.id("project show maze --domain lab", nil), "options": "map[]"})
	sh.refused("409", "user create mouse --domain lab")
	sh.show("user create mouse --domain lab --or-show", attributes{"id": mouse})
	sh.show("user create cat --domain lab --disable"+yes+" --multi-factor-auth-rule password,totp --multi-factor-auth-rule totp",
		attributes{"enabled": false, "options": options(true, [][]string{{"password", "totp"}, {"totp"}})})
	sh.refused("400", "user set cat --domain lab --multi-factor-auth-rule magic")
	sh.run("user set cat --domain lab" + no + " --multi-factor-auth-rule password")
	sh.show("user show cat --domain lab", attributes{"options": options(false, [][]string{{"password"}})})
	sh.show("user create dog"+no+" --multi-factor-auth-rule password", attributes{"options": options(false, [][]string{{"password"}})})
	sh.run("user set dog" + yes + " --multi-factor-auth-rule totp")
	sh.show("user show dog", attributes{"options": options(true, [][]string{{"totp"}})})
	sh.run("user delete dog")

	sh.list("user list", "Name", "admin", "cat", "mouse")
	sh.list("user list --domain lab --long", "Name,Description,Email,Enabled", "cat   false", "mouse small m@lab true")
	sh.run("user set mouse --domain lab --name rat --email rat@lab --description grey --disable")
	sh.show("user show rat --domain lab", attributes{"id": mouse, "email": "rat@lab", "description": "grey", "enabled": false})
	sh.run("user set " + mouse + " --name mouse --enable --project maze --project-domain lab --password 'squeak, squeak'")
	sh.refused("No user", "user show rat --domain lab", "user delete rat --domain lab")

	sh.run("role add member --user mouse --user-domain lab --project maze --project-domain lab")
	sh.mouse("squeak squeak").refused("401", "token issue")
	sh.mouse("squeak, squeak").refused("401", "user password set --original-password wrong --password 'squeak! squeak!'")
	sh.mouse("squeak, squeak").run("user password set --original-password 'squeak, squeak' --password 'squeak! squeak!'")
	sh.mouse("squeak, squeak").refused("401", "token issue")
	sh.mouse("squeak! squeak!").show("token issue", attributes{"user_id": mouse})
	sh.mouse("squeak! squeak!").refused("403", "user create dog", "user delete "+mouse, "domain list", "user list")
	sh.list("user list --project maze", "Name", "mouse")
	sh.list("project list --user mouse --domain lab", "Name", "maze")
	sh.run("role remove member --user mouse --user-domain lab --project maze --project-domain lab")
	sh.mouse("squeak! squeak!").refused("401", "token issue")
}

// mouse is the same client for the user mouse.
func (sh shell) mouse(password string) shell {
	return sh.as("--os-auth-url", sh.s.URL+"/v3", "--os-username", "mouse", "--os-password", password, "--os-user-domain-name", "lab",
		"--os-project-name", "maze", "--os-project-domain-name", "lab")
}

// groups makes rodents, with mouse in it.
func (sh shell) groups() {
	rodents := sh.id("group create vermin --domain lab --description grey", attributes{"name": "vermin", "description": "grey"})
	sh.refused("409", "group create vermin --domain lab")
	sh.show("group create vermin --domain lab --or-show", attributes{"id": rodents})
	sh.run("group set vermin --domain lab --name rodents --description 'small and grey'")
	sh.show("group show rodents --domain lab", attributes{"id": rodents, "description": "small and grey"})
	sh.refused("No group", "group show vermin --domain lab")

	const both = " rodents mouse --group-domain lab --user-domain lab"
	sh.notes("mouse not in group rodents", "group contains user"+both)
	sh.refused("404", "group remove user"+both)
	sh.run("group add user" + both)
	sh.run("group add user" + both)
	sh.says("mouse in group rodents", "group contains user"+both)
	sh.list("user list --group rodents --domain lab", "Name", "mouse")
	sh.list("group list --domain lab --long", "Name,Description", "rodents small and grey")
	sh.list("group list --user mouse --user-domain lab", "ID", rodents)
	sh.list("group list --user cat --user-domain lab", "ID")

	sh.show("group create ghosts --domain lab", nil)
	sh.run("group delete ghosts --domain lab")
	sh.refused("No group", "group show ghosts --domain lab")
}

// roles are roles of the cloud and of a domain, and what they imply.
func (sh shell) roles() {
	lead := sh.id("role create chief --domain lab --description first --no-immutable", attributes{"name": "chief", "description": "first", "domain_id": sh.id("domain show lab", nil)})
	sh.refused("409", "role create chief --domain lab", "role create member")
	sh.show("role create chief --domain lab --or-show", attributes{"id": lead})
	sh.run("role set chief --domain lab --name lead --description second")
	sh.show("role show lead --domain lab", attributes{"id": lead, "description": "second"})
	sh.list("role list --domain lab", "Name,Domain", "lead lab")

	sh.show("role create keeper --immutable", attributes{"domain_id": nil, "options": attributes{"immutable": true}})
	sh.refused("403", "role delete keeper", "role set keeper --name feeder")
	sh.run("role set keeper --no-immutable")
	sh.run("role set keeper --immutable")
	sh.refused("403", "role delete keeper")
	sh.run("role set keeper --no-immutable")
	sh.list("role list", "Name", "Ops", "admin", "keeper", "manager", "member", "reader", "service")

	sh.show("implied role create keeper --implied-role reader", attributes{"prior_role": sh.id("role show keeper", nil), "implies": sh.id("role show reader", nil)})
	sh.refused("409", "implied role create keeper --implied-role reader")
	sh.refused("400", "implied role create reader --implied-role keeper")
	sh.list("implied role list", "Prior Role Name,Implied Role Name", "admin manager", "keeper reader", "manager member", "member reader")
	sh.run("implied role delete keeper --implied-role reader")
	sh.refused("404", "implied role delete keeper --implied-role reader")
	sh.run("role delete keeper")
	sh.refused("No role", "role show keeper")
}

// grants are who has which role where.
func (sh shell) grants() {
	const (
		user    = " --user mouse --user-domain lab"
		group   = " --group rodents --group-domain lab"
		project = " --project maze --project-domain lab"
	)
	given := []string{
		"member" + user + project, "reader" + group + " --domain lab", "lead --role-domain lab" + user + project, "reader" + user + " --system all",
		"manager" + group + " --domain lab --inherited",
	}
	for _, g := range given {
		sh.refused("404", "role remove "+g)
		sh.run("role add " + g)
		sh.run("role add " + g)
	}
	sh.refused("400", "role add lead --role-domain lab"+user+" --system all")
	sh.refused("No role", "role add nothing"+user+project)

	const columns = "Role,User,Group,Project,Domain,System,Inherited"
	of := func(flags string, rows ...string) {
		sh.t.Helper()
		for i, row := range rows {
			rows[i] = strings.TrimSpace(strings.ReplaceAll(row, "-", ""))
		}
		sh.list("role assignment list --names "+flags, columns, rows...)
	}
	of(user, "member mouse@lab - maze@lab - - false", "lead mouse@lab - maze@lab - - false", "reader mouse@lab - - - all false")
	of(group, "reader - rodents@lab - lab - false", "manager - rodents@lab - lab - true")
	of(group+" --inherited", "manager - rodents@lab - lab - true")
	of(project, "member mouse@lab - maze@lab - - false", "lead mouse@lab - maze@lab - - false")
	of("--domain lab", "reader - rodents@lab - lab - false", "manager - rodents@lab - lab - true")
	of("--system all", "admin admin@Default - - - all false", "reader mouse@lab - - - all false")
	of("--role lead --role-domain lab", "lead mouse@lab - maze@lab - - false")
	of("--auth-user", "admin admin@Default - admin@Default - - false", "admin admin@Default - - - all false")
	of("--auth-project", "admin admin@Default - admin@Default - - false")
	of("--effective"+user+project, "member mouse@lab - maze@lab - - false", "reader mouse@lab - maze@lab - - false",
		"manager mouse@lab - maze@lab - - true", "member mouse@lab - maze@lab - - true", "reader mouse@lab - maze@lab - - true")
	of("--effective"+user+" --domain lab", "reader mouse@lab - - lab - false")
	sh.list("role assignment list"+user+" --system all", "User,System", sh.id("user show mouse --domain lab", nil)+" all")
	sh.refused("No role", "role assignment list --names --user mouse --user-domain lab --role nothing")

	for _, g := range given {
		sh.run("role remove " + g)
	}
	of(user)
	sh.run("role delete lead --domain lab")
}
