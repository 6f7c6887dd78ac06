-- The core. Times are integer UTC seconds; states are words, so that the file can be read by hand.

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE list (
    id             INTEGER PRIMARY KEY,
    uuid           TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL UNIQUE,
    title          TEXT NOT NULL,
    list_id        TEXT NOT NULL,
    sender         TEXT NOT NULL,
    reply_to       TEXT,
    owner          TEXT,
    language       TEXT NOT NULL,
    archive_url    TEXT,
    subscribe_url  TEXT,
    postal_address TEXT,
    created_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE subscriber (
    id          INTEGER PRIMARY KEY,
    uuid        TEXT NOT NULL UNIQUE,
    address     TEXT NOT NULL,
    address_key TEXT NOT NULL UNIQUE,
    name        TEXT,
    language    TEXT,
    attributes  TEXT NOT NULL DEFAULT '{}',
    created_at  INTEGER NOT NULL
) STRICT;

-- One person's standing on one list, with the proof of consent.
CREATE TABLE subscription (
    id              INTEGER PRIMARY KEY,
    list            INTEGER NOT NULL REFERENCES list,
    subscriber      INTEGER NOT NULL REFERENCES subscriber,
    state           TEXT NOT NULL
                    CHECK (state IN ('pending', 'active', 'unsubscribed', 'bounced', 'complained')),
    token           TEXT NOT NULL UNIQUE,
    consent_at      INTEGER NOT NULL,
    consent_source  TEXT,
    consent_ip      TEXT,
    consent_version TEXT,
    confirmed_at    INTEGER,
    ended_at        INTEGER,
    noticed_at      INTEGER,
    created_at      INTEGER NOT NULL,
    UNIQUE (list, subscriber)
) STRICT;
CREATE INDEX subscription_by_subscriber ON subscription (subscriber);

-- Single-use links. The token itself is nowhere; only who holds the mail has it.
CREATE TABLE confirmation (
    digest       BLOB PRIMARY KEY,
    subscription INTEGER NOT NULL REFERENCES subscription,
    purpose      TEXT NOT NULL CHECK (purpose IN ('subscribe')),
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    used_at      INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX confirmation_by_subscription ON confirmation (subscription);

CREATE TABLE suppression (
    address_key TEXT PRIMARY KEY,
    reason      TEXT NOT NULL,
    since       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE issue (
    id         INTEGER PRIMARY KEY,
    list       INTEGER NOT NULL REFERENCES list,
    slug       TEXT NOT NULL,
    series     TEXT,
    number     TEXT,
    title      TEXT NOT NULL,
    subject    TEXT NOT NULL,
    category   TEXT,
    posted_by  TEXT,
    date       TEXT NOT NULL,
    source     TEXT NOT NULL,
    message    BLOB NOT NULL,
    digest     TEXT NOT NULL,
    state      TEXT NOT NULL
               CHECK (state IN ('draft', 'scheduled', 'sending', 'paused', 'sent', 'cancelled')),
    pause_note TEXT,
    created_at INTEGER NOT NULL,
    ended_at   INTEGER,
    UNIQUE (list, slug)
) STRICT;

-- One row per message to be sent. Notices (confirmation mails and the like) have no issue.
-- dot_at is committed before the final dot of DATA goes out: a lease that has it and no outcome
-- after a crash is 'unknown', one that has not goes back to 'queued'.
CREATE TABLE delivery (
    id              INTEGER PRIMARY KEY,
    kind            TEXT NOT NULL CHECK (kind IN ('issue', 'confirmation', 'already-subscribed')),
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
CREATE INDEX delivery_queued ON delivery (issue, id) WHERE state = 'queued';
CREATE INDEX delivery_deferred ON delivery (issue, next_attempt_at) WHERE state = 'deferred';
CREATE INDEX delivery_leased ON delivery (issue) WHERE state = 'leased';
CREATE INDEX delivery_notice ON delivery (subscription, kind) WHERE issue IS NULL;

-- What happened to whom, append-only.
CREATE TABLE event (
    id         INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    kind       TEXT NOT NULL,
    list       INTEGER,
    subscriber INTEGER,
    issue      INTEGER,
    detail     TEXT
) STRICT;
CREATE INDEX event_by_time ON event (at);
CREATE INDEX event_by_subscriber ON event (subscriber, at);
