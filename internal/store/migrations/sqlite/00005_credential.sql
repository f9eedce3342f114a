-- Credentials other than second factors. The content is sealed by the key ring; nothing else of it is kept.

-- +goose Up
CREATE TABLE credential (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    project_id TEXT REFERENCES project (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    sealed     TEXT NOT NULL
);
CREATE INDEX credential_of_user ON credential (user_id, id);
CREATE INDEX credential_of_project ON credential (project_id);
CREATE INDEX credential_of_kind ON credential (kind, id);

-- +goose Down
DROP TABLE credential;
