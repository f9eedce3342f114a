-- Made from the migrations by go test ./internal/store -run Schema -update. Do not edit.

CREATE TABLE access_rule (
    id      TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    service TEXT NOT NULL,
    path    TEXT NOT NULL,
    method  TEXT NOT NULL
);

CREATE UNIQUE INDEX access_rule_once ON access_rule (user_id, service, path, method);

CREATE TABLE application_credential (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    project_id   TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name         TEXT NOT NULL,
    name_fold    TEXT NOT NULL,
    description  TEXT,
    secret       TEXT NOT NULL,
    unrestricted BOOLEAN,
    expires_at   INTEGER,
    created_at   INTEGER NOT NULL,
    methods      TEXT NOT NULL,
    auth_time    INTEGER NOT NULL
);

CREATE UNIQUE INDEX application_credential_name ON application_credential (user_id, name);

CREATE INDEX application_credential_project ON application_credential (project_id);

CREATE TABLE application_credential_access_rule (
    application_credential_id TEXT NOT NULL REFERENCES application_credential (id) ON DELETE CASCADE,
    access_rule_id            TEXT NOT NULL REFERENCES access_rule (id) ON DELETE CASCADE,
    position                  INTEGER NOT NULL,
    PRIMARY KEY (application_credential_id, access_rule_id)
);

CREATE INDEX application_credential_access_rule_rule ON application_credential_access_rule (access_rule_id);

CREATE TABLE application_credential_role (
    application_credential_id TEXT NOT NULL REFERENCES application_credential (id) ON DELETE CASCADE,
    role_id                   TEXT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    PRIMARY KEY (application_credential_id, role_id)
);

CREATE INDEX application_credential_role_role ON application_credential_role (role_id);

CREATE TABLE credential (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    project_id TEXT REFERENCES project (id) ON DELETE CASCADE,
    kind       TEXT NOT NULL,
    sealed     TEXT NOT NULL
, methods TEXT NOT NULL DEFAULT '[]', auth_time INTEGER, chain_id TEXT NOT NULL DEFAULT '');

CREATE INDEX credential_of_kind ON credential (kind, id);

CREATE INDEX credential_of_project ON credential (project_id);

CREATE INDEX credential_of_user ON credential (user_id, id);

CREATE TABLE device (
    id             TEXT PRIMARY KEY,
    user_id        TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    name           TEXT NOT NULL,
    digest         TEXT NOT NULL,
    auth_version   INTEGER NOT NULL,
    factors        TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    expires_at     INTEGER NOT NULL,
    last_used_at   INTEGER,
    last_used_from TEXT NOT NULL
);

CREATE INDEX device_expiry ON device (expires_at);

CREATE INDEX device_of_user ON device (user_id, created_at, id);

CREATE TABLE domain_option (
    domain_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    section   TEXT NOT NULL,
    name      TEXT NOT NULL,
    value     TEXT NOT NULL,
    sensitive BOOLEAN NOT NULL,
    PRIMARY KEY (domain_id, section, name)
);

CREATE TABLE endpoint (
    id         TEXT PRIMARY KEY,
    interface  TEXT NOT NULL,
    service_id TEXT NOT NULL REFERENCES service (id) ON DELETE CASCADE,
    url        TEXT NOT NULL,
    region_id  TEXT REFERENCES region (id),
    enabled    BOOLEAN NOT NULL,
    extra      TEXT NOT NULL
);

CREATE INDEX endpoint_region ON endpoint (region_id);

CREATE INDEX endpoint_service ON endpoint (service_id);

CREATE TABLE endpoint_group (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    description TEXT,
    service_id  TEXT,
    region_id   TEXT,
    interface   TEXT
);

CREATE INDEX endpoint_group_name ON endpoint_group (name);

CREATE TABLE event (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    action     TEXT NOT NULL,
    outcome    TEXT NOT NULL,
    kind       TEXT NOT NULL,
    target_id  TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    domain_id  TEXT NOT NULL,
    detail     TEXT NOT NULL,
    actor_id   TEXT NOT NULL,
    request_id TEXT NOT NULL,
    address    TEXT NOT NULL,
    user_agent TEXT NOT NULL
, revoking BOOLEAN NOT NULL DEFAULT FALSE);

CREATE INDEX event_at ON event (at);

CREATE INDEX event_deleted ON event (target_id) WHERE action LIKE '%.delete';

CREATE INDEX event_of_user ON event (user_id, id);

CREATE INDEX event_refusals ON event (request_id, id) WHERE outcome = 'failure' OR action = 'receipt.issue';

