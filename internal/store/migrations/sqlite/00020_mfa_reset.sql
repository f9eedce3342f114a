-- How far off the clock of each phone is, and when an administrator last took somebody's second factors.

-- +goose Up
ALTER TABLE factor ADD COLUMN drift INTEGER NOT NULL DEFAULT 0;

CREATE TABLE mfa_reset (
    user_id  TEXT PRIMARY KEY REFERENCES user_account (id) ON DELETE CASCADE,
    reset_at INTEGER NOT NULL,
    reset_by TEXT NOT NULL,
    reason   TEXT NOT NULL
);

-- +goose Down
DROP TABLE mfa_reset;
ALTER TABLE factor DROP COLUMN drift;
