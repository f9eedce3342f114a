-- Notices: what people are told of their accounts, and how far each channel got with it.

-- +goose Up
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
);
CREATE INDEX notice_delivery_notice ON notice_delivery (notice_id);
CREATE INDEX notice_delivery_due ON notice_delivery (channel, due_at) WHERE state = 'waiting';
CREATE INDEX notice_delivery_order ON notice_delivery (channel, user_id, seq) WHERE state = 'waiting';

-- +goose Down
DROP TABLE notice_delivery;
DROP TABLE notice;
