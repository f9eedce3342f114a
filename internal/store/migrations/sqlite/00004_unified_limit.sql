-- Registered limits and limits. Services enforce them; here they are kept and kept consistent.

-- +goose Up
CREATE TABLE registered_limit (
    id                 TEXT PRIMARY KEY,
    service_id         TEXT NOT NULL REFERENCES service (id),
    region_id          TEXT REFERENCES region (id),
    resource_name      TEXT NOT NULL,
    resource_name_fold TEXT NOT NULL,
    default_limit      INTEGER NOT NULL,
    description        TEXT
);
CREATE UNIQUE INDEX registered_limit_once ON registered_limit (service_id, COALESCE(region_id, ''), resource_name);
CREATE INDEX registered_limit_region ON registered_limit (region_id);
CREATE INDEX registered_limit_resource ON registered_limit (resource_name);

-- A limit is a project's or, as limits of domains go by a name of their own, a domain's.
CREATE TABLE project_limit (
    id                  TEXT PRIMARY KEY,
    registered_limit_id TEXT NOT NULL REFERENCES registered_limit (id),
    project_id          TEXT REFERENCES project (id) ON DELETE CASCADE,
    domain_id           TEXT REFERENCES project (id) ON DELETE CASCADE,
    resource_limit      INTEGER NOT NULL,
    description         TEXT,
    CONSTRAINT project_limit_one_owner CHECK ((project_id IS NULL) <> (domain_id IS NULL))
);
CREATE UNIQUE INDEX project_limit_once ON project_limit (registered_limit_id, COALESCE(project_id, ''), COALESCE(domain_id, ''));
CREATE INDEX project_limit_project ON project_limit (project_id);
CREATE INDEX project_limit_domain ON project_limit (domain_id);

-- +goose Down
DROP TABLE project_limit;
DROP TABLE registered_limit;
