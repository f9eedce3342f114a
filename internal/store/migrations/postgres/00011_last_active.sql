-- The day on which a user last signed in with a password, in UTC, in microseconds as all times. Null is not known.

-- +goose Up
ALTER TABLE user_account ADD COLUMN last_active_at BIGINT;

-- +goose Down
ALTER TABLE user_account DROP COLUMN last_active_at;
