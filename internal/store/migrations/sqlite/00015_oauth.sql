-- OAuth 1.0a: consumers, what they ask for, and what they were given. Every secret is sealed. methods and auth_time
-- are those of the sign-in that authorized a token: the user's rules judge them at each use.

-- +goose Up
CREATE TABLE oauth_consumer (
    id          TEXT PRIMARY KEY,
    description TEXT,
    secret      TEXT NOT NULL,
    extra       TEXT NOT NULL
);

CREATE TABLE oauth_request_token (
    id          TEXT PRIMARY KEY,
    secret      TEXT NOT NULL,
    consumer_id TEXT NOT NULL REFERENCES oauth_consumer (id) ON DELETE CASCADE,
    project_id  TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    expires_at  INTEGER,
    tries       INTEGER NOT NULL,
    user_id     TEXT REFERENCES user_account (id) ON DELETE CASCADE,
    role_ids    TEXT NOT NULL,
    verifier    TEXT NOT NULL,
    methods     TEXT NOT NULL,
    auth_time   INTEGER NOT NULL
);
CREATE INDEX oauth_request_token_consumer ON oauth_request_token (consumer_id);
CREATE INDEX oauth_request_token_project ON oauth_request_token (project_id);
CREATE INDEX oauth_request_token_user ON oauth_request_token (user_id);
CREATE INDEX oauth_request_token_expiry ON oauth_request_token (expires_at);

CREATE TABLE oauth_access_token (
    id          TEXT PRIMARY KEY,
    secret      TEXT NOT NULL,
    consumer_id TEXT NOT NULL REFERENCES oauth_consumer (id) ON DELETE CASCADE,
    project_id  TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    user_id     TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    role_ids    TEXT NOT NULL,
    expires_at  INTEGER,
    methods     TEXT NOT NULL,
    auth_time   INTEGER NOT NULL
);
CREATE INDEX oauth_access_token_consumer ON oauth_access_token (consumer_id);
CREATE INDEX oauth_access_token_project ON oauth_access_token (project_id);
CREATE INDEX oauth_access_token_user ON oauth_access_token (user_id);
CREATE INDEX oauth_access_token_expiry ON oauth_access_token (expires_at);

-- id is the digest of consumer, token, timestamp and nonce of a request that was accepted.
CREATE TABLE oauth_nonce (
    id         TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
);
CREATE INDEX oauth_nonce_expiry ON oauth_nonce (expires_at);

-- +goose Down
DROP TABLE oauth_nonce;
DROP TABLE oauth_access_token;
DROP TABLE oauth_request_token;
DROP TABLE oauth_consumer;
