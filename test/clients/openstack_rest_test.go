package clients_test

import (
	"os"
	"path/filepath"
)

// file writes a file and returns its path.
func (sh shell) file(text string) string {
	sh.t.Helper()
	path := filepath.Join(sh.t.TempDir(), "input")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		sh.t.Fatal(err)
	}
	return path
}

// filters are the endpoints that a project sees in its catalog, one by one and in groups.
func (sh shell) filters() {
	glance := sh.id("service create image --name glance", nil)
	public := sh.id("endpoint create image public http://glance --region RegionOne", nil)
	const maze = " maze --project-domain lab"
	sh.refused("404", "endpoint remove project "+public+maze)
	sh.refused("No project", "endpoint add project "+public+" nothing --project-domain lab")
	sh.run("endpoint add project " + public + maze)
	sh.list("endpoint list --endpoint "+public, "Name", "maze")
	sh.list("endpoint list --project maze --project-domain lab", "ID", public)
	sh.run("endpoint remove project " + public + maze)
	sh.list("endpoint list --project maze --project-domain lab", "ID")

	sh.refused("400", "endpoint group create pictures "+sh.file(`{"colour": "red"}`))
	group := sh.id("endpoint group create pictures "+sh.file(`{"service_id": "`+glance+`"}`)+" --description 'all of glance'",
		attributes{"name": "pictures", "description": "all of glance", "filters": attributes{"service_id": glance}})
	sh.list("endpoint group list", "ID,Name,Description", group+" pictures all of glance")
	sh.run("endpoint group set pictures --name images --description public --filters " + sh.file(`{"interface": "public", "region_id": "RegionOne"}`))
	sh.show("endpoint group show images", attributes{"id": group, "description": "public", "filters": attributes{"interface": "public", "region_id": "RegionOne"}})
	sh.refused("404", "endpoint group remove project images"+maze)
	sh.run("endpoint group add project images" + maze)
	sh.list("endpoint group list --endpointgroup images", "Name", "maze")
	sh.list("endpoint group list --project maze --domain lab", "Name", "images")
	sh.run("endpoint group remove project images" + maze)
	sh.list("endpoint group list --endpointgroup images", "Name")
	sh.run("endpoint group delete images")
	sh.refused("No endpointgroup", "endpoint group show images")
	sh.run("service delete glance")
}

// limits are defaults of the cloud, and what a project has instead.
func (sh shell) limits() {
	cinder := sh.id("service create volume --name cinder", nil)
	maze := sh.id("project show maze --domain lab", nil)
	create := "registered limit create disks --service cinder --region RegionOne --default-limit "
	sh.refused("400", create+"-1000")
	registered := sh.id(create+"10 --description few", attributes{"service_id": cinder, "region_id": "RegionOne", "resource_name": "disks", "default_limit": 10, "description": "few"})
	sh.refused("409", create+"20")
	sh.list("registered limit list", "ID,Service ID,Resource Name,Default Limit,Description,Region ID", registered+" "+cinder+" disks 10 few RegionOne")
	sh.list("registered limit list --service cinder --region RegionOne --resource-name tapes", "ID")
	sh.show("registered limit set "+registered+" --default-limit 20 --description many --resource-name volumes --service cinder --region RegionOne",
		attributes{"default_limit": 20, "description": "many", "resource_name": "volumes"})
	sh.show("registered limit show "+registered, attributes{"default_limit": 20})

	sh.refused("403", "limit create disks --project "+maze+" --service cinder --region RegionOne --resource-limit 5")
	limit := sh.id("limit create volumes --project "+maze+" --service cinder --region RegionOne --resource-limit 5 --description less",
		attributes{"project_id": maze, "service_id": cinder, "resource_name": "volumes", "resource_limit": 5, "description": "less", "region_id": "RegionOne"})
	sh.list("limit list --project "+maze, "ID,Project ID,Service ID,Resource Name,Resource Limit,Description,Region ID",
		limit+" "+maze+" "+cinder+" volumes 5 less RegionOne")
	sh.list("limit list --service cinder --resource-name volumes --region RegionOne --project "+maze, "ID", limit)
	sh.show("limit set "+limit+" --resource-limit 15 --description more", attributes{"resource_limit": 15, "description": "more"})
	sh.show("limit show "+limit, attributes{"resource_limit": 15})
	sh.refused("403", "registered limit delete "+registered)
	sh.run("limit delete " + limit)
	sh.refused("404", "limit show "+limit)
	sh.run("registered limit delete " + registered)
	sh.refused("404", "registered limit show "+registered)
	sh.run("service delete cinder")
}

