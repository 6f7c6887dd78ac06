-- Returned mail: what came back, what it said of whom, and what that adds up to.

ALTER TABLE subscription ADD COLUMN bounce_score REAL NOT NULL DEFAULT 0;
ALTER TABLE subscription ADD COLUMN bounce_at INTEGER;

-- One row per message. `message` is kept until it is understood, or for a while.
CREATE TABLE returned (
    id       INTEGER PRIMARY KEY,
    digest   BLOB NOT NULL UNIQUE,
    at       INTEGER NOT NULL,
    kind     TEXT NOT NULL,
    delivery INTEGER REFERENCES delivery,
    message  BLOB
) STRICT;
CREATE INDEX returned_by_time ON returned (at) WHERE message IS NOT NULL;
CREATE INDEX returned_kept ON returned (id) WHERE kind = 'unknown' AND message IS NOT NULL;

-- One row per recipient. Only what came with a token of ours names a delivery.
CREATE TABLE bounce (
    id           INTEGER PRIMARY KEY,
    returned     INTEGER NOT NULL REFERENCES returned,
    at           INTEGER NOT NULL,
    delivery     INTEGER REFERENCES delivery,
    subscription INTEGER REFERENCES subscription,
    kind         TEXT NOT NULL,
    reason       TEXT NOT NULL,
    status       TEXT NOT NULL,
    diagnostic   TEXT
) STRICT;
CREATE INDEX bounce_by_delivery ON bounce (delivery);
CREATE INDEX bounce_by_subscription ON bounce (subscription, at);
