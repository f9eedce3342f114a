-- Where a notice goes, as it was when it happened; and no more order among the notices of a person: one that a mail
-- server refuses must not hold up the others.

-- +goose Up
ALTER TABLE notice_delivery ADD COLUMN address TEXT NOT NULL DEFAULT '';
DROP INDEX notice_delivery_order;

-- +goose Down
CREATE INDEX notice_delivery_order ON notice_delivery (channel, user_id, seq) WHERE state = 'waiting';
ALTER TABLE notice_delivery DROP COLUMN address;
