package clients_test

// trusts lets mouse use roles of the administrator's.
func (sh shell) trusts() {
	sh.refused("403", "trust create mouse admin --trustor-domain lab --project admin --role admin") // in somebody else's name
	sh.refused("404", "trust create admin mouse --trustee-domain lab --project maze --project-domain lab --role admin")
	sh.refused("400", "trust create admin mouse --trustee-domain lab --project admin --role admin --expiration 2001-01-01T00:00:00")
	sh.refused("No", "trust show nothing")
	admin, mouse, project := sh.id("user show admin", nil), sh.id("user show mouse --domain lab", nil), sh.id("project show admin", nil)
	id := sh.id("trust create admin mouse --trustor-domain default --trustee-domain lab --project admin --project-domain default --role admin"+
		" --impersonate --expiration 2999-12-31T23:59:59", attributes{
		"trustor_user_id": admin, "trustee_user_id": mouse, "project_id": project, "impersonation": true, "roles": "admin",
		"expires_at": "2999-12-31T23:59:59.000000Z",
	})
	sh.refused("No", "trust show nothing", "trust delete nothing") // neither name is that of the only trust
	sh.show("trust show "+id, attributes{"id": id, "deleted_at": nil, "redelegation_count": float64(0), "roles": "admin"})
	plain := sh.id("trust create admin mouse --trustee-domain lab --project admin --role member --role reader", attributes{"impersonation": false})
	sh.list("trust list", "ID,Impersonation,Project ID,Trustee User ID,Trustor User ID",
		id+" true "+project+" "+mouse+" "+admin, plain+" false "+project+" "+mouse+" "+admin)
	trusted := sh.as("--os-auth-url", sh.s.URL+"/v3", "--os-username", "mouse", "--os-password", "squeak! squeak!", "--os-user-domain-name", "lab",
		"--os-trust-id", id)
	trusted.show("token issue", attributes{"user_id": admin, "project_id": project})
	trusted.refused("403", "trust create admin mouse --trustor-domain default --project admin --role admin", "ec2 credentials create")
	sh.run("trust delete " + id + " " + plain)
	trusted.refused("401", "token issue")
	sh.refused("No", "trust show "+id, "trust delete "+id)
	sh.list("trust list", "ID")
}
