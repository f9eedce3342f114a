-- Devices on which people's second factor is not asked for. Only a keyed digest of the secret is kept.

-- +goose Up
CREATE TABLE device (
    id             TEXT COLLATE "C" PRIMARY KEY,
    user_id        TEXT COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    name           TEXT COLLATE "C" NOT NULL,
    digest         TEXT COLLATE "C" NOT NULL,
    auth_version   BIGINT NOT NULL,
    factors        TEXT COLLATE "C" NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    last_used_at   BIGINT,
    last_used_from TEXT COLLATE "C" NOT NULL
);
CREATE INDEX device_of_user ON device (user_id, created_at, id);
CREATE INDEX device_expiry ON device (expires_at);

-- +goose Down
DROP TABLE device;
