-- How many deliveries of an issue are in which state, so that nobody has to count them. Triggers keep
-- the totals in the transaction of each change. `waiting` is queued or leased: a lease and its return
-- change no total. A table `delivery` that replaces this one needs the triggers again.
CREATE TABLE issue_total (
    issue    INTEGER NOT NULL,
    slot     INTEGER NOT NULL, -- rows are added up; with SQLite there is one, 0
    waiting  INTEGER NOT NULL DEFAULT 0,
    sent     INTEGER NOT NULL DEFAULT 0,
    deferred INTEGER NOT NULL DEFAULT 0,
    bounced  INTEGER NOT NULL DEFAULT 0,
    failed   INTEGER NOT NULL DEFAULT 0,
    unknown  INTEGER NOT NULL DEFAULT 0,
    skipped  INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (issue, slot)
) STRICT, WITHOUT ROWID;

INSERT INTO issue_total (issue, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
SELECT i.id, 0, count(*) FILTER (WHERE d.state IN ('queued', 'leased')),
    count(*) FILTER (WHERE d.state = 'sent'), count(*) FILTER (WHERE d.state = 'deferred'),
    count(*) FILTER (WHERE d.state = 'bounced'), count(*) FILTER (WHERE d.state = 'failed'),
    count(*) FILTER (WHERE d.state = 'unknown'), count(*) FILTER (WHERE d.state = 'skipped')
FROM issue i LEFT JOIN delivery d ON d.issue = i.id GROUP BY i.id;

CREATE TRIGGER issue_total_begins AFTER INSERT ON issue BEGIN
    INSERT INTO issue_total (issue, slot) VALUES (NEW.id, 0);
END;
CREATE TRIGGER issue_total_ends AFTER DELETE ON issue BEGIN
    DELETE FROM issue_total WHERE issue = OLD.id;
END;

CREATE TRIGGER delivery_made AFTER INSERT ON delivery WHEN NEW.issue IS NOT NULL BEGIN
    UPDATE issue_total SET waiting = waiting + (NEW.state IN ('queued', 'leased')),
        sent = sent + (NEW.state = 'sent'), deferred = deferred + (NEW.state = 'deferred'),
        bounced = bounced + (NEW.state = 'bounced'), failed = failed + (NEW.state = 'failed'),
        unknown = unknown + (NEW.state = 'unknown'), skipped = skipped + (NEW.state = 'skipped')
    WHERE issue = NEW.issue AND slot = 0;
END;
CREATE TRIGGER delivery_removed AFTER DELETE ON delivery WHEN OLD.issue IS NOT NULL BEGIN
    UPDATE issue_total SET waiting = waiting - (OLD.state IN ('queued', 'leased')),
        sent = sent - (OLD.state = 'sent'), deferred = deferred - (OLD.state = 'deferred'),
        bounced = bounced - (OLD.state = 'bounced'), failed = failed - (OLD.state = 'failed'),
        unknown = unknown - (OLD.state = 'unknown'), skipped = skipped - (OLD.state = 'skipped')
    WHERE issue = OLD.issue AND slot = 0;
END;
CREATE TRIGGER delivery_changed AFTER UPDATE OF state ON delivery
WHEN OLD.issue IS NOT NULL AND OLD.state <> NEW.state AND NOT (NEW.state = 'leased' AND OLD.state = 'queued')
    AND NOT (NEW.state = 'queued' AND OLD.state = 'leased') BEGIN
    UPDATE issue_total SET
        waiting = waiting + (NEW.state IN ('queued', 'leased')) - (OLD.state IN ('queued', 'leased')),
        sent = sent + (NEW.state = 'sent') - (OLD.state = 'sent'),
        deferred = deferred + (NEW.state = 'deferred') - (OLD.state = 'deferred'),
        bounced = bounced + (NEW.state = 'bounced') - (OLD.state = 'bounced'),
        failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'),
        unknown = unknown + (NEW.state = 'unknown') - (OLD.state = 'unknown'),
        skipped = skipped + (NEW.state = 'skipped') - (OLD.state = 'skipped')
    WHERE issue = NEW.issue AND slot = 0;
END;
