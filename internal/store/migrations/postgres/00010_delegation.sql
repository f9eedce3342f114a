-- Application credentials with their access rules, and trusts. methods and auth_time are those of the sign-in that
-- a delegation was made with: the owner's rules judge them at each use.

-- +goose Up
CREATE TABLE application_credential (
    id           TEXT COLLATE "C" PRIMARY KEY,
    user_id      TEXT COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    project_id   TEXT COLLATE "C" NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name         TEXT COLLATE "C" NOT NULL,
    name_fold    TEXT COLLATE "C" NOT NULL,
    description  TEXT COLLATE "C",
    secret       TEXT COLLATE "C" NOT NULL,
    unrestricted BOOLEAN,
    expires_at   BIGINT,
    created_at   BIGINT NOT NULL,
    methods      TEXT COLLATE "C" NOT NULL,
    auth_time    BIGINT NOT NULL
);
CREATE UNIQUE INDEX application_credential_name ON application_credential (user_id, name);
CREATE INDEX application_credential_project ON application_credential (project_id);

CREATE TABLE application_credential_role (
    application_credential_id TEXT COLLATE "C" NOT NULL REFERENCES application_credential (id) ON DELETE CASCADE,
    role_id                   TEXT COLLATE "C" NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    PRIMARY KEY (application_credential_id, role_id)
);
CREATE INDEX application_credential_role_role ON application_credential_role (role_id);

CREATE TABLE access_rule (
    id      TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    service TEXT COLLATE "C" NOT NULL,
    path    TEXT COLLATE "C" NOT NULL,
    method  TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX access_rule_once ON access_rule (user_id, service, path, method);

-- A rule that is in use stays: nothing here takes it along but its user.
CREATE TABLE application_credential_access_rule (
    application_credential_id TEXT COLLATE "C" NOT NULL REFERENCES application_credential (id) ON DELETE CASCADE,
    access_rule_id            TEXT COLLATE "C" NOT NULL REFERENCES access_rule (id) ON DELETE CASCADE,
    position                  INTEGER NOT NULL,
    PRIMARY KEY (application_credential_id, access_rule_id)
);
CREATE INDEX application_credential_access_rule_rule ON application_credential_access_rule (access_rule_id);

-- What was made with a trust goes with it.
CREATE TABLE trust (
    id                   TEXT COLLATE "C" PRIMARY KEY,
    trustor_id           TEXT COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    trustee_id           TEXT COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    project_id           TEXT COLLATE "C" REFERENCES project (id) ON DELETE CASCADE,
    impersonation        BOOLEAN NOT NULL,
    expires_at           BIGINT,
    remaining_uses       INTEGER,
    redelegated_trust_id TEXT COLLATE "C" REFERENCES trust (id) ON DELETE CASCADE,
    redelegation_count   INTEGER NOT NULL,
    created_at           BIGINT NOT NULL,
    methods              TEXT COLLATE "C" NOT NULL,
    auth_time            BIGINT NOT NULL,
    extra                TEXT COLLATE "C" NOT NULL
);
CREATE INDEX trust_trustor ON trust (trustor_id);
CREATE INDEX trust_trustee ON trust (trustee_id);
CREATE INDEX trust_project ON trust (project_id);
CREATE INDEX trust_redelegated ON trust (redelegated_trust_id);

-- A deleted role leaves its name behind on purpose: the trust is void, it does not shrink.
CREATE TABLE trust_role (
    trust_id TEXT COLLATE "C" NOT NULL REFERENCES trust (id) ON DELETE CASCADE,
    role_id  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (trust_id, role_id)
);
CREATE INDEX trust_role_role ON trust_role (role_id);

-- +goose Down
DROP TABLE trust_role;
DROP TABLE trust;
DROP TABLE application_credential_access_rule;
DROP TABLE access_rule;
DROP TABLE application_credential_role;
DROP TABLE application_credential;
