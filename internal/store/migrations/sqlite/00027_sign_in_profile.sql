-- What is remembered of people's sign-ins, to tell unusual ones: digests and truncated networks, bounded in size. No
-- foreign key, as for sessions; what outlives its user is purged.

-- +goose Up
CREATE TABLE sign_in_profile (
    user_id    TEXT PRIMARY KEY,
    profile    TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);
CREATE INDEX sign_in_profile_expiry ON sign_in_profile (expires_at);
ALTER TABLE session ADD COLUMN risk_score INTEGER NOT NULL DEFAULT 0;
ALTER TABLE session ADD COLUMN risk_reasons TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE session DROP COLUMN risk_reasons;
ALTER TABLE session DROP COLUMN risk_score;
DROP TABLE sign_in_profile;
