-- People's own sign-ins, one row for each chain of tokens. A row goes when the session is ended; what the user's auth
-- version or the time has ended is left out of lists and purged. No foreign key: a sign-in must not wait for whoever
-- changes the user, and what a deleted user leaves is purged within the life of a token.

-- +goose Up
CREATE TABLE session (
    id           TEXT COLLATE "C" PRIMARY KEY,
    user_id      TEXT COLLATE "C" NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    methods      TEXT COLLATE "C" NOT NULL,
    address      TEXT COLLATE "C" NOT NULL,
    user_agent   TEXT COLLATE "C" NOT NULL,
    auth_version BIGINT NOT NULL
);
CREATE INDEX session_of_user ON session (user_id, created_at, id);
CREATE INDEX session_expiry ON session (expires_at);

-- +goose Down
DROP TABLE session;
