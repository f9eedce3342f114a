-- Who must have a second factor: what is demanded of the people with a role, in a group, on a project or of a domain;
-- when each of them fell under it; and who is exempt. Times are microseconds since 1970.

-- +goose Up
CREATE TABLE mfa_requirement (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    role_id     TEXT REFERENCES role (id) ON DELETE CASCADE,
    group_id    TEXT REFERENCES user_group (id) ON DELETE CASCADE,
    project_id  TEXT REFERENCES project (id) ON DELETE CASCADE,
    domain_id   TEXT REFERENCES project (id) ON DELETE CASCADE,
    from_at     INTEGER NOT NULL,
    grace_days  INTEGER NOT NULL,
    description TEXT NOT NULL,
    created_at  INTEGER NOT NULL
);
CREATE UNIQUE INDEX mfa_requirement_role ON mfa_requirement (role_id);
CREATE UNIQUE INDEX mfa_requirement_group ON mfa_requirement (group_id);
CREATE UNIQUE INDEX mfa_requirement_project ON mfa_requirement (project_id);
CREATE UNIQUE INDEX mfa_requirement_domain ON mfa_requirement (domain_id);

CREATE TABLE mfa_duty (
    requirement_id TEXT NOT NULL REFERENCES mfa_requirement (id) ON DELETE CASCADE,
    user_id        TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    since          INTEGER NOT NULL,
    PRIMARY KEY (requirement_id, user_id)
);
CREATE INDEX mfa_duty_user ON mfa_duty (user_id);

CREATE TABLE mfa_exemption (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    reason     TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL
);
CREATE UNIQUE INDEX mfa_exemption_user ON mfa_exemption (user_id);

-- +goose Down
DROP TABLE mfa_exemption;
DROP TABLE mfa_duty;
DROP TABLE mfa_requirement;
