-- Mails that forms caused to an address whose holder has used no link since, by a keyed digest of
-- the address: it outlives the sign-up, so that deleting one does not begin the count again.

CREATE TABLE unanswered (
    digest  TEXT PRIMARY KEY,
    mails   INTEGER NOT NULL,
    last_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX subscription_pending ON subscription (consent_at) WHERE state = 'pending';
