-- How many deliveries of an issue are in which state, so that nobody has to count them. Triggers keep
-- the totals in the transaction of each change. `waiting` is queued or leased: a lease and its return
-- change no total. Each connection adds to a row of its own, named after its process: workers never
-- wait for each other there.
CREATE TABLE issue_total (
    issue    BIGINT NOT NULL,
    slot     BIGINT NOT NULL,
    waiting  BIGINT NOT NULL DEFAULT 0,
    sent     BIGINT NOT NULL DEFAULT 0,
    deferred BIGINT NOT NULL DEFAULT 0,
    bounced  BIGINT NOT NULL DEFAULT 0,
    failed   BIGINT NOT NULL DEFAULT 0,
    unknown  BIGINT NOT NULL DEFAULT 0,
    skipped  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (issue, slot)
) WITH (fillfactor = 50);

-- Nothing may change between the count and the triggers.
LOCK TABLE delivery IN SHARE ROW EXCLUSIVE MODE;

INSERT INTO issue_total (issue, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
SELECT i.id, 0, count(*) FILTER (WHERE d.state IN ('queued', 'leased')),
    count(*) FILTER (WHERE d.state = 'sent'), count(*) FILTER (WHERE d.state = 'deferred'),
    count(*) FILTER (WHERE d.state = 'bounced'), count(*) FILTER (WHERE d.state = 'failed'),
    count(*) FILTER (WHERE d.state = 'unknown'), count(*) FILTER (WHERE d.state = 'skipped')
FROM issue i LEFT JOIN delivery d ON d.issue = i.id GROUP BY i.id;

CREATE FUNCTION forget_issue_total() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM issue_total WHERE issue = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER issue_total_ends AFTER DELETE ON issue
FOR EACH ROW EXECUTE FUNCTION forget_issue_total();

-- All rows of a statement at once.
CREATE FUNCTION count_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    sign BIGINT := CASE TG_OP WHEN 'DELETE' THEN -1 ELSE 1 END;
BEGIN
    INSERT INTO issue_total AS t
        (issue, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT issue, pg_backend_pid(), sign * count(*) FILTER (WHERE state IN ('queued', 'leased')),
        sign * count(*) FILTER (WHERE state = 'sent'),
        sign * count(*) FILTER (WHERE state = 'deferred'),
        sign * count(*) FILTER (WHERE state = 'bounced'),
        sign * count(*) FILTER (WHERE state = 'failed'),
        sign * count(*) FILTER (WHERE state = 'unknown'),
        sign * count(*) FILTER (WHERE state = 'skipped')
    FROM changed WHERE issue IS NOT NULL GROUP BY issue
    ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting,
        sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred,
        bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed,
        unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    RETURN NULL;
END
$$;
CREATE TRIGGER delivery_made AFTER INSERT ON delivery
REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_deliveries();
CREATE TRIGGER delivery_removed AFTER DELETE ON delivery
REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION count_deliveries();

CREATE FUNCTION count_delivery_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO issue_total AS t
        (issue, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    VALUES (NEW.issue, pg_backend_pid(),
        (NEW.state IN ('queued', 'leased'))::int - (OLD.state IN ('queued', 'leased'))::int,
        (NEW.state = 'sent')::int - (OLD.state = 'sent')::int,
        (NEW.state = 'deferred')::int - (OLD.state = 'deferred')::int,
        (NEW.state = 'bounced')::int - (OLD.state = 'bounced')::int,
        (NEW.state = 'failed')::int - (OLD.state = 'failed')::int,
        (NEW.state = 'unknown')::int - (OLD.state = 'unknown')::int,
        (NEW.state = 'skipped')::int - (OLD.state = 'skipped')::int)
    ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting,
        sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred,
        bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed,
        unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    RETURN NULL;
END
$$;
CREATE TRIGGER delivery_changed AFTER UPDATE OF state ON delivery
FOR EACH ROW WHEN (OLD.issue IS NOT NULL AND OLD.state <> NEW.state
    AND NOT (NEW.state = 'leased' AND OLD.state = 'queued')
    AND NOT (NEW.state = 'queued' AND OLD.state = 'leased'))
EXECUTE FUNCTION count_delivery_change();
