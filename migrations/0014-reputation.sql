-- Reports about us: what receivers say of mail in our name (DMARC aggregate reports) and of encryption
-- on the way to us (SMTP TLS reports).

-- One row per report. `digest` is that of its kind, its reporter and its identifier, so that a
-- report counts once however often it is mailed. `day` is the day it is about, in days since 1970.
CREATE TABLE reputation_report (
    id       INTEGER PRIMARY KEY,
    digest   BLOB NOT NULL UNIQUE,
    kind     TEXT NOT NULL CHECK (kind IN ('dmarc', 'tls')),
    reporter TEXT NOT NULL,
    day      INTEGER NOT NULL,
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX reputation_report_by_time ON reputation_report (at, reporter);
CREATE INDEX reputation_report_by_day ON reputation_report (kind, day);

-- DMARC: messages from one address (`source`, '' for the rest of them). TLS: sessions under one kind
-- of policy (`source`) that failed for one reason ('' for those that did not).
CREATE TABLE reputation (
    report INTEGER NOT NULL REFERENCES reputation_report,
    domain TEXT NOT NULL,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    total  INTEGER NOT NULL,
    passed INTEGER NOT NULL,
    spf    INTEGER NOT NULL,
    dkim   INTEGER NOT NULL,
    PRIMARY KEY (report, domain, source, reason)
) STRICT, WITHOUT ROWID;

-- The domain that a complaint came from: the provider whose user complained.
ALTER TABLE returned ADD COLUMN reporter TEXT;