CREATE INDEX event_revoking ON event (at, id) WHERE revoking;

CREATE TABLE factor (
    id           TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    kind         TEXT NOT NULL,
    name         TEXT NOT NULL,
    state        TEXT NOT NULL,
    secret       TEXT NOT NULL,
    algorithm    TEXT NOT NULL,
    digits       INTEGER NOT NULL,
    period       INTEGER NOT NULL,
    last_step    INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    confirmed_at INTEGER,
    expires_at   INTEGER
, drift INTEGER NOT NULL DEFAULT 0, channel TEXT NOT NULL DEFAULT '', country TEXT NOT NULL DEFAULT '', masked TEXT NOT NULL DEFAULT '', position INTEGER NOT NULL DEFAULT 0, has_app BOOLEAN NOT NULL DEFAULT FALSE, preferred BOOLEAN NOT NULL DEFAULT FALSE);

CREATE INDEX factor_expiry ON factor (expires_at);

CREATE INDEX factor_of_user ON factor (user_id);

CREATE TABLE federated_user (
    idp_id      TEXT NOT NULL,
    protocol_id TEXT NOT NULL,
    unique_id   TEXT NOT NULL,
    user_id     TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    PRIMARY KEY (idp_id, protocol_id, unique_id),
    FOREIGN KEY (idp_id, protocol_id) REFERENCES federation_protocol (idp_id, id) ON DELETE CASCADE
);

CREATE INDEX federated_user_of ON federated_user (user_id);

CREATE TABLE federation_protocol (
    idp_id              TEXT NOT NULL REFERENCES identity_provider (id) ON DELETE CASCADE,
    id                  TEXT NOT NULL,
    mapping_id          TEXT NOT NULL,
    remote_id_attribute TEXT,
    PRIMARY KEY (idp_id, id)
);

CREATE TABLE guard (
    name TEXT PRIMARY KEY
);

CREATE TABLE identity_provider (
    id                TEXT PRIMARY KEY,
    domain_id         TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    enabled           BOOLEAN NOT NULL,
    description       TEXT,
    authorization_ttl INTEGER
);

CREATE INDEX identity_provider_domain ON identity_provider (domain_id);

CREATE TABLE implication (
    prior_role_id   TEXT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    implied_role_id TEXT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    PRIMARY KEY (prior_role_id, implied_role_id)
);

CREATE INDEX implication_implied ON implication (implied_role_id);

CREATE TABLE mac_key (
    purpose TEXT NOT NULL,
    key_id  TEXT NOT NULL,
    sealed  TEXT NOT NULL,
    PRIMARY KEY (purpose, key_id)
);

CREATE TABLE mapping (
    id             TEXT PRIMARY KEY,
    schema_version TEXT NOT NULL,
    rules          TEXT NOT NULL
);

CREATE TABLE membership (
    group_id TEXT NOT NULL REFERENCES user_group (id) ON DELETE CASCADE,
    user_id  TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, user_id)
);

CREATE INDEX membership_of_user ON membership (user_id);

CREATE TABLE message_count (
    id         TEXT PRIMARY KEY,
    total      INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
);

CREATE INDEX message_count_expiry ON message_count (expires_at);

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

CREATE UNIQUE INDEX mfa_requirement_domain ON mfa_requirement (domain_id);

CREATE UNIQUE INDEX mfa_requirement_group ON mfa_requirement (group_id);

CREATE UNIQUE INDEX mfa_requirement_project ON mfa_requirement (project_id);

CREATE UNIQUE INDEX mfa_requirement_role ON mfa_requirement (role_id);

CREATE TABLE mfa_reset (
    user_id  TEXT PRIMARY KEY REFERENCES user_account (id) ON DELETE CASCADE,
    reset_at INTEGER NOT NULL,
    reset_by TEXT NOT NULL,
    reason   TEXT NOT NULL
);

CREATE TABLE mfa_snooze (
    user_id TEXT PRIMARY KEY REFERENCES user_account (id) ON DELETE CASCADE,
    until   INTEGER NOT NULL
);

CREATE TABLE notice (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL,
    user_id     TEXT NOT NULL,
    event_id    INTEGER NOT NULL,
    at          INTEGER NOT NULL,
    disowned_at INTEGER
);

CREATE INDEX notice_at ON notice (at);

CREATE INDEX notice_of_user ON notice (user_id, kind, at);

CREATE TABLE notice_delivery (
    seq       INTEGER PRIMARY KEY AUTOINCREMENT,
    notice_id TEXT NOT NULL REFERENCES notice (id) ON DELETE CASCADE,
    user_id   TEXT NOT NULL,
    channel   TEXT NOT NULL,
    due_at    INTEGER NOT NULL,
    attempts  INTEGER NOT NULL,
    state     TEXT NOT NULL,
    done_at   INTEGER
, address TEXT NOT NULL DEFAULT '');

