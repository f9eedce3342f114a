-- What digests of recovery codes need of root keys that have left the file: a digest cannot be made again.

-- +goose Up
CREATE TABLE mac_key (
    purpose TEXT NOT NULL,
    key_id  TEXT NOT NULL,
    sealed  TEXT NOT NULL,
    PRIMARY KEY (purpose, key_id)
);

-- +goose Down
DROP TABLE mac_key;
