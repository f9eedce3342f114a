package policy

// ExplainRequest is ours.
var ExplainRequest = Rule{
	Name:      "identity:explain_request",
	Check:     adminOrSystemReader,
	Scopes:    systemOrProject,
	Doc:       "Show why a request was refused, whoever sent it. Ours, not Keystone's.",
	Delegated: true,
	Ops:       []string{"GET /v3/explain/{request_id}"},
}

var explainRules = []Rule{ExplainRequest}
