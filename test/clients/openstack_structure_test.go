package clients_test

// domains makes the domain lab, in which the rest happens.
func (sh shell) domains() {
	sh.refused("409", "domain create Default")
	sh.refused("No domain", "domain show lab", "domain set lab --disable")
	id := sh.id("domain create lab --description 'a lab' --enable --no-immutable", attributes{"name": "lab", "enabled": true, "description": "a lab", "tags": "[]"})
	sh.show("domain create lab --or-show", attributes{"id": id})
	sh.show("domain create cellar --disable --immutable", attributes{"enabled": false, "options": attributes{"immutable": true}})
	sh.list("domain list", "Name,Enabled,Description", "Default true The default domain", "cellar false", "lab true a lab")
	sh.list("domain list --name lab", "ID", id)
	sh.list("domain list --enabled", "Name", "Default", "lab")

	sh.refused("409", "domain set lab --name cellar")
	sh.run("domain set lab --name laboratory --description clean")
	sh.show("domain show laboratory", attributes{"id": id, "description": "clean"})
	sh.refused("No domain", "domain show lab")
	sh.run("domain set laboratory --name lab --disable")
	sh.run("domain set lab --enable")

	sh.refused("403", "domain delete lab", "domain delete cellar", "domain set cellar --enable")
	sh.run("domain set cellar --no-immutable")
	sh.run("domain set cellar --immutable")
	sh.refused("403", "domain delete cellar")
	sh.run("domain set cellar --no-immutable")
	sh.run("domain delete cellar")
	sh.refused("No domain", "domain show cellar")
}

// projects makes the project maze in lab.
func (sh shell) projects() {
	maze := sh.id("project create warren --domain lab --description 'a maze' --property color=red --tag old --tag wide --enable",
		attributes{"name": "warren", "description": "a maze", "enabled": true, "is_domain": false, "color": "red", "tags": "[old wide]"})
	sh.refused("409", "project create warren --domain lab")
	sh.show("project create warren --domain lab --or-show", attributes{"id": maze})
	hall := sh.id("project create hall --domain lab --parent "+maze+" --disable --no-immutable --tag new", attributes{"parent_id": maze, "enabled": false})

	sh.list("project list", "Name", "admin", "warren", "hall")
	sh.list("project list --domain lab --long", "Name,Description,Enabled", "hall  false", "warren a maze true")
	sh.list("project list --parent "+maze, "ID", hall)
	sh.list("project list --my-projects", "Name", "admin")
	sh.list("project list --user admin", "Name", "admin")
	sh.list("project list --tags old,wide", "Name", "warren")
	sh.list("project list --tags-any old,new", "Name", "warren", "hall")
	sh.list("project list --domain lab --not-tags old,wide", "Name", "hall")
	sh.list("project list --domain lab --not-tags-any old,new", "Name")
	sh.list("project list --domain lab --sort name:desc", "Name", "hall", "warren")
	sh.show("project show hall --domain lab --parents", attributes{"parents": attributes{maze: attributes{sh.id("domain show lab", nil): nil}}})
	sh.show("project show "+maze+" --children", attributes{"subtree": attributes{hall: nil}})

	sh.run("project set warren --domain lab --name maze --description dark --property color=blue --tag new")
	sh.show("project show maze --domain lab", attributes{"id": maze, "description": "dark", "color": "blue", "tags": "[new old wide]"})
	sh.run("project set " + maze + " --clear-tags --tag last --immutable")
	sh.show("project show "+maze, attributes{"tags": "[last]", "options": attributes{"immutable": true}})
	sh.refused("403", "project set "+maze+" --disable", "project delete "+maze)
	sh.refused("403", "project set "+maze+" --no-immutable --disable") // one after the other
	sh.run("project set " + maze + " --no-immutable")
	sh.run("project set " + maze + " --disable --tag next")
	sh.show("project show "+maze, attributes{"enabled": false, "tags": "[last next]"})
	sh.run("project set " + maze + " --enable --remove-tag last")
	sh.show("project show "+maze, attributes{"enabled": true, "tags": "[next]"})
	sh.show("project create vault --immutable", attributes{"options": attributes{"immutable": true}})
	sh.refused("403", "project delete vault")
	sh.run("project set vault --no-immutable")
	sh.run("project delete vault")

	sh.refused("403", "project delete maze --domain lab")
	sh.refused("No project", "project delete nothing")
	sh.run("project delete hall --domain lab")
	sh.refused("No project", "project show hall --domain lab")
}

