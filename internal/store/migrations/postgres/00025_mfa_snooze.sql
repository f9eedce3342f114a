-- Until when people without a second factor are not reminded of one. Microseconds since 1970.

-- +goose Up
CREATE TABLE mfa_snooze (
    user_id TEXT COLLATE "C" PRIMARY KEY REFERENCES user_account (id) ON DELETE CASCADE,
    until   BIGINT NOT NULL
);

-- +goose Down
DROP TABLE mfa_snooze;
