-- Policy documents that are kept for other services, and what each is for: an endpoint, a service, or a service in
-- a region. An association goes with any of the things it names.

-- +goose Up
CREATE TABLE policy_document (
    id        TEXT PRIMARY KEY,
    type      TEXT NOT NULL,
    type_fold TEXT NOT NULL,
    blob      TEXT NOT NULL,
    extra     TEXT NOT NULL
);
CREATE INDEX policy_document_type ON policy_document (type);

CREATE TABLE policy_association (
    policy_id   TEXT NOT NULL REFERENCES policy_document (id) ON DELETE CASCADE,
    endpoint_id TEXT REFERENCES endpoint (id) ON DELETE CASCADE,
    service_id  TEXT REFERENCES service (id) ON DELETE CASCADE,
    region_id   TEXT REFERENCES region (id) ON DELETE CASCADE,
    CONSTRAINT policy_association_target_is_one CHECK ((endpoint_id IS NULL) = (service_id IS NOT NULL)
        AND (region_id IS NULL OR service_id IS NOT NULL))
);
CREATE UNIQUE INDEX policy_association_target ON policy_association
    (COALESCE(endpoint_id, ''), COALESCE(service_id, ''), COALESCE(region_id, ''));
CREATE INDEX policy_association_policy ON policy_association (policy_id);
CREATE INDEX policy_association_endpoint ON policy_association (endpoint_id);
CREATE INDEX policy_association_service ON policy_association (service_id);
CREATE INDEX policy_association_region ON policy_association (region_id);

-- +goose Down
DROP TABLE policy_association;
DROP TABLE policy_document;
