-- Options that domains override. The values of sensitive ones are sealed, the others are JSON.

-- +goose Up
CREATE TABLE domain_option (
    domain_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    section   TEXT NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    sensitive BOOLEAN NOT NULL,
    PRIMARY KEY (domain_id, section, name)
);

-- +goose Down
DROP TABLE domain_option;
