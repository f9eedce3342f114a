-- Options that domains override. The values of sensitive ones are sealed, the others are JSON.

-- +goose Up
CREATE TABLE domain_option (
    domain_id TEXT COLLATE "C" NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    section   TEXT COLLATE "C" NOT NULL,
    name      TEXT COLLATE "C" NOT NULL,
    value     TEXT NOT NULL,
    sensitive BOOLEAN NOT NULL,
    PRIMARY KEY (domain_id, section, name)
);

-- +goose Down
DROP TABLE domain_option;