// catalog is regions, services, endpoints and what a token shows of them.
func (sh shell) catalog() {
	sh.show("region create north --description cold", attributes{"region": "north", "description": "cold"})
	sh.show("region create pole --parent-region north", attributes{"parent_region": "north"})
	sh.refused("409", "region create north")
	sh.list("region list", "Region,Parent Region,Description", "RegionOne <nil>", "north <nil> cold", "pole north")
	sh.list("region list --parent-region north", "Region", "pole")
	sh.run("region set pole --description icy --parent-region RegionOne")
	sh.show("region show pole", attributes{"parent_region": "RegionOne", "description": "icy"})
	sh.run("region delete pole")
	sh.refused("", "region show pole") // the client stumbles when it looks for the name

	nova := sh.id("service create compute --name nova --description 'a cloud' --disable", attributes{"type": "compute", "name": "nova", "enabled": false})
	sh.run("service set nova --type servers --name nova2 --description clouds --enable")
	sh.show("service show nova2", attributes{"id": nova, "type": "servers", "enabled": true, "description": "clouds"})
	sh.run("service set " + nova + " --type compute --name nova --disable")
	sh.list("catalog list", "Name", "keystone")
	sh.run("service set nova --enable")
	sh.show("service create volume --name cinder --enable", attributes{"enabled": true})
	sh.run("service delete cinder")
	sh.list("service list --long", "Name,Type,Description,Enabled", "keystone identity  true", "nova compute clouds true")
	sh.list("service list", "Name", "keystone", "nova")

	public := sh.id("endpoint create compute public http://nova --region north --enable", attributes{"service_name": "nova", "interface": "public", "url": "http://nova", "region": "north", "enabled": true})
	admin := sh.id("endpoint create nova admin http://secret --region north --disable", attributes{"enabled": false, "service_id": nova})
	sh.refused("No service", "endpoint create nothing public http://nova")
	sh.list("endpoint list --service nova", "ID,Region,Service Name,Service Type,Enabled,Interface,URL",
		public+" north nova compute true public http://nova", admin+" north nova compute false admin http://secret")
	sh.list("endpoint list --interface admin --region north", "ID", admin)
	sh.run("endpoint set " + admin + " --interface internal --url http://inside --region RegionOne --service nova --enable")
	sh.show("endpoint show "+admin, attributes{"interface": "internal", "url": "http://inside", "region": "RegionOne", "enabled": true, "service_name": "nova"})

	sh.run("endpoint set " + admin + " --disable")
	sh.show("endpoint show "+admin, attributes{"enabled": false})
	sh.list("catalog list", "Name,Type", "keystone identity", "nova compute")
	sh.show("catalog show nova", attributes{"id": nova, "type": "compute"})
	sh.list("versions show --service identity", "Service Type,Version,Status", "identity 2.0 DEPRECATED", "identity 3.14 CURRENT")
	sh.show("configuration show", attributes{"auth_type": "password", "auth_url": sh.s.URL + "/v3", "username": "admin"})

	sh.run("endpoint delete " + admin)
	sh.refused("404", "region delete nothing")
	sh.refused("403", "region delete north") // its endpoint stands there
	sh.run("service delete nova")
	sh.list("endpoint list --service keystone", "Interface", "admin", "internal", "public")
	sh.run("region delete north")
}

// leave deletes what the others made.
func (sh shell) leave() {
	sh.run("group remove user rodents mouse --group-domain lab --user-domain lab")
	sh.run("group delete rodents --domain lab")
	sh.run("user delete mouse cat --domain lab")
	sh.refused("403", "domain delete lab")
	sh.run("domain set lab --disable")
	sh.run("domain delete lab")
	sh.refused("No domain", "domain show lab")
	sh.list("project list", "Name", "admin")
}
