package discovery

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/keyward/identity/internal/httpapi"
)

const (
	mediaHome = "application/json-home"
	relations = "https://docs.openstack.org/api/openstack-identity/3/"
)

// relation is one row of Keystone's JSON Home document.
type relation struct {
	// name follows the prefix of all relations; path is below /v3.
	name, path string
	// params are the relations of variables of the path that do not follow the rule param/<variable>.
	params map[string]string
}

// experimental are the relations that Keystone marks so.
var experimental = map[string]bool{
	"rel/limit": true, "rel/limit_model": true, "rel/limits": true, "rel/registered_limit": true, "rel/registered_limits": true,
}

type document []byte

func (d document) reply() httpapi.Reply {
	return httpapi.Reply{Status: http.StatusOK, Raw: d, ContentType: mediaHome}.With("Vary", "Accept")
}

var variable = regexp.MustCompile(`\{([a-z0-9_]+)\}`)

// home renders the document of those relations whose path exists, with hrefs below prefix. Names of variables
// are those of the relation, which clients know, whatever our templates call them.
func home(paths []string, prefix string) document {
	exists := map[string]bool{}
	for _, p := range paths {
		exists[variable.ReplaceAllString(p, "{}")] = true
	}
	type resource struct {
		Href     string            `json:"href,omitzero"`
		Template string            `json:"href-template,omitzero"`
		Vars     map[string]string `json:"href-vars,omitzero"`
		Hints    map[string]string `json:"hints,omitzero"`
	}
	resources := map[string]resource{}
	for _, r := range homeRelations {
		if !exists["/v3"+variable.ReplaceAllString(r.path, "{}")] {
			continue
		}
		var hints map[string]string
		if experimental[r.name] {
			hints = map[string]string{"status": "experimental"}
		}
		found := variable.FindAllStringSubmatch(r.path, -1)
		if found == nil {
			resources[relations+r.name] = resource{Href: prefix + r.path, Hints: hints}
			continue
		}
		vars := map[string]string{}
		for _, m := range found {
			param := "param/" + m[1]
			if p, ok := r.params[m[1]]; ok {
				param = p
			}
			vars[m[1]] = relations + param
		}
		resources[relations+r.name] = resource{Template: prefix + r.path, Vars: vars, Hints: hints}
	}
	b, err := json.Marshal(map[string]any{"resources": resources}, json.Deterministic(true))
	if err != nil {
		panic("discovery: the JSON Home document cannot be rendered: " + err.Error()) // maps of strings always can
	}
	return b
}

// wantsHome says whether the Accept header prefers JSON Home to JSON, which wins ties.
func wantsHome(accept string) bool {
	if !strings.Contains(accept, mediaHome) {
		return false
	}
	best := map[string]float64{}
	for item := range strings.SplitSeq(accept, ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(item), ";")
		q := 1.0
		if _, v, ok := strings.Cut(params, "q="); ok {
			if f, err := strconv.ParseFloat(strings.TrimSpace(v), 64); err == nil {
				q = f
			}
		}
		best[strings.TrimSpace(name)] = max(best[strings.TrimSpace(name)], q)
	}
	return best[mediaHome] > max(best["application/json"], 0)
}
