package clients_test

import (
	"os"
	"path/filepath"
)

// policies keeps policy documents, which the client reads from files.
func (sh shell) policies() {
	dir := sh.t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			sh.t.Fatal(err)
		}
		return path
	}
	rules, more := file("rules", `{"a": "role:<b>"}`), file("more", "a: '!'\n")
	sh.refused("No policy", "policy show nothing")
	sh.refused("404", "policy set nothing --type x", "policy delete nothing")
	id := sh.id("policy create "+rules, attributes{"rules": `{"a": "role:<b>"}`, "type": "application/json"})
	other := sh.id("policy create "+more+" --type text/x-yaml", attributes{"type": "text/x-yaml"})
	sh.show("policy show "+id, attributes{"rules": `{"a": "role:<b>"}`})
	sh.list("policy list", "ID,Type", id+" application/json", other+" text/x-yaml")
	sh.run("policy set " + id + " --type application/yaml --rules " + more)
	sh.list("policy list --long", "ID,Type,Rules", id+" application/yaml a: '!'", other+" text/x-yaml a: '!'")
	sh.run("policy delete " + id + " " + other)
	sh.list("policy list", "ID")
}
