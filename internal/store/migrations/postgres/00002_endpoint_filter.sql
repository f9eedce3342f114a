-- +goose Up

-- What a group demands of an endpoint; null demands nothing. The ids are not checked, so they refer to nothing.
CREATE TABLE endpoint_group (
    id          TEXT COLLATE "C" PRIMARY KEY,
    name        TEXT COLLATE "C" NOT NULL,
    description TEXT,
    service_id  TEXT COLLATE "C",
    region_id   TEXT COLLATE "C",
    interface   TEXT COLLATE "C"
);
CREATE INDEX endpoint_group_name ON endpoint_group (name);

CREATE TABLE project_endpoint (
    project_id  TEXT COLLATE "C" NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    endpoint_id TEXT COLLATE "C" NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE,
    PRIMARY KEY (project_id, endpoint_id)
);
CREATE INDEX project_endpoint_of_endpoint ON project_endpoint (endpoint_id);

CREATE TABLE project_endpoint_group (
    project_id        TEXT COLLATE "C" NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    endpoint_group_id TEXT COLLATE "C" NOT NULL REFERENCES endpoint_group (id) ON DELETE CASCADE,
    PRIMARY KEY (project_id, endpoint_group_id)
);
CREATE INDEX project_endpoint_group_of_group ON project_endpoint_group (endpoint_group_id);

-- +goose Down

DROP TABLE project_endpoint_group;
DROP TABLE project_endpoint;
DROP TABLE endpoint_group;
