package mapping

// local reads one object of a rule's local part.
func (p *parser) local(n node) (local, error) {
	var l local
	known := []string{"user", "group", "groups", "group_ids", "projects", "domain"}
	if p.version == "3.0" {
		known = append(known, "projects_json")
	}
	parts, err := n.object(known...)
	if err != nil {
		return l, err
	}
	for name, into := range map[string]*template{"groups": &l.groups, "group_ids": &l.groupIDs, "projects_json": &l.projectsJSON} {
		if *into, err = p.optional(parts, name); err != nil {
			return l, err
		}
	}
	if l.domain, err = p.domain(parts); err != nil {
		return l, err
	}
	if user, ok := parts["user"]; ok {
		if l.user, err = p.user(user); err != nil {
			return l, err
		}
	}
	if group, ok := parts["group"]; ok {
		if l.group, err = p.group(group); err != nil {
			return l, err
		}
	}
	if projects, ok := parts["projects"]; ok {
		l.projects, err = p.projects(projects)
	}
	return l, err
}

func (p *parser) user(n node) (*userTemplate, error) {
	parts, err := n.object("id", "name", "email", "domain", "type")
	if err != nil || len(parts) == 0 {
		return nil, err // a user of whom nothing is said is none
	}
	var u userTemplate
	for name, into := range map[string]*template{"id": &u.id, "name": &u.name, "email": &u.email} {
		if *into, err = p.optional(parts, name); err != nil {
			return nil, err
		}
	}
	if kind, ok := parts["type"]; ok {
		switch kind.v {
		case "ephemeral":
		case "local":
			u.local = true
		default:
			return nil, kind.bad("must be ephemeral or local")
		}
	}
	u.domain, err = p.domain(parts)
	return &u, err
}

// group reads a group by its id, or by its name and domain.
func (p *parser) group(n node) (*groupTemplate, error) {
	parts, err := n.object("id", "name", "domain")
	if err != nil {
		return nil, err
	}
	var g groupTemplate
	if g.id, err = p.optional(parts, "id"); err != nil {
		return nil, err
	}
	if g.name, err = p.optional(parts, "name"); err != nil {
		return nil, err
	}
	if g.domain, err = p.domain(parts); err != nil {
		return nil, err
	}
	byID, byName := g.id != nil && g.name == nil && g.domain == nil, g.id == nil && g.name != nil && g.domain != nil
	if !byID && !byName {
		return nil, n.bad("must have either an id, or a name and a domain")
	}
	return &g, nil
}

// domain reads the domain of what has one; nil when there is none.
func (p *parser) domain(parts map[string]node) (*domainTemplate, error) {
	n, ok := parts["domain"]
	if !ok {
		return nil, nil //nolint:nilnil // a domain is optional everywhere
	}
	parts, err := n.object("id", "name")
	if err != nil {
		return nil, err
	}
	var d domainTemplate
	if d.id, err = p.optional(parts, "id"); err != nil {
		return nil, err
	}
	if d.name, err = p.optional(parts, "name"); err != nil {
		return nil, err
	}
	if d.id == nil && d.name == nil {
		return nil, n.bad("must have an id or a name")
	}
	return &d, nil
}

func (p *parser) projects(n node) ([]projectTemplate, error) {
	items, err := n.list(0)
	if err != nil {
		return nil, err
	}
	return each(items, p.project)
}

func (p *parser) project(n node) (projectTemplate, error) {
	var out projectTemplate
	known := []string{"name", "roles"}
	if p.version != "1.0" {
		known = append(known, "domain")
	}
	parts, err := n.object(known...)
	if err != nil {
		return out, err
	}
	if out.name, err = p.required(n, parts, "name"); err != nil {
		return out, err
	}
	roles, ok := parts["roles"]
	if !ok {
		return out, n.bad("needs 'roles'")
	}
	items, err := roles.list(0)
	if err != nil {
		return out, err
	}
	out.roles, err = each(items, func(n node) (template, error) {
		parts, err := n.object("name")
		if err != nil {
			return nil, err
		}
		return p.required(n, parts, "name")
	})
	if err != nil {
		return out, err
	}
	out.domain, err = p.domain(parts)
	return out, err
}

// optional reads a text that may be absent, which is nil.
func (p *parser) optional(parts map[string]node, name string) (template, error) {
	n, ok := parts[name]
	if !ok {
		return nil, nil
	}
	return p.template(n)
}

func (p *parser) required(of node, parts map[string]node, name string) (template, error) {
	t, err := p.optional(parts, name)
	if err == nil && t == nil {
		err = of.bad("needs '%s'", name)
	}
	return t, err
}
