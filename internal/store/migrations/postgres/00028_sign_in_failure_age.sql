-- What is too old is found without reading all.

-- +goose Up
CREATE INDEX sign_in_failure_age ON sign_in_failure (last_at);

-- +goose Down
DROP INDEX sign_in_failure_age;
