-- Indexes for lists that are read page by page, and for filters that find few rows of many.

-- +goose Up

-- A page of one domain's users, groups or projects, and all of those with one name in any domain.
CREATE INDEX user_account_page ON user_account (domain_id, id);
CREATE INDEX user_account_by_name ON user_account (name, id);
CREATE INDEX user_group_page ON user_group (domain_id, id);
CREATE INDEX user_group_by_name ON user_group (name, id);
CREATE INDEX project_page ON project (domain_id, id);
CREATE INDEX project_by_name ON project (name, id);
CREATE INDEX project_children ON project (parent_id, id);
DROP INDEX project_domain;
DROP INDEX project_parent;

-- Domains are few among many projects, and so are passwords that expire where none need to.
CREATE INDEX project_domains ON project (id) WHERE is_domain;
CREATE INDEX user_account_expiry ON user_account (password_expires_at) WHERE password_expires_at IS NOT NULL;

-- Written once in a while, looked up by every client that asks for a service by its type or name.
CREATE INDEX service_type ON service (type);
CREATE INDEX service_name ON service (name);

-- Whether the row that a marker names was deleted. Only deletions are in it.
CREATE INDEX event_deleted ON event (target_id) WHERE action LIKE '%.delete';

-- +goose Down
DROP INDEX event_deleted;
DROP INDEX service_name;
DROP INDEX service_type;
DROP INDEX user_account_expiry;
DROP INDEX project_domains;
CREATE INDEX project_parent ON project (parent_id);
CREATE INDEX project_domain ON project (domain_id);
DROP INDEX project_children;
DROP INDEX project_by_name;
DROP INDEX project_page;
DROP INDEX user_group_by_name;
DROP INDEX user_group_page;
DROP INDEX user_account_by_name;
DROP INDEX user_account_page;