// credentials are what services keep for users.
func (sh shell) credentials() {
	mouse, maze := sh.id("user show mouse --domain lab", nil), sh.id("project show maze --domain lab", nil)
	const blob, other = `{"access":"181920","secret":"a piece of cheese"}`, `{"access":"181920","secret":"more of the cheese"}`
	sh.run("role add member --user " + mouse + " --project " + maze)
	sh.refused("400", "credential create "+mouse+" 'no JSON' --type ec2 --project "+maze)
	id := sh.id("credential create "+mouse+" '"+blob+"' --type ec2 --project "+maze,
		attributes{"type": "ec2", "user_id": mouse, "project_id": maze, "blob": blob})
	sh.list("credential list", "ID,Type,User ID,Project ID", id+" ec2 "+mouse+" "+maze)
	sh.list("credential list --user mouse --user-domain lab --type ec2", "ID", id)
	sh.list("credential list --type cert", "ID")
	sh.refused("409", "credential create "+mouse+" '"+blob+"' --type ec2 --project "+maze)
	sh.refused("400", "credential set "+id+" --user "+mouse+" --type cert --project "+maze+" --data '"+blob+"'")
	cert := sh.id("credential create mouse 'a certificate' --type cert", attributes{"type": "cert", "user_id": mouse, "project_id": nil, "blob": "a certificate"})
	sh.list("credential list --type cert", "ID,Data", cert+" a certificate")
	sh.run("credential set " + cert + " --user " + mouse + " --type x509 --data 'another one'")
	sh.show("credential show "+cert, attributes{"blob": "another one", "type": "x509"})
	sh.run("credential delete " + cert)
	sh.run("credential set " + id + " --user " + mouse + " --type ec2 --project " + maze + " --data '" + other + "'")
	sh.show("credential show "+id, attributes{"blob": other, "type": "ec2"})
	sh.run("credential delete " + id)
	sh.refused("No credential", "credential show "+id)
	sh.accessKeys(mouse, maze)
	sh.run("role remove member --user " + mouse + " --project " + maze)
}

// federation is who may vouch for people, and how that is understood.
func (sh shell) federation() {
	const rules, others = `[{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "UID"}]}]`, `[{"local": [{"user": {"name": "{0}"}}], "remote": [{"type": "MAIL"}]}]`
	sh.refused("400", "mapping create people --rules "+sh.file(`[{"local": []}]`))
	sh.show("mapping create people --rules "+sh.file(rules), attributes{"id": "people", "rules": "[map[local:[map[user:map[name:{0}]]] remote:[map[type:UID]]]]"})
	sh.refused("409", "mapping create people --rules "+sh.file(rules))
	sh.run("mapping set people --rules " + sh.file(others))
	sh.show("mapping show people", attributes{"rules": "[map[local:[map[user:map[name:{0}]]] remote:[map[type:MAIL]]]]"})
	sh.show("mapping create guests --rules "+sh.file(rules), nil)
	sh.list("mapping list", "ID", "guests", "people")

	lab := sh.id("domain show lab", nil)
	sh.show("identity provider create zoo --remote-id https://zoo --remote-id https://old.zoo --description 'a zoo' --domain lab --disable",
		attributes{"id": "zoo", "remote_ids": "[https://old.zoo https://zoo]", "description": "a zoo", "domain_id": lab, "enabled": false})
	sh.refused("409", "identity provider create zoo", "identity provider create circus --remote-id https://zoo")
	sh.list("identity provider list", "ID,Enabled,Domain ID,Description", "zoo false "+lab+" a zoo")
	sh.run("identity provider set zoo --enable --description animals --remote-id-file " + sh.file("https://new.zoo\n"))
	sh.show("identity provider create circus --enable --remote-id-file "+sh.file("https://circus\n"), attributes{"enabled": true, "remote_ids": "[https://circus]"})
	sh.run("identity provider set circus --disable --remote-id https://tent")
	sh.show("identity provider show circus", attributes{"enabled": false, "remote_ids": "[https://tent]"})
	sh.list("identity provider list --enabled", "ID", "zoo") // the client cannot do --id
	sh.run("identity provider delete circus")
	sh.show("identity provider show zoo", attributes{"enabled": true, "description": "animals", "remote_ids": "[https://new.zoo]"})

	sh.refused("400", "federation protocol create saml2 --identity-provider zoo --mapping nothing")
	sh.show("federation protocol create saml2 --identity-provider zoo --mapping people", attributes{"id": "saml2", "mapping": "people", "identity_provider": "zoo"})
	sh.refused("409", "federation protocol create saml2 --identity-provider zoo --mapping people")
	sh.run("federation protocol set saml2 --identity-provider zoo --mapping guests")
	sh.show("federation protocol show saml2 --identity-provider zoo", attributes{"mapping": "guests"})
	sh.list("federation protocol list --identity-provider zoo", "id,mapping", "saml2 guests")
	sh.run("federation protocol delete saml2 --identity-provider zoo")
	sh.refused("404", "federation protocol delete saml2 --identity-provider zoo")
	sh.run("identity provider delete zoo")
	sh.refused("404", "identity provider delete zoo")
	sh.run("mapping delete people guests")
	sh.list("mapping list", "ID")

	sh.show("service provider create sister --auth-url https://sister/auth --service-provider-url https://sister/sp --description near --disable",
		attributes{"id": "sister", "auth_url": "https://sister/auth", "sp_url": "https://sister/sp", "description": "near", "enabled": false})
	sh.list("service provider list", "ID,Enabled,Description,Auth URL", "sister false near https://sister/auth")
	sh.run("service provider set sister --enable --description far --auth-url https://sister/a --service-provider-url https://sister/s")
	sh.show("service provider show sister", attributes{"enabled": true, "description": "far", "auth_url": "https://sister/a", "sp_url": "https://sister/s"})
	sh.show("service provider create brother --auth-url https://brother/auth --service-provider-url https://brother/sp --enable", attributes{"enabled": true})
	sh.run("service provider set brother --disable")
	sh.show("service provider show brother", attributes{"enabled": false})
	sh.run("service provider delete sister brother")
	sh.refused("404", "service provider delete sister")

	sh.list("federation domain list", "ID")
	sh.list("federation project list", "Name", "admin")
}