CREATE INDEX notice_delivery_due ON notice_delivery (channel, due_at) WHERE state = 'waiting';

CREATE INDEX notice_delivery_notice ON notice_delivery (notice_id);

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

CREATE INDEX oauth_access_token_expiry ON oauth_access_token (expires_at);

CREATE INDEX oauth_access_token_project ON oauth_access_token (project_id);

CREATE INDEX oauth_access_token_user ON oauth_access_token (user_id);

CREATE TABLE oauth_consumer (
    id          TEXT PRIMARY KEY,
    description TEXT,
    secret      TEXT NOT NULL,
    extra       TEXT NOT NULL
);

CREATE TABLE oauth_nonce (
    id         TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
);

CREATE INDEX oauth_nonce_expiry ON oauth_nonce (expires_at);

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

CREATE INDEX oauth_request_token_expiry ON oauth_request_token (expires_at);

CREATE INDEX oauth_request_token_project ON oauth_request_token (project_id);

CREATE INDEX oauth_request_token_user ON oauth_request_token (user_id);

CREATE TABLE password (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id      TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    hash         TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER,
    self_service BOOLEAN NOT NULL
);

CREATE INDEX password_of_user ON password (user_id, created_at, id);

CREATE TABLE phone_code (
    id         TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    factor_id  TEXT NOT NULL REFERENCES factor (id) ON DELETE CASCADE,
    purpose    TEXT NOT NULL,
    digest     TEXT NOT NULL,
    channel    TEXT NOT NULL,
    status     TEXT NOT NULL,
    tries      INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
);

CREATE INDEX phone_code_expiry ON phone_code (expires_at);

CREATE INDEX phone_code_of_factor ON phone_code (factor_id);

CREATE INDEX phone_code_of_user ON phone_code (user_id);

CREATE TABLE policy_association (
    policy_id   TEXT NOT NULL REFERENCES policy_document (id) ON DELETE CASCADE,
    endpoint_id TEXT REFERENCES endpoint (id) ON DELETE CASCADE,
    service_id  TEXT REFERENCES service (id) ON DELETE CASCADE,
    region_id   TEXT REFERENCES region (id) ON DELETE CASCADE,
    CONSTRAINT policy_association_target_is_one CHECK ((endpoint_id IS NULL) = (service_id IS NOT NULL)
        AND (region_id IS NULL OR service_id IS NOT NULL))
);

CREATE INDEX policy_association_endpoint ON policy_association (endpoint_id);

CREATE INDEX policy_association_policy ON policy_association (policy_id);

CREATE INDEX policy_association_region ON policy_association (region_id);

CREATE INDEX policy_association_service ON policy_association (service_id);

CREATE UNIQUE INDEX policy_association_target ON policy_association
    (COALESCE(endpoint_id, ''), COALESCE(service_id, ''), COALESCE(region_id, ''));

CREATE TABLE policy_document (
    id        TEXT PRIMARY KEY,
    type      TEXT NOT NULL,
    type_fold TEXT NOT NULL,
    blob      TEXT NOT NULL,
    extra     TEXT NOT NULL
);

CREATE INDEX policy_document_type ON policy_document (type);

CREATE TABLE project (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    name_fold   TEXT NOT NULL,
    domain_id   TEXT REFERENCES project (id),
    parent_id   TEXT REFERENCES project (id),
    is_domain   BOOLEAN NOT NULL,
    description TEXT,
    enabled     BOOLEAN NOT NULL,
    options     TEXT NOT NULL,
    extra       TEXT NOT NULL,
    CONSTRAINT project_is_domain_or_below CHECK (is_domain = (domain_id IS NULL) AND is_domain = (parent_id IS NULL))
);

CREATE INDEX project_by_name ON project (name, id);

CREATE INDEX project_children ON project (parent_id, id);

CREATE INDEX project_domains ON project (id) WHERE is_domain;

CREATE UNIQUE INDEX project_name ON project (COALESCE(domain_id, ''), name);

CREATE INDEX project_page ON project (domain_id, id);

CREATE TABLE project_endpoint (
    project_id  TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    endpoint_id TEXT NOT NULL REFERENCES endpoint (id) ON DELETE CASCADE,
    PRIMARY KEY (project_id, endpoint_id)
);

CREATE INDEX project_endpoint_of_endpoint ON project_endpoint (endpoint_id);

