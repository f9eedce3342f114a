-- Identity providers, their protocols, mappings and service providers, and who a user is to an identity provider.

-- +goose Up
CREATE TABLE identity_provider (
    id                TEXT COLLATE "C" PRIMARY KEY,
    domain_id         TEXT COLLATE "C" NOT NULL REFERENCES project (id) ON DELETE CASCADE,
    enabled           BOOLEAN NOT NULL,
    description       TEXT,
    authorization_ttl BIGINT
);
CREATE INDEX identity_provider_domain ON identity_provider (domain_id);

-- A remote id names one identity provider.
CREATE TABLE remote_id (
    remote_id TEXT COLLATE "C" PRIMARY KEY,
    idp_id    TEXT COLLATE "C" NOT NULL REFERENCES identity_provider (id) ON DELETE CASCADE,
    place     BIGINT NOT NULL
);
CREATE INDEX remote_id_of_idp ON remote_id (idp_id, place);

-- mapping_id names no mapping on purpose: a protocol outlives its mapping, and signs nobody in until there is one
-- of that name again.
CREATE TABLE federation_protocol (
    idp_id              TEXT COLLATE "C" NOT NULL REFERENCES identity_provider (id) ON DELETE CASCADE,
    id                  TEXT COLLATE "C" NOT NULL,
    mapping_id          TEXT COLLATE "C" NOT NULL,
    remote_id_attribute TEXT,
    PRIMARY KEY (idp_id, id)
);

CREATE TABLE mapping (
    id             TEXT COLLATE "C" PRIMARY KEY,
    schema_version TEXT NOT NULL,
    rules          TEXT NOT NULL
);

CREATE TABLE service_provider (
    id                 TEXT COLLATE "C" PRIMARY KEY,
    auth_url           TEXT NOT NULL,
    sp_url             TEXT NOT NULL,
    enabled            BOOLEAN NOT NULL,
    description        TEXT,
    relay_state_prefix TEXT NOT NULL
);

CREATE TABLE federated_user (
    idp_id      TEXT COLLATE "C" NOT NULL,
    protocol_id TEXT COLLATE "C" NOT NULL,
    unique_id   TEXT COLLATE "C" NOT NULL,
    user_id     TEXT COLLATE "C" NOT NULL REFERENCES user_account (id) ON DELETE CASCADE,
    PRIMARY KEY (idp_id, protocol_id, unique_id),
    FOREIGN KEY (idp_id, protocol_id) REFERENCES federation_protocol (idp_id, id) ON DELETE CASCADE
);
CREATE INDEX federated_user_of ON federated_user (user_id);

-- +goose Down
DROP TABLE federated_user;
DROP TABLE service_provider;
DROP TABLE mapping;
DROP TABLE federation_protocol;
DROP TABLE remote_id;
DROP TABLE identity_provider;
