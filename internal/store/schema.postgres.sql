-- Made from the migrations by go test ./internal/store -run Schema -update. Do not edit.

CREATE TABLE access_rule (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    service text COLLATE "C" NOT NULL,
    path text COLLATE "C" NOT NULL,
    method text COLLATE "C" NOT NULL,
    CONSTRAINT access_rule_pkey PRIMARY KEY (id),
    CONSTRAINT access_rule_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX access_rule_once ON public.access_rule USING btree (user_id, service, path, method);

CREATE TABLE application_credential (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    name_fold text COLLATE "C" NOT NULL,
    description text COLLATE "C",
    secret text COLLATE "C" NOT NULL,
    unrestricted boolean,
    expires_at bigint,
    created_at bigint NOT NULL,
    methods text COLLATE "C" NOT NULL,
    auth_time bigint NOT NULL,
    CONSTRAINT application_credential_pkey PRIMARY KEY (id),
    CONSTRAINT application_credential_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT application_credential_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX application_credential_name ON public.application_credential USING btree (user_id, name);

CREATE INDEX application_credential_project ON public.application_credential USING btree (project_id);

CREATE TABLE application_credential_access_rule (
    application_credential_id text COLLATE "C" NOT NULL,
    access_rule_id text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    CONSTRAINT application_credential_access_ru_application_credential_id_fkey FOREIGN KEY (application_credential_id) REFERENCES application_credential(id) ON DELETE CASCADE,
    CONSTRAINT application_credential_access_rule_access_rule_id_fkey FOREIGN KEY (access_rule_id) REFERENCES access_rule(id) ON DELETE CASCADE,
    CONSTRAINT application_credential_access_rule_pkey PRIMARY KEY (application_credential_id, access_rule_id)
);

CREATE INDEX application_credential_access_rule_rule ON public.application_credential_access_rule USING btree (access_rule_id);

CREATE TABLE application_credential_role (
    application_credential_id text COLLATE "C" NOT NULL,
    role_id text COLLATE "C" NOT NULL,
    CONSTRAINT application_credential_role_application_credential_id_fkey FOREIGN KEY (application_credential_id) REFERENCES application_credential(id) ON DELETE CASCADE,
    CONSTRAINT application_credential_role_pkey PRIMARY KEY (application_credential_id, role_id),
    CONSTRAINT application_credential_role_role_id_fkey FOREIGN KEY (role_id) REFERENCES role(id) ON DELETE CASCADE
);

CREATE INDEX application_credential_role_role ON public.application_credential_role USING btree (role_id);

CREATE TABLE credential (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C",
    kind text COLLATE "C" NOT NULL,
    sealed text NOT NULL,
    methods text COLLATE "C" NOT NULL,
    auth_time bigint,
    chain_id text COLLATE "C" NOT NULL,
    CONSTRAINT credential_pkey PRIMARY KEY (id),
    CONSTRAINT credential_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT credential_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX credential_of_kind ON public.credential USING btree (kind, id);

CREATE INDEX credential_of_project ON public.credential USING btree (project_id);

CREATE INDEX credential_of_user ON public.credential USING btree (user_id, id);

CREATE TABLE device (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    auth_version bigint NOT NULL,
    factors text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    last_used_at bigint,
    last_used_from text COLLATE "C" NOT NULL,
    CONSTRAINT device_pkey PRIMARY KEY (id),
    CONSTRAINT device_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX device_expiry ON public.device USING btree (expires_at);

CREATE INDEX device_of_user ON public.device USING btree (user_id, created_at, id);

CREATE TABLE domain_option (
    domain_id text COLLATE "C" NOT NULL,
    section text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    value text NOT NULL,
    sensitive boolean NOT NULL,
    CONSTRAINT domain_option_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT domain_option_pkey PRIMARY KEY (domain_id, section, name)
);

CREATE TABLE endpoint (
    id text COLLATE "C" NOT NULL,
    interface text COLLATE "C" NOT NULL,
    service_id text COLLATE "C" NOT NULL,
    url text NOT NULL,
    region_id text COLLATE "C",
    enabled boolean NOT NULL,
    extra text NOT NULL,
    CONSTRAINT endpoint_pkey PRIMARY KEY (id),
    CONSTRAINT endpoint_region_id_fkey FOREIGN KEY (region_id) REFERENCES region(id),
    CONSTRAINT endpoint_service_id_fkey FOREIGN KEY (service_id) REFERENCES service(id) ON DELETE CASCADE
);

CREATE INDEX endpoint_region ON public.endpoint USING btree (region_id);

CREATE INDEX endpoint_service ON public.endpoint USING btree (service_id);

CREATE TABLE endpoint_group (
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    description text,
    service_id text COLLATE "C",
    region_id text COLLATE "C",
    interface text COLLATE "C",
    CONSTRAINT endpoint_group_pkey PRIMARY KEY (id)
);

CREATE INDEX endpoint_group_name ON public.endpoint_group USING btree (name);

CREATE TABLE event (
    id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    at bigint NOT NULL,
    action text COLLATE "C" NOT NULL,
    outcome text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    target_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    domain_id text COLLATE "C" NOT NULL,
    detail text NOT NULL,
    actor_id text COLLATE "C" NOT NULL,
    request_id text NOT NULL,
    address text NOT NULL,
    user_agent text NOT NULL,
    revoking boolean NOT NULL,
    CONSTRAINT event_pkey PRIMARY KEY (id)
);

CREATE INDEX event_at ON public.event USING btree (at);

CREATE INDEX event_deleted ON public.event USING btree (target_id) WHERE (action ~~ '%.delete'::text);

CREATE INDEX event_of_user ON public.event USING btree (user_id, id);

CREATE INDEX event_refusals ON public.event USING btree (request_id, id) WHERE ((outcome = 'failure'::text) OR (action = 'receipt.issue'::text));

CREATE INDEX event_revoking ON public.event USING btree (at, id) WHERE revoking;

CREATE TABLE factor (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    secret text NOT NULL,
    algorithm text NOT NULL,
    digits bigint NOT NULL,
    period bigint NOT NULL,
    last_step bigint NOT NULL,
    created_at bigint NOT NULL,
    confirmed_at bigint,
    expires_at bigint,
    drift bigint NOT NULL,
    channel text COLLATE "C" NOT NULL,
    country text COLLATE "C" NOT NULL,
    masked text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    has_app boolean NOT NULL,
    preferred boolean NOT NULL,
    CONSTRAINT factor_pkey PRIMARY KEY (id),
    CONSTRAINT factor_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX factor_expiry ON public.factor USING btree (expires_at);

CREATE INDEX factor_of_user ON public.factor USING btree (user_id);

CREATE TABLE federated_user (
    idp_id text COLLATE "C" NOT NULL,
    protocol_id text COLLATE "C" NOT NULL,
    unique_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    CONSTRAINT federated_user_idp_id_protocol_id_fkey FOREIGN KEY (idp_id, protocol_id) REFERENCES federation_protocol(idp_id, id) ON DELETE CASCADE,
    CONSTRAINT federated_user_pkey PRIMARY KEY (idp_id, protocol_id, unique_id),
    CONSTRAINT federated_user_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX federated_user_of ON public.federated_user USING btree (user_id);

CREATE TABLE federation_protocol (
    idp_id text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    mapping_id text COLLATE "C" NOT NULL,
    remote_id_attribute text,
    CONSTRAINT federation_protocol_idp_id_fkey FOREIGN KEY (idp_id) REFERENCES identity_provider(id) ON DELETE CASCADE,
    CONSTRAINT federation_protocol_pkey PRIMARY KEY (idp_id, id)
);

CREATE TABLE guard (
    name text COLLATE "C" NOT NULL,
    CONSTRAINT guard_pkey PRIMARY KEY (name)
);

CREATE TABLE identity_provider (
    id text COLLATE "C" NOT NULL,
    domain_id text COLLATE "C" NOT NULL,
    enabled boolean NOT NULL,
    description text,
    authorization_ttl bigint,
    CONSTRAINT identity_provider_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT identity_provider_pkey PRIMARY KEY (id)
);

CREATE INDEX identity_provider_domain ON public.identity_provider USING btree (domain_id);

CREATE TABLE implication (
    prior_role_id text COLLATE "C" NOT NULL,
    implied_role_id text COLLATE "C" NOT NULL,
    CONSTRAINT implication_implied_role_id_fkey FOREIGN KEY (implied_role_id) REFERENCES role(id) ON DELETE CASCADE,
    CONSTRAINT implication_pkey PRIMARY KEY (prior_role_id, implied_role_id),
    CONSTRAINT implication_prior_role_id_fkey FOREIGN KEY (prior_role_id) REFERENCES role(id) ON DELETE CASCADE
);

CREATE INDEX implication_implied ON public.implication USING btree (implied_role_id);

CREATE TABLE mac_key (
    purpose text COLLATE "C" NOT NULL,
    key_id text COLLATE "C" NOT NULL,
    sealed text COLLATE "C" NOT NULL,
    CONSTRAINT mac_key_pkey PRIMARY KEY (purpose, key_id)
);

CREATE TABLE mapping (
    id text COLLATE "C" NOT NULL,
    schema_version text NOT NULL,
    rules text NOT NULL,
    CONSTRAINT mapping_pkey PRIMARY KEY (id)
);

CREATE TABLE membership (
    group_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    CONSTRAINT membership_group_id_fkey FOREIGN KEY (group_id) REFERENCES user_group(id) ON DELETE CASCADE,
    CONSTRAINT membership_pkey PRIMARY KEY (group_id, user_id),
    CONSTRAINT membership_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX membership_of_user ON public.membership USING btree (user_id);

CREATE TABLE message_count (
    id text COLLATE "C" NOT NULL,
    total integer NOT NULL,
    expires_at bigint NOT NULL,
    CONSTRAINT message_count_pkey PRIMARY KEY (id)
);

CREATE INDEX message_count_expiry ON public.message_count USING btree (expires_at);

CREATE TABLE mfa_duty (
    requirement_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    since bigint NOT NULL,
    CONSTRAINT mfa_duty_pkey PRIMARY KEY (requirement_id, user_id),
    CONSTRAINT mfa_duty_requirement_id_fkey FOREIGN KEY (requirement_id) REFERENCES mfa_requirement(id) ON DELETE CASCADE,
    CONSTRAINT mfa_duty_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX mfa_duty_user ON public.mfa_duty USING btree (user_id);

CREATE TABLE mfa_exemption (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    created_at bigint NOT NULL,
    created_by text COLLATE "C" NOT NULL,
    CONSTRAINT mfa_exemption_pkey PRIMARY KEY (id),
    CONSTRAINT mfa_exemption_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX mfa_exemption_user ON public.mfa_exemption USING btree (user_id);

CREATE TABLE mfa_requirement (
    id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    role_id text COLLATE "C",
    group_id text COLLATE "C",
    project_id text COLLATE "C",
    domain_id text COLLATE "C",
    from_at bigint NOT NULL,
    grace_days bigint NOT NULL,
    description text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    CONSTRAINT mfa_requirement_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT mfa_requirement_group_id_fkey FOREIGN KEY (group_id) REFERENCES user_group(id) ON DELETE CASCADE,
    CONSTRAINT mfa_requirement_pkey PRIMARY KEY (id),
    CONSTRAINT mfa_requirement_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT mfa_requirement_role_id_fkey FOREIGN KEY (role_id) REFERENCES role(id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX mfa_requirement_domain ON public.mfa_requirement USING btree (domain_id);

CREATE UNIQUE INDEX mfa_requirement_group ON public.mfa_requirement USING btree (group_id);

CREATE UNIQUE INDEX mfa_requirement_project ON public.mfa_requirement USING btree (project_id);

CREATE UNIQUE INDEX mfa_requirement_role ON public.mfa_requirement USING btree (role_id);

CREATE TABLE mfa_reset (
    user_id text COLLATE "C" NOT NULL,
    reset_at bigint NOT NULL,
    reset_by text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    CONSTRAINT mfa_reset_pkey PRIMARY KEY (user_id),
    CONSTRAINT mfa_reset_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE TABLE mfa_snooze (
    user_id text COLLATE "C" NOT NULL,
    until bigint NOT NULL,
    CONSTRAINT mfa_snooze_pkey PRIMARY KEY (user_id),
    CONSTRAINT mfa_snooze_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE TABLE notice (
    id text NOT NULL,
    kind text NOT NULL,
    user_id text NOT NULL,
    event_id bigint NOT NULL,
    at bigint NOT NULL,
    disowned_at bigint,
    CONSTRAINT notice_pkey PRIMARY KEY (id)
);

CREATE INDEX notice_at ON public.notice USING btree (at);

CREATE INDEX notice_of_user ON public.notice USING btree (user_id, kind, at);

CREATE TABLE notice_delivery (
    seq bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    notice_id text NOT NULL,
    user_id text NOT NULL,
    channel text NOT NULL,
    due_at bigint NOT NULL,
    attempts integer NOT NULL,
    state text NOT NULL,
    done_at bigint,
    address text NOT NULL,
    CONSTRAINT notice_delivery_notice_id_fkey FOREIGN KEY (notice_id) REFERENCES notice(id) ON DELETE CASCADE,
    CONSTRAINT notice_delivery_pkey PRIMARY KEY (seq)
);

CREATE INDEX notice_delivery_due ON public.notice_delivery USING btree (channel, due_at) WHERE (state = 'waiting'::text);

CREATE INDEX notice_delivery_notice ON public.notice_delivery USING btree (notice_id);

CREATE TABLE oauth_access_token (
    id text COLLATE "C" NOT NULL,
    secret text COLLATE "C" NOT NULL,
    consumer_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    role_ids text COLLATE "C" NOT NULL,
    expires_at bigint,
    methods text COLLATE "C" NOT NULL,
    auth_time bigint NOT NULL,
    CONSTRAINT oauth_access_token_consumer_id_fkey FOREIGN KEY (consumer_id) REFERENCES oauth_consumer(id) ON DELETE CASCADE,
    CONSTRAINT oauth_access_token_pkey PRIMARY KEY (id),
    CONSTRAINT oauth_access_token_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT oauth_access_token_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX oauth_access_token_consumer ON public.oauth_access_token USING btree (consumer_id);

CREATE INDEX oauth_access_token_expiry ON public.oauth_access_token USING btree (expires_at);

CREATE INDEX oauth_access_token_project ON public.oauth_access_token USING btree (project_id);

CREATE INDEX oauth_access_token_user ON public.oauth_access_token USING btree (user_id);

CREATE TABLE oauth_consumer (
    id text COLLATE "C" NOT NULL,
    description text COLLATE "C",
    secret text COLLATE "C" NOT NULL,
    extra text COLLATE "C" NOT NULL,
    CONSTRAINT oauth_consumer_pkey PRIMARY KEY (id)
);

CREATE TABLE oauth_nonce (
    id text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    CONSTRAINT oauth_nonce_pkey PRIMARY KEY (id)
);

CREATE INDEX oauth_nonce_expiry ON public.oauth_nonce USING btree (expires_at);

CREATE TABLE oauth_request_token (
    id text COLLATE "C" NOT NULL,
    secret text COLLATE "C" NOT NULL,
    consumer_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C" NOT NULL,
    expires_at bigint,
    tries integer NOT NULL,
    user_id text COLLATE "C",
    role_ids text COLLATE "C" NOT NULL,
    verifier text COLLATE "C" NOT NULL,
    methods text COLLATE "C" NOT NULL,
    auth_time bigint NOT NULL,
    CONSTRAINT oauth_request_token_consumer_id_fkey FOREIGN KEY (consumer_id) REFERENCES oauth_consumer(id) ON DELETE CASCADE,
    CONSTRAINT oauth_request_token_pkey PRIMARY KEY (id),
    CONSTRAINT oauth_request_token_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT oauth_request_token_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX oauth_request_token_consumer ON public.oauth_request_token USING btree (consumer_id);

CREATE INDEX oauth_request_token_expiry ON public.oauth_request_token USING btree (expires_at);

CREATE INDEX oauth_request_token_project ON public.oauth_request_token USING btree (project_id);

CREATE INDEX oauth_request_token_user ON public.oauth_request_token USING btree (user_id);

CREATE TABLE password (
    id bigint NOT NULL GENERATED BY DEFAULT AS IDENTITY,
    user_id text COLLATE "C" NOT NULL,
    hash text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint,
    self_service boolean NOT NULL,
    CONSTRAINT password_pkey PRIMARY KEY (id),
    CONSTRAINT password_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX password_of_user ON public.password USING btree (user_id, created_at, id);

CREATE TABLE phone_code (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    factor_id text COLLATE "C" NOT NULL,
    purpose text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    channel text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    tries integer NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    used_at bigint,
    CONSTRAINT phone_code_factor_id_fkey FOREIGN KEY (factor_id) REFERENCES factor(id) ON DELETE CASCADE,
    CONSTRAINT phone_code_pkey PRIMARY KEY (id),
    CONSTRAINT phone_code_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX phone_code_expiry ON public.phone_code USING btree (expires_at);

CREATE INDEX phone_code_of_factor ON public.phone_code USING btree (factor_id);

CREATE INDEX phone_code_of_user ON public.phone_code USING btree (user_id);

CREATE TABLE policy_association (
    policy_id text COLLATE "C" NOT NULL,
    endpoint_id text COLLATE "C",
    service_id text COLLATE "C",
    region_id text COLLATE "C",
    CONSTRAINT policy_association_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES endpoint(id) ON DELETE CASCADE,
    CONSTRAINT policy_association_policy_id_fkey FOREIGN KEY (policy_id) REFERENCES policy_document(id) ON DELETE CASCADE,
    CONSTRAINT policy_association_region_id_fkey FOREIGN KEY (region_id) REFERENCES region(id) ON DELETE CASCADE,
    CONSTRAINT policy_association_service_id_fkey FOREIGN KEY (service_id) REFERENCES service(id) ON DELETE CASCADE,
    CONSTRAINT policy_association_target_is_one CHECK ((((endpoint_id IS NULL) = (service_id IS NOT NULL)) AND ((region_id IS NULL) OR (service_id IS NOT NULL))))
);

CREATE INDEX policy_association_endpoint ON public.policy_association USING btree (endpoint_id);

CREATE INDEX policy_association_policy ON public.policy_association USING btree (policy_id);

CREATE INDEX policy_association_region ON public.policy_association USING btree (region_id);

CREATE INDEX policy_association_service ON public.policy_association USING btree (service_id);

CREATE UNIQUE INDEX policy_association_target ON public.policy_association USING btree (COALESCE(endpoint_id, ''::text), COALESCE(service_id, ''::text), COALESCE(region_id, ''::text));

CREATE TABLE policy_document (
    id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    type_fold text COLLATE "C" NOT NULL,
    blob text NOT NULL,
    extra text NOT NULL,
    CONSTRAINT policy_document_pkey PRIMARY KEY (id)
);

CREATE INDEX policy_document_type ON public.policy_document USING btree (type);

CREATE TABLE project (
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    name_fold text COLLATE "C" NOT NULL,
    domain_id text COLLATE "C",
    parent_id text COLLATE "C",
    is_domain boolean NOT NULL,
    description text,
    enabled boolean NOT NULL,
    options text NOT NULL,
    extra text NOT NULL,
    CONSTRAINT project_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES project(id),
    CONSTRAINT project_is_domain_or_below CHECK (((is_domain = (domain_id IS NULL)) AND (is_domain = (parent_id IS NULL)))),
    CONSTRAINT project_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES project(id),
    CONSTRAINT project_pkey PRIMARY KEY (id)
);

CREATE INDEX project_by_name ON public.project USING btree (name, id);

CREATE INDEX project_children ON public.project USING btree (parent_id, id);

CREATE INDEX project_domains ON public.project USING btree (id) WHERE is_domain;

CREATE UNIQUE INDEX project_name ON public.project USING btree (COALESCE(domain_id, ''::text), name);

CREATE INDEX project_page ON public.project USING btree (domain_id, id);

CREATE TABLE project_endpoint (
    project_id text COLLATE "C" NOT NULL,
    endpoint_id text COLLATE "C" NOT NULL,
    CONSTRAINT project_endpoint_endpoint_id_fkey FOREIGN KEY (endpoint_id) REFERENCES endpoint(id) ON DELETE CASCADE,
    CONSTRAINT project_endpoint_pkey PRIMARY KEY (project_id, endpoint_id),
    CONSTRAINT project_endpoint_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE
);

CREATE INDEX project_endpoint_of_endpoint ON public.project_endpoint USING btree (endpoint_id);

CREATE TABLE project_endpoint_group (
    project_id text COLLATE "C" NOT NULL,
    endpoint_group_id text COLLATE "C" NOT NULL,
    CONSTRAINT project_endpoint_group_endpoint_group_id_fkey FOREIGN KEY (endpoint_group_id) REFERENCES endpoint_group(id) ON DELETE CASCADE,
    CONSTRAINT project_endpoint_group_pkey PRIMARY KEY (project_id, endpoint_group_id),
    CONSTRAINT project_endpoint_group_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE
);

CREATE INDEX project_endpoint_group_of_group ON public.project_endpoint_group USING btree (endpoint_group_id);

CREATE TABLE project_limit (
    id text COLLATE "C" NOT NULL,
    registered_limit_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C",
    domain_id text COLLATE "C",
    resource_limit bigint NOT NULL,
    description text,
    CONSTRAINT project_limit_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT project_limit_one_owner CHECK (((project_id IS NULL) <> (domain_id IS NULL))),
    CONSTRAINT project_limit_pkey PRIMARY KEY (id),
    CONSTRAINT project_limit_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT project_limit_registered_limit_id_fkey FOREIGN KEY (registered_limit_id) REFERENCES registered_limit(id)
);

CREATE INDEX project_limit_domain ON public.project_limit USING btree (domain_id);

CREATE UNIQUE INDEX project_limit_once ON public.project_limit USING btree (registered_limit_id, COALESCE(project_id, ''::text), COALESCE(domain_id, ''::text));

CREATE INDEX project_limit_project ON public.project_limit USING btree (project_id);

CREATE TABLE project_tag (
    project_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    CONSTRAINT project_tag_pkey PRIMARY KEY (project_id, name),
    CONSTRAINT project_tag_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE
);

CREATE INDEX project_tag_name ON public.project_tag USING btree (name);

CREATE TABLE recovery_code (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    digest text COLLATE "C" NOT NULL,
    used_at bigint,
    CONSTRAINT recovery_code_pkey PRIMARY KEY (id),
    CONSTRAINT recovery_code_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE UNIQUE INDEX recovery_code_digest ON public.recovery_code USING btree (user_id, digest);

CREATE TABLE region (
    id text COLLATE "C" NOT NULL,
    description text NOT NULL,
    parent_id text COLLATE "C",
    extra text NOT NULL,
    CONSTRAINT region_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES region(id),
    CONSTRAINT region_pkey PRIMARY KEY (id)
);

CREATE INDEX region_parent ON public.region USING btree (parent_id);

CREATE TABLE registered_limit (
    id text COLLATE "C" NOT NULL,
    service_id text COLLATE "C" NOT NULL,
    region_id text COLLATE "C",
    resource_name text COLLATE "C" NOT NULL,
    resource_name_fold text COLLATE "C" NOT NULL,
    default_limit bigint NOT NULL,
    description text,
    CONSTRAINT registered_limit_pkey PRIMARY KEY (id),
    CONSTRAINT registered_limit_region_id_fkey FOREIGN KEY (region_id) REFERENCES region(id),
    CONSTRAINT registered_limit_service_id_fkey FOREIGN KEY (service_id) REFERENCES service(id)
);

CREATE UNIQUE INDEX registered_limit_once ON public.registered_limit USING btree (service_id, COALESCE(region_id, ''::text), resource_name);

CREATE INDEX registered_limit_region ON public.registered_limit USING btree (region_id);

CREATE INDEX registered_limit_resource ON public.registered_limit USING btree (resource_name);

CREATE TABLE remote_id (
    remote_id text COLLATE "C" NOT NULL,
    idp_id text COLLATE "C" NOT NULL,
    place bigint NOT NULL,
    CONSTRAINT remote_id_idp_id_fkey FOREIGN KEY (idp_id) REFERENCES identity_provider(id) ON DELETE CASCADE,
    CONSTRAINT remote_id_pkey PRIMARY KEY (remote_id)
);

CREATE INDEX remote_id_of_idp ON public.remote_id USING btree (idp_id, place);

CREATE TABLE revocation (
    id text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    CONSTRAINT revocation_pkey PRIMARY KEY (id)
);

CREATE INDEX revocation_expiry ON public.revocation USING btree (expires_at);

CREATE TABLE role (
    id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    name_fold text COLLATE "C" NOT NULL,
    domain_id text COLLATE "C" NOT NULL,
    description text,
    options text NOT NULL,
    extra text NOT NULL,
    CONSTRAINT role_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX role_name ON public.role USING btree (domain_id, name);

CREATE TABLE role_grant (
    role_id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C",
    group_id text COLLATE "C",
    target_kind text COLLATE "C" NOT NULL,
    target_id text COLLATE "C",
    inherited boolean NOT NULL,
    CONSTRAINT role_grant_group_id_fkey FOREIGN KEY (group_id) REFERENCES user_group(id) ON DELETE CASCADE,
    CONSTRAINT role_grant_one_actor CHECK (((user_id IS NULL) <> (group_id IS NULL))),
    CONSTRAINT role_grant_role_id_fkey FOREIGN KEY (role_id) REFERENCES role(id) ON DELETE CASCADE,
    CONSTRAINT role_grant_target CHECK (((target_kind = 'system'::text) = (target_id IS NULL))),
    CONSTRAINT role_grant_target_id_fkey FOREIGN KEY (target_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT role_grant_target_kind_check CHECK ((target_kind = ANY (ARRAY['project'::text, 'domain'::text, 'system'::text]))),
    CONSTRAINT role_grant_user_id_fkey FOREIGN KEY (user_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX role_grant_of_group ON public.role_grant USING btree (group_id);

CREATE INDEX role_grant_of_user ON public.role_grant USING btree (user_id);

CREATE INDEX role_grant_on_target ON public.role_grant USING btree (target_id);

CREATE UNIQUE INDEX role_grant_once ON public.role_grant USING btree (role_id, COALESCE(user_id, ''::text), COALESCE(group_id, ''::text), target_kind, COALESCE(target_id, ''::text), inherited);

CREATE TABLE service (
    id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    type_fold text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    name_fold text COLLATE "C" NOT NULL,
    enabled boolean NOT NULL,
    extra text NOT NULL,
    CONSTRAINT service_pkey PRIMARY KEY (id)
);

CREATE INDEX service_name ON public.service USING btree (name);

CREATE INDEX service_type ON public.service USING btree (type);

CREATE TABLE service_provider (
    id text COLLATE "C" NOT NULL,
    auth_url text NOT NULL,
    sp_url text NOT NULL,
    enabled boolean NOT NULL,
    description text,
    relay_state_prefix text NOT NULL,
    CONSTRAINT service_provider_pkey PRIMARY KEY (id)
);

CREATE TABLE session (
    id text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    created_at bigint NOT NULL,
    last_seen_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    methods text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    user_agent text COLLATE "C" NOT NULL,
    auth_version bigint NOT NULL,
    risk_score integer NOT NULL,
    risk_reasons text COLLATE "C" NOT NULL,
    CONSTRAINT session_pkey PRIMARY KEY (id)
);

CREATE INDEX session_expiry ON public.session USING btree (expires_at);

CREATE INDEX session_of_user ON public.session USING btree (user_id, created_at, id);

CREATE TABLE sign_in_failure (
    user_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    network text COLLATE "C" NOT NULL,
    tries bigint NOT NULL,
    last_at bigint NOT NULL,
    locked_until bigint NOT NULL,
    CONSTRAINT sign_in_failure_pkey PRIMARY KEY (user_id, kind, network)
);

CREATE INDEX sign_in_failure_age ON public.sign_in_failure USING btree (last_at);

CREATE TABLE sign_in_profile (
    user_id text COLLATE "C" NOT NULL,
    profile text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    CONSTRAINT sign_in_profile_pkey PRIMARY KEY (user_id)
);

CREATE INDEX sign_in_profile_expiry ON public.sign_in_profile USING btree (expires_at);

CREATE TABLE signing_key (
    kid text COLLATE "C" NOT NULL,
    algorithm text NOT NULL,
    state text NOT NULL,
    private_key text NOT NULL,
    public_key bytea NOT NULL,
    created_at bigint NOT NULL,
    activated_at bigint,
    retire_at bigint,
    CONSTRAINT signing_key_pkey PRIMARY KEY (kid)
);

CREATE TABLE trust (
    id text COLLATE "C" NOT NULL,
    trustor_id text COLLATE "C" NOT NULL,
    trustee_id text COLLATE "C" NOT NULL,
    project_id text COLLATE "C",
    impersonation boolean NOT NULL,
    expires_at bigint,
    remaining_uses integer,
    redelegated_trust_id text COLLATE "C",
    redelegation_count integer NOT NULL,
    created_at bigint NOT NULL,
    methods text COLLATE "C" NOT NULL,
    auth_time bigint NOT NULL,
    extra text COLLATE "C" NOT NULL,
    CONSTRAINT trust_pkey PRIMARY KEY (id),
    CONSTRAINT trust_project_id_fkey FOREIGN KEY (project_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT trust_redelegated_trust_id_fkey FOREIGN KEY (redelegated_trust_id) REFERENCES trust(id) ON DELETE CASCADE,
    CONSTRAINT trust_trustee_id_fkey FOREIGN KEY (trustee_id) REFERENCES user_account(id) ON DELETE CASCADE,
    CONSTRAINT trust_trustor_id_fkey FOREIGN KEY (trustor_id) REFERENCES user_account(id) ON DELETE CASCADE
);

CREATE INDEX trust_project ON public.trust USING btree (project_id);

CREATE INDEX trust_redelegated ON public.trust USING btree (redelegated_trust_id);

CREATE INDEX trust_trustee ON public.trust USING btree (trustee_id);

CREATE INDEX trust_trustor ON public.trust USING btree (trustor_id);

CREATE TABLE trust_role (
    trust_id text COLLATE "C" NOT NULL,
    role_id text COLLATE "C" NOT NULL,
    CONSTRAINT trust_role_pkey PRIMARY KEY (trust_id, role_id),
    CONSTRAINT trust_role_trust_id_fkey FOREIGN KEY (trust_id) REFERENCES trust(id) ON DELETE CASCADE
);

CREATE INDEX trust_role_role ON public.trust_role USING btree (role_id);

CREATE TABLE used_receipt (
    id text COLLATE "C" NOT NULL,
    expires_at bigint NOT NULL,
    CONSTRAINT used_receipt_pkey PRIMARY KEY (id)
);

CREATE INDEX used_receipt_expiry ON public.used_receipt USING btree (expires_at);

CREATE TABLE user_account (
    id text COLLATE "C" NOT NULL,
    domain_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    name_fold text COLLATE "C" NOT NULL,
    enabled boolean NOT NULL,
    default_project_id text COLLATE "C" NOT NULL,
    options text NOT NULL,
    extra text NOT NULL,
    created_at bigint NOT NULL,
    auth_version bigint NOT NULL,
    password_expires_at bigint,
    last_active_at bigint,
    CONSTRAINT user_account_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT user_account_pkey PRIMARY KEY (id)
);

CREATE INDEX user_account_by_name ON public.user_account USING btree (name, id);

CREATE INDEX user_account_default_project ON public.user_account USING btree (default_project_id);

CREATE INDEX user_account_expiry ON public.user_account USING btree (password_expires_at) WHERE (password_expires_at IS NOT NULL);

CREATE UNIQUE INDEX user_account_name ON public.user_account USING btree (domain_id, name);

CREATE INDEX user_account_page ON public.user_account USING btree (domain_id, id);

CREATE TABLE user_group (
    id text COLLATE "C" NOT NULL,
    domain_id text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    name_fold text COLLATE "C" NOT NULL,
    description text,
    extra text NOT NULL,
    CONSTRAINT user_group_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES project(id) ON DELETE CASCADE,
    CONSTRAINT user_group_pkey PRIMARY KEY (id)
);

CREATE INDEX user_group_by_name ON public.user_group USING btree (name, id);

CREATE UNIQUE INDEX user_group_name ON public.user_group USING btree (domain_id, name);

CREATE INDEX user_group_page ON public.user_group USING btree (domain_id, id);
