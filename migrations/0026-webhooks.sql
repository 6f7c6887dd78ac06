-- Targets that are told of events, in order. `position` is the last event that a target was told of;
-- `kinds` are words with spaces between them, empty for all.
CREATE TABLE webhook (
    id            INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    url           TEXT NOT NULL,
    secret        TEXT NOT NULL,
    kinds         TEXT NOT NULL,
    enabled       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    position      INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    next_at       INTEGER NOT NULL,
    failing_since INTEGER NOT NULL,
    trouble       TEXT
) STRICT;

CREATE TABLE webhook_log (
    id      INTEGER PRIMARY KEY,
    webhook INTEGER NOT NULL REFERENCES webhook,
    at      INTEGER NOT NULL,
    event   INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    status  INTEGER NOT NULL,
    detail  TEXT
) STRICT;
CREATE INDEX webhook_log_by_webhook ON webhook_log (webhook, id);
