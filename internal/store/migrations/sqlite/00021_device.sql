-- Devices on which people's second factor is not asked for. Only a keyed digest of the secret is kept.

-- +goose Up
CREATE TABLE device (
    id             TEXT PRIMARY KEY,
    user_id        TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    digest         TEXT NOT NULL,
    auth_version   INTEGER NOT NULL,
    factors        TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    last_used_at   INTEGER,
    last_used_from TEXT NOT NULL
);
CREATE INDEX device_of_user ON device (user_id, created_at, id);
CREATE INDEX device_expiry ON device (expires_at);

-- +goose Down
DROP TABLE device;
