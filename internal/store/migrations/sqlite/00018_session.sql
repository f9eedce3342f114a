-- People's own sign-ins, one row for each chain of tokens. A row goes when the session is ended; what the user's auth
-- version or the time has ended is left out of lists and purged. No foreign key: a sign-in must not wait for whoever
-- changes the user, and what a deleted user leaves is purged within the life of a token.

-- +goose Up
CREATE TABLE session (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    methods      TEXT NOT NULL,
    address      TEXT NOT NULL,
    user_agent   TEXT NOT NULL,
    auth_version INTEGER NOT NULL
);
CREATE INDEX session_of_user ON session (user_id, created_at, id);
CREATE INDEX session_expiry ON session (expires_at);

-- +goose Down
DROP TABLE session;
