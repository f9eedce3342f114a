package clients_test

import (
	"maps"
	"slices"
	"strings"
)

// unserved are the commands of openstackclient that wait for an operation. The list must be true: a command on
// it that succeeds, or whose operation is served, is an error, and so is any other command that did not run.
var unserved = map[string]string{}

// complete checks that every command of Identity v3 ran or waits.
func (sh shell) complete() {
	t := sh.t
	t.Helper()
	waiting, used := 0, map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(sh.commands)) {
		noun, operation := "", ""
		for _, prefix := range slices.Sorted(maps.Keys(unserved)) {
			if strings.HasPrefix(name, prefix+" ") {
				noun, operation = prefix, unserved[prefix]
			}
		}
		used[noun] = true
		switch {
		case sh.ran[name] != nil && noun != "":
			t.Errorf("openstack %s works: take it off the list", name)
		case noun != "":
			waiting++
			if served(t, operation) {
				t.Errorf("openstack %s waits for %s, which is served", name, operation)
			}
		case sh.ran[name] == nil:
			t.Errorf("openstack %s did not run: the tests here must use it, or it waits for something", name)
		}
	}
	sh.flagged()
	for noun := range unserved {
		if !used[noun] {
			t.Errorf("openstack %s is on the list and no command", noun)
		}
	}
	t.Logf("openstackclient's commands for Identity v3: %d, of which %d succeeded and %d wait\n%s",
		len(sh.commands), len(sh.ran), waiting, describe(unserved))
}

// unflagged are the flags that no command here has, and why.
var unflagged = map[string]string{
	"--password-prompt":           "it asks at a terminal",
	"identity provider list --id": "the client stumbles over it",
}

// flagged checks that every flag of every command that ran was used.
func (sh shell) flagged() {
	sh.t.Helper()
	for _, name := range slices.Sorted(maps.Keys(sh.ran)) {
		for _, flag := range sh.commands[name] {
			used, excused := sh.ran[name][flag], unflagged[flag] != "" || unflagged[name+" "+flag] != ""
			if used == excused {
				sh.t.Errorf("openstack %s %s: used: %v, on the list of those that cannot be: %v", name, flag, used, excused)
			}
		}
	}
}

// describe writes what waits for what.
func describe(list map[string]string) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(list)) {
		b.WriteString("waits: " + name + " …: for " + list[name] + "\n")
	}
	return strings.TrimSpace(b.String())
}
