package clients_test

// oauth is a robot that comes to act on the project admin.
func (sh shell) oauth() {
	const role = " member --user mouse --user-domain lab --project maze --project-domain lab"
	sh.run("role add" + role)
	sh.mouse("squeak! squeak!").refused("403", "consumer create", "consumer list")
	made := sh.show("consumer create --description 'a robot'", attributes{"description": "a robot"})
	id, secret := made["id"].(string), made["secret"].(string)
	sh.run("consumer set " + id + " --description 'a better robot'")
	sh.show("consumer show "+id, attributes{"id": id, "description": "a better robot"})
	sh.list("consumer list", "ID,Description", id+" a better robot")
	key := " --consumer-key " + id + " --consumer-secret "

	sh.refused("401", "request token create"+key+"wrong --project admin --domain default",
		"request token create --consumer-key nobody --consumer-secret "+secret+" --project admin --domain default")
	sh.refused("No project", "request token create"+key+secret+" --project nothing --domain default")
	asked := sh.show("request token create"+key+secret+" --project admin --domain default", nil)
	request := " --request-key " + asked["id"].(string)
	exchange := "access token create" + key + secret + request + " --request-secret " + asked["secret"].(string) + " --verifier "
	sh.refused("401", exchange+"none")
	sh.mouse("squeak! squeak!").refused("403", "request token authorize --role admin"+request)
	sh.refused("404", "request token authorize --role admin --request-key nothing")
	sh.refused("No role", "request token authorize --role nothing"+request)
	verifier := sh.show("request token authorize --role admin"+request, nil)["oauth_verifier"].(string)
	sh.refused("401", exchange+"wrong", "access token create"+key+"wrong"+request+" --request-secret "+asked["secret"].(string)+" --verifier "+verifier)
	access := sh.show(exchange+verifier, nil)
	sh.refused("401", exchange+verifier) // a request token works once

	robot := func(secret any) shell {
		return sh.as("--os-auth-url", sh.s.URL+"/v3", "--os-auth-type", "v3oauth1", "--os-consumer-key", id, "--os-consumer-secret", made["secret"].(string),
			"--os-access-key", access["id"].(string), "--os-access-secret", secret.(string))
	}
	robot("wrong").refused("401", "token issue")
	robot(access["secret"]).show("token issue", attributes{"project_id": sh.id("project show admin", nil), "user_id": sh.id("user show admin", nil)})
	robot(access["secret"]).refused("403", "consumer create", "ec2 credentials create")
	sh.run("consumer delete " + id)
	sh.refused("No consumer", "consumer show "+id, "consumer delete "+id)
	robot(access["secret"]).refused("401", "token issue")
	sh.run("role remove" + role)
}

// accessKeys are the credentials of services that speak EC2.
func (sh shell) accessKeys(mouse, maze string) {
	const named = " --user mouse --user-domain lab"
	sh.refused("No user", "ec2 credentials create --project maze --project-domain lab --user nobody --user-domain lab")
	small := sh.mouse("squeak! squeak!")
	small.refused("403", "ec2 credentials create --user "+sh.id("user show admin", nil), "ec2 credentials list --user "+sh.id("user show admin", nil))
	made := sh.show("ec2 credentials create --project maze --project-domain lab"+named, attributes{"user_id": mouse, "project_id": maze})
	access := made["access"].(string)
	sh.show("ec2 credentials show "+access+named, attributes{"access": access, "secret": made["secret"]})
	sh.list("ec2 credentials list"+named, "Access,Project ID,User ID", access+" "+maze+" "+mouse)
	small.list("ec2 credentials list", "Access", access)
	small.refused("403", "ec2 credentials show nothing", "ec2 credentials delete nothing")
	sh.run("ec2 credentials delete " + access + named)
	sh.refused("404", "ec2 credentials show "+access+named)
}
