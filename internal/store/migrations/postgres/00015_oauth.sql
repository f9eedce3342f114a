-- OAuth 1.0a: consumers, what they ask for, and what they were given. Every secret is sealed. methods and auth_time
-- are those of the sign-in that authorized a token: the user's rules judge them at each use.

-- +goose Up
CREATE TABLE oauth_consumer (
    id          TEXT COLLATE "C" PRIMARY KEY,
    description TEXT COLLATE "C",
    secret      TEXT COLLATE "C" NOT NULL,
    extra       TEXT COLLATE "C" NOT NULL
);

CREATE TABLE oauth_request_token (
    id          TEXT COLLATE "C" PRIMARY KEY,
    secret      TEXT COLLATE "C" NOT NULL,
    consumer_id TEXT COLLATE "C" NOT NULL REFERENCES oauth_consumer (id) ON DELETE CASCADE,
    project_id  TEXT COLLATE "C" NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    expires_at  BIGINT,
    tries       INTEGER NOT NULL,
    user_id     TEXT COLLATE "C" REFERENCES user_account (id) ON DELETE CASCADE,
    role_ids    TEXT COLLATE "C" NOT NULL,
    verifier    TEXT COLLATE "C" NOT NULL,
    methods     TEXT COLLATE "C" NOT NULL,
    auth_time   BIGINT NOT NULL
);
CREATE INDEX oauth_request_token_consumer ON oauth_request_token (consumer_id);
CREATE INDEX oauth_request_token_project ON oauth_request_token (project_id);
CREATE INDEX oauth_request_token_user ON oauth_request_token (user_id);
CREATE INDEX oauth_request_token_expiry ON oauth_request_token (expires_at);

CREATE TABLE oauth_access_token (
    id          TEXT COLLATE "C" PRIMARY KEY,
    secret      TEXT COLLATE "C" NOT NULL,
    consumer_id TEXT COLLATE "C" NOT NULL REFERENCES oauth_consumer (id) ON DELETE CASCADE,
    project_id  TEXT COLLATE "C" NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    user_id     TEXT COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    role_ids    TEXT COLLATE "C" NOT NULL,
    expires_at  BIGINT,
    methods     TEXT COLLATE "C" NOT NULL,
    auth_time   BIGINT NOT NULL
);
CREATE INDEX oauth_access_token_consumer ON oauth_access_token (consumer_id);
CREATE INDEX oauth_access_token_project ON oauth_access_token (project_id);
CREATE INDEX oauth_access_token_user ON oauth_access_token (user_id);
CREATE INDEX oauth_access_token_expiry ON oauth_access_token (expires_at);

-- id is the digest of consumer, token, timestamp and nonce of a request that was accepted.
CREATE TABLE oauth_nonce (
    id         TEXT COLLATE "C" PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX oauth_nonce_expiry ON oauth_nonce (expires_at);

-- +goose Down
DROP TABLE oauth_nonce;
DROP TABLE oauth_access_token;
DROP TABLE oauth_request_token;
DROP TABLE oauth_consumer;