CREATE TABLE project_endpoint_group (
    project_id        TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    endpoint_group_id TEXT NOT NULL REFERENCES endpoint_group (id) ON DELETE CASCADE,
    PRIMARY KEY (project_id, endpoint_group_id)
);

CREATE INDEX project_endpoint_group_of_group ON project_endpoint_group (endpoint_group_id);

CREATE TABLE project_limit (
    id                  TEXT PRIMARY KEY,
    registered_limit_id TEXT NOT NULL REFERENCES registered_limit (id),
    project_id          TEXT REFERENCES project (id) ON DELETE CASCADE,
    domain_id           TEXT REFERENCES project (id) ON DELETE CASCADE,
    resource_limit      INTEGER NOT NULL,
    description         TEXT,
    CONSTRAINT project_limit_one_owner CHECK ((project_id IS NULL) <> (domain_id IS NULL))
);

CREATE INDEX project_limit_domain ON project_limit (domain_id);

CREATE UNIQUE INDEX project_limit_once ON project_limit (registered_limit_id, COALESCE(project_id, ''), COALESCE(domain_id, ''));

CREATE INDEX project_limit_project ON project_limit (project_id);

CREATE TABLE project_tag (
    project_id TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    PRIMARY KEY (project_id, name)
);

CREATE INDEX project_tag_name ON project_tag (name);

CREATE TABLE recovery_code (
    id      TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    digest  TEXT NOT NULL,
    used_at INTEGER
);

CREATE UNIQUE INDEX recovery_code_digest ON recovery_code (user_id, digest);

CREATE TABLE region (
    id          TEXT PRIMARY KEY,
    description TEXT NOT NULL,
    parent_id   TEXT REFERENCES region (id),
    extra       TEXT NOT NULL
);

CREATE INDEX region_parent ON region (parent_id);

CREATE TABLE registered_limit (
    id                 TEXT PRIMARY KEY,
    service_id         TEXT NOT NULL REFERENCES service (id),
    region_id          TEXT REFERENCES region (id),
    resource_name      TEXT NOT NULL,
    resource_name_fold TEXT NOT NULL,
    default_limit      INTEGER NOT NULL,
    description        TEXT
);

CREATE UNIQUE INDEX registered_limit_once ON registered_limit (service_id, COALESCE(region_id, ''), resource_name);

CREATE INDEX registered_limit_region ON registered_limit (region_id);

CREATE INDEX registered_limit_resource ON registered_limit (resource_name);

CREATE TABLE remote_id (
    remote_id TEXT PRIMARY KEY,
    idp_id    TEXT NOT NULL REFERENCES identity_provider (id) ON DELETE CASCADE,
    place     INTEGER NOT NULL
);

CREATE INDEX remote_id_of_idp ON remote_id (idp_id, place);

CREATE TABLE revocation (
    id         TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
);

CREATE INDEX revocation_expiry ON revocation (expires_at);

CREATE TABLE role (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    name_fold   TEXT NOT NULL,
    domain_id   TEXT NOT NULL,
    description TEXT,
    options     TEXT NOT NULL,
    extra       TEXT NOT NULL
);

CREATE UNIQUE INDEX role_name ON role (domain_id, name);

CREATE TABLE role_grant (
    role_id     TEXT NOT NULL REFERENCES role (id) ON DELETE CASCADE,
    user_id     TEXT REFERENCES user_account (id) ON DELETE CASCADE,
    group_id    TEXT REFERENCES user_group (id) ON DELETE CASCADE,
    target_kind TEXT NOT NULL CHECK (target_kind IN ('project', 'domain', 'system')),
    target_id   TEXT REFERENCES project (id) ON DELETE CASCADE,
    inherited   BOOLEAN NOT NULL,
    CONSTRAINT role_grant_one_actor CHECK ((user_id IS NULL) <> (group_id IS NULL)),
    CONSTRAINT role_grant_target CHECK ((target_kind = 'system') = (target_id IS NULL))
);

CREATE INDEX role_grant_of_group ON role_grant (group_id);

CREATE INDEX role_grant_of_user ON role_grant (user_id);

CREATE INDEX role_grant_on_target ON role_grant (target_id);

CREATE UNIQUE INDEX role_grant_once ON role_grant
    (role_id, COALESCE(user_id, ''), COALESCE(group_id, ''), target_kind, COALESCE(target_id, ''), inherited);

CREATE TABLE service (
    id        TEXT PRIMARY KEY,
    type      TEXT NOT NULL,
    type_fold TEXT NOT NULL,
    name      TEXT NOT NULL,
    name_fold TEXT NOT NULL,
    enabled   BOOLEAN NOT NULL,
    extra     TEXT NOT NULL
);

