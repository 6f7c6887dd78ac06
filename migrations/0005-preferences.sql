-- The subscriber's own page: links to it, new addresses, and what is left of who was erased.

-- The purposes of links and the kinds of deliveries are the code's to know from here on.
CREATE TABLE confirmation_next (
    digest       BLOB PRIMARY KEY,
    subscription INTEGER NOT NULL REFERENCES subscription,
    purpose      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    used_at      INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO confirmation_next SELECT * FROM confirmation;
DROP TABLE confirmation;
ALTER TABLE confirmation_next RENAME TO confirmation;
CREATE INDEX confirmation_by_subscription ON confirmation (subscription);

CREATE TABLE delivery_next (
    id              INTEGER PRIMARY KEY,
    kind            TEXT NOT NULL,
    issue           INTEGER REFERENCES issue,
    subscription    INTEGER NOT NULL REFERENCES subscription,
    state           TEXT NOT NULL CHECK (state IN ('queued', 'leased', 'sent', 'deferred', 'bounced',
                                                   'failed', 'unknown', 'skipped')),
    attempts        INTEGER NOT NULL DEFAULT 0,
    first_attempt_at INTEGER,
    created_at      INTEGER NOT NULL,
    next_attempt_at INTEGER,
    updated_at      INTEGER NOT NULL,
    lease_owner     TEXT,
    lease_until     INTEGER,
    dot_at          INTEGER,
    reply_code      INTEGER,
    reply_status    TEXT,
    reply_text      TEXT,
    CHECK ((kind = 'issue') = (issue IS NOT NULL)),
    UNIQUE (issue, subscription)
) STRICT;
INSERT INTO delivery_next SELECT * FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_next RENAME TO delivery;
CREATE INDEX delivery_queued ON delivery (issue, id) WHERE state = 'queued';
CREATE INDEX delivery_deferred ON delivery (issue, next_attempt_at) WHERE state = 'deferred';
CREATE INDEX delivery_leased ON delivery (issue) WHERE state = 'leased';
CREATE INDEX delivery_notice ON delivery (subscription, kind) WHERE issue IS NULL;

-- A new address that waits for a word from its owner.
CREATE TABLE address_change (
    subscriber   INTEGER PRIMARY KEY REFERENCES subscriber,
    address      TEXT NOT NULL,
    address_key  TEXT NOT NULL,
    requested_at INTEGER NOT NULL
) STRICT;

-- A keyed digest of each address that was erased, so that no import brings it back.
CREATE TABLE erased (
    digest TEXT PRIMARY KEY,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
