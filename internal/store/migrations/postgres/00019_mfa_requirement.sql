-- Who must have a second factor: what is demanded of the people with a role, in a group, on a project or of a domain;
-- when each of them fell under it; and who is exempt. Times are microseconds since 1970.

-- +goose Up
CREATE TABLE mfa_requirement (
    id          TEXT COLLATE "C" PRIMARY KEY,
    kind        TEXT COLLATE "C" NOT NULL,
    role_id     TEXT COLLATE "C" REFERENCES role (id) ON DELETE CASCADE,
    group_id    TEXT COLLATE "C" REFERENCES user_group (id) ON DELETE CASCADE,
    project_id  TEXT COLLATE "C" REFERENCES project (id) ON DELETE CASCADE,
    domain_id   TEXT COLLATE "C" REFERENCES project (id) ON DELETE CASCADE,
    from_at     BIGINT NOT NULL,
    grace_days  BIGINT NOT NULL,
    description TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL
);
CREATE UNIQUE INDEX mfa_requirement_role ON mfa_requirement (role_id);
CREATE UNIQUE INDEX mfa_requirement_group ON mfa_requirement (group_id);
CREATE UNIQUE INDEX mfa_requirement_project ON mfa_requirement (project_id);
CREATE UNIQUE INDEX mfa_requirement_domain ON mfa_requirement (domain_id);

CREATE TABLE mfa_duty (
    requirement_id TEXT COLLATE "C" NOT NULL REFERENCES mfa_requirement (id) ON DELETE CASCADE,
    user_id        TEXT COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    since          BIGINT NOT NULL,
    PRIMARY KEY (requirement_id, user_id)
);
CREATE INDEX mfa_duty_user ON mfa_duty (user_id);

CREATE TABLE mfa_exemption (
    id         TEXT COLLATE "C" PRIMARY KEY,
    user_id    TEXT COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    reason     TEXT COLLATE "C" NOT NULL,
    expires_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX mfa_exemption_user ON mfa_exemption (user_id);

-- +goose Down
DROP TABLE mfa_exemption;
DROP TABLE mfa_duty;
DROP TABLE mfa_requirement;