CREATE INDEX service_name ON service (name);

CREATE INDEX service_type ON service (type);

CREATE TABLE service_provider (
    id                 TEXT PRIMARY KEY,
    auth_url           TEXT NOT NULL,
    sp_url             TEXT NOT NULL,
    enabled            BOOLEAN NOT NULL,
    description        TEXT,
    relay_state_prefix TEXT NOT NULL
);

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
, risk_score INTEGER NOT NULL DEFAULT 0, risk_reasons TEXT NOT NULL DEFAULT '');

CREATE INDEX session_expiry ON session (expires_at);

CREATE INDEX session_of_user ON session (user_id, created_at, id);

CREATE TABLE sign_in_failure (
    user_id      TEXT NOT NULL,
    kind         TEXT NOT NULL,
    network      TEXT NOT NULL,
    tries        INTEGER NOT NULL,
    last_at      INTEGER NOT NULL,
    locked_until INTEGER NOT NULL,
    PRIMARY KEY (user_id, kind, network)
);

CREATE INDEX sign_in_failure_age ON sign_in_failure (last_at);

CREATE TABLE sign_in_profile (
    user_id    TEXT PRIMARY KEY,
    profile    TEXT NOT NULL,
    expires_at INTEGER NOT NULL
);

CREATE INDEX sign_in_profile_expiry ON sign_in_profile (expires_at);

CREATE TABLE signing_key (
    kid          TEXT PRIMARY KEY,
    algorithm    TEXT NOT NULL,
    state        TEXT NOT NULL,
    private_key  TEXT NOT NULL,
    public_key   BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    activated_at INTEGER,
    retire_at    INTEGER
);

CREATE TABLE trust (
    id                   TEXT PRIMARY KEY,
    trustor_id           TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    trustee_id           TEXT NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    project_id           TEXT REFERENCES project (id) ON DELETE CASCADE,
    impersonation        BOOLEAN NOT NULL,
    expires_at           INTEGER,
    remaining_uses       INTEGER,
    redelegated_trust_id TEXT REFERENCES trust (id) ON DELETE CASCADE,
    redelegation_count   INTEGER NOT NULL,
    created_at           INTEGER NOT NULL,
    methods              TEXT NOT NULL,
    auth_time            INTEGER NOT NULL,
    extra                TEXT NOT NULL
);

CREATE INDEX trust_project ON trust (project_id);

CREATE INDEX trust_redelegated ON trust (redelegated_trust_id);

CREATE INDEX trust_trustee ON trust (trustee_id);

CREATE INDEX trust_trustor ON trust (trustor_id);

CREATE TABLE trust_role (
    trust_id TEXT NOT NULL REFERENCES trust (id) ON DELETE CASCADE,
    role_id  TEXT NOT NULL,
    PRIMARY KEY (trust_id, role_id)
);

CREATE INDEX trust_role_role ON trust_role (role_id);

CREATE TABLE used_receipt (
    id         TEXT PRIMARY KEY,
    expires_at INTEGER NOT NULL
);

CREATE INDEX used_receipt_expiry ON used_receipt (expires_at);

CREATE TABLE user_account (
    id                  TEXT PRIMARY KEY,
    domain_id           TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name                TEXT NOT NULL,
    name_fold           TEXT NOT NULL,
    enabled             BOOLEAN NOT NULL,
    default_project_id  TEXT NOT NULL,
    options             TEXT NOT NULL,
    extra               TEXT NOT NULL,
    created_at          INTEGER NOT NULL,
    auth_version        INTEGER NOT NULL,
    password_expires_at INTEGER
, last_active_at INTEGER);

CREATE INDEX user_account_by_name ON user_account (name, id);

CREATE INDEX user_account_default_project ON user_account (default_project_id);

CREATE INDEX user_account_expiry ON user_account (password_expires_at) WHERE password_expires_at IS NOT NULL;

CREATE UNIQUE INDEX user_account_name ON user_account (domain_id, name);

CREATE INDEX user_account_page ON user_account (domain_id, id);

CREATE TABLE user_group (
    id          TEXT PRIMARY KEY,
    domain_id   TEXT NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    name        TEXT NOT NULL,
    name_fold   TEXT NOT NULL,
    description TEXT,
    extra       TEXT NOT NULL
);

CREATE INDEX user_group_by_name ON user_group (name, id);

CREATE UNIQUE INDEX user_group_name ON user_group (domain_id, name);

CREATE INDEX user_group_page ON user_group (domain_id, id);
