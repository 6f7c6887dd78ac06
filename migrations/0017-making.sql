-- An issue whose deliveries are being made, in parts. There is no row once all are made.
CREATE TABLE making (
    id       INTEGER PRIMARY KEY,
    issue    INTEGER NOT NULL REFERENCES issue ON DELETE CASCADE,
    segment  TEXT,             -- the expression; NULL: everybody on the list
    further  INTEGER NOT NULL, -- for people beyond those of an earlier making
    began_at INTEGER NOT NULL,
    newest   INTEGER NOT NULL, -- the newest active subscription at that moment
    reached  INTEGER NOT NULL, -- up to this subscription, deliveries are made
    people   INTEGER NOT NULL, -- active subscriptions up to the newest, at the beginning
    seen     INTEGER NOT NULL, -- how many of these have had their turn
    made     INTEGER NOT NULL, -- how many deliveries came of them
    sampled  INTEGER NOT NULL  -- and how many of those try a subject
) STRICT;
CREATE INDEX making_by_issue ON making (issue, id);

-- People who joined while their part was still to be made: the issue had begun without them.
CREATE TABLE making_late (
    id           INTEGER PRIMARY KEY,
    making       INTEGER NOT NULL,
    subscription INTEGER NOT NULL,
    UNIQUE (making, subscription)
) STRICT;

CREATE INDEX subscription_active ON subscription (list, id) WHERE state = 'active';

CREATE TRIGGER subscription_joins_late AFTER UPDATE OF state ON subscription
WHEN NEW.state = 'active' AND OLD.state <> 'active' BEGIN
    INSERT INTO making_late (making, subscription) SELECT m.id, NEW.id FROM making m
    JOIN issue i ON i.id = m.issue WHERE i.list = NEW.list AND NEW.id > m.reached AND NEW.id <= m.newest
    ON CONFLICT DO NOTHING;
END;
