-- Issues in several languages; the mails that welcome and say goodbye.

-- Of the edition for everybody whose language has none of its own, which stands in the issue.
ALTER TABLE issue ADD COLUMN language TEXT;

CREATE TABLE edition (
    id       INTEGER PRIMARY KEY,
    issue    INTEGER NOT NULL REFERENCES issue,
    language TEXT NOT NULL,
    title    TEXT NOT NULL,
    subject  TEXT NOT NULL,
    source   TEXT NOT NULL,
    message  BLOB NOT NULL,
    UNIQUE (issue, language)
) STRICT;

-- The kinds of a delivery are a constraint, which only a new table can change.
CREATE TABLE delivery_next (
    id              INTEGER PRIMARY KEY,
    kind            TEXT NOT NULL CHECK (kind IN ('issue', 'confirmation', 'already-subscribed',
                                                  'welcome', 'goodbye')),
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
