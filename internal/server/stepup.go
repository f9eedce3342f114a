package server

import (
	"fmt"
	"strings"

	"github.com/keyward/identity/internal/auth"
	"github.com/keyward/identity/internal/config"
	"github.com/keyward/identity/internal/contract"
	"github.com/keyward/identity/internal/httpapi"
)

// StepUp returns the routes ("DELETE /v3/projects/{project_id}") of the operations that an operator named in
// step_up.operations. It fails, naming all, when some do not exist or are open to strangers, who prove nothing.
func StepUp(cfg config.Config) (map[string]bool, error) {
	doc, err := contract.Own()
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	byID := map[string]*contract.Operation{}
	for _, op := range doc.Operations() {
		byID[op.ID] = op
	}
	routes := map[string]bool{}
	var unknown, public []string
	for _, name := range cfg.StepUp.Operations {
		switch op := byID[name]; {
		case op == nil:
			unknown = append(unknown, name)
		case op.Public:
			public = append(public, name)
		default:
			routes[op.Method+" "+op.Path] = true
		}
	}
	switch {
	case len(unknown) > 0:
		return nil, fmt.Errorf("step_up.operations: openapi.yaml has no operation %s", strings.Join(unknown, ", "))
	case len(public) > 0:
		return nil, fmt.Errorf("step_up.operations: nobody has signed in for %s", strings.Join(public, ", "))
	}
	return routes, nil
}

// demandFresh marks the operations that the operator named.
func demandFresh(ops []httpapi.Op, cfg config.Config) error {
	routes, err := StepUp(cfg)
	if err != nil {
		return err
	}
	for i, op := range ops {
		if routes[op.Method+" "+op.Path] {
			ops[i] = op.Fresh(auth.FreshFor)
		}
	}
	return nil
}
