-- Mails that forms caused to an address whose holder has used no link since, by a keyed digest of
-- the address: it outlives the sign-up, so that deleting one does not begin the count again.

CREATE TABLE unanswered (
    digest  TEXT COLLATE "C" PRIMARY KEY,
    mails   BIGINT NOT NULL,
    last_at BIGINT NOT NULL
);
CREATE INDEX subscription_pending ON subscription (consent_at) WHERE state = 'pending';
