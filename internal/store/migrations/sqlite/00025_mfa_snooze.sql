-- Until when people without a second factor are not reminded of one. Microseconds since 1970.

-- +goose Up
CREATE TABLE mfa_snooze (
    user_id TEXT PRIMARY KEY REFERENCES user_account (id) ON DELETE CASCADE,
    until   INTEGER NOT NULL
);

-- +goose Down
DROP TABLE mfa_snooze;
