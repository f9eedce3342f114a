// Command coverage says how much of Keystone the server answers: it compares the operations of openapi.yaml,
// which the server serves exactly or does not start, with those of Keystone in keystone.txt. What is missing must
// stand on the reviewed list waiting.txt with its reason; the exit status is 1 when something else is missing and
// also when that list is not true any more. It compares addresses and methods; what they do is for other tests.
package main

import (
	_ "embed"
	"fmt"
	"os"

	"github.com/keyward/identity/internal/contract"
)

var (
	//go:embed keystone.txt
	keystone string
	//go:embed waiting.txt
	waiting string
)

func main() {
	r, err := read()
	if err != nil {
		fmt.Fprintln(os.Stderr, "coverage:", err)
		os.Exit(2)
	}
	r.print(os.Stdout)
	if len(r.wrong) != 0 {
		os.Exit(1)
	}
}

// read compares the lists that are built in.
func read() (report, error) {
	theirs, err := parse(keystone)
	if err != nil {
		return report{}, fmt.Errorf("keystone.txt: %w", err)
	}
	later, err := parse(waiting)
	if err != nil {
		return report{}, fmt.Errorf("waiting.txt: %w", err)
	}
	doc, err := contract.Own()
	if err != nil {
		return report{}, fmt.Errorf("openapi.yaml: %w", err)
	}
	var ours []operation
	for _, o := range doc.Operations() {
		ours = append(ours, operation{method: o.Method, path: o.Path, subject: o.Tags[0]})
	}
	return compare(theirs, ours, later), nil
}
