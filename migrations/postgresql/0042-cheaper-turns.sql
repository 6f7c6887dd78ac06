-- Figures of nearly all changes are counted in one short way: messages of one issue that were under way and have been sent at
-- one moment, and deliveries of one issue that are made. The general way looked everybody's domain up twice, once for the row as
-- it was and once for the row as it is, and added up eight columns of which two can differ: it took half of what an outcome
-- cost. A row that is there is updated at once: ON CONFLICT locks it first, which is a record of the log for each.
CREATE OR REPLACE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    times BIGINT;
    sent_now BIGINT;
    waiting_now BIGINT;
    leased_before BIGINT;
    waiting_before BIGINT;
    one BIGINT;
    other BIGINT;
    moment BIGINT;
    another BIGINT;
BEGIN
    SELECT count(*), count(*) FILTER (WHERE state = 'sent'), count(*) FILTER (WHERE state = 'queued' OR state = 'leased' OR issue IS NULL),
        min(issue), max(issue), min(updated_at), max(updated_at)
    INTO times, sent_now, waiting_now, one, other, moment, another FROM later;
    SELECT count(*) FILTER (WHERE state = 'leased' AND issue = one), count(*) FILTER (WHERE state = 'queued' OR state = 'leased' OR issue IS NULL)
    INTO leased_before, waiting_before FROM earlier;
    IF waiting_now = times AND waiting_before = times THEN
        RETURN NULL;
    ELSIF sent_now = times AND leased_before = times AND one = other AND moment = another THEN
        WITH total AS (INSERT INTO issue_total AS t (issue, slot, waiting, sent) VALUES (one, pg_backend_pid(), -times, times)
            ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent),
        seconds AS (INSERT INTO issue_second AS t (issue, second, slot, sent) VALUES (one, moment, pg_backend_pid(), times)
            ON CONFLICT (issue, second, slot) DO UPDATE SET sent = t.sent + excluded.sent)
        INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent)
        SELECT one, p.domain, pg_backend_pid(), -count(*), count(*) FROM later l
        JOIN subscription_domain p ON p.subscription = l.subscription GROUP BY p.domain ORDER BY p.domain
        ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent;
        RETURN NULL;
    END IF;
    INSERT INTO issue_total AS t (issue, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, 1 AS n FROM later UNION ALL SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier) AS c WHERE c.issue IS NOT NULL GROUP BY c.issue
    HAVING coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0
    ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, p.domain, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, 1 AS n FROM later UNION ALL SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier) AS c JOIN subscription_domain p ON p.subscription = c.subscription
    WHERE c.issue IS NOT NULL GROUP BY c.issue, p.domain
    HAVING coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0 ORDER BY 1, 2
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_second AS t (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, c.updated_at, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, 1 AS n FROM later UNION ALL SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier) AS c WHERE c.issue IS NOT NULL AND c.state NOT IN ('queued', 'leased') GROUP BY c.issue, c.updated_at
    HAVING coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0 ORDER BY 1, 2
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_reason AS t (issue, kind, reason, slot, times)
    SELECT c.issue, 'refused', coalesce(c.reply_status, c.reply_code::text, 'unknown') AS reason, pg_backend_pid(), sum(n)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, 1 AS n FROM later UNION ALL SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier) AS c WHERE c.issue IS NOT NULL AND c.state IN ('bounced', 'failed')
    AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = c.id) GROUP BY 1, 3 HAVING sum(n) <> 0 ORDER BY 1, 3
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = t.times + excluded.times;
    RETURN NULL;
END
$$;

CREATE OR REPLACE FUNCTION count_made() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one BIGINT;
    times BIGINT;
BEGIN
    SELECT min(issue), count(*) INTO one, times FROM later
    HAVING bool_and(state = 'queued') AND count(issue) = count(*) AND min(issue) = max(issue);
    IF FOUND THEN
        INSERT INTO issue_total AS t (issue, slot, waiting) VALUES (one, pg_backend_pid(), times)
        ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting;
        INSERT INTO issue_domain AS t (issue, domain, slot, waiting)
        SELECT one, p.domain, pg_backend_pid(), count(*) FROM later l
        JOIN subscription_domain p ON p.subscription = l.subscription GROUP BY p.domain ORDER BY p.domain
        ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting;
        RETURN NULL;
    END IF;
    INSERT INTO issue_total AS t (issue, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, 1 AS n FROM later) AS c WHERE c.issue IS NOT NULL GROUP BY c.issue
    HAVING coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0
    ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, p.domain, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, 1 AS n FROM later) AS c JOIN subscription_domain p ON p.subscription = c.subscription
    WHERE c.issue IS NOT NULL GROUP BY c.issue, p.domain
    HAVING coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0 ORDER BY 1, 2
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_second AS t (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, c.updated_at, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, 1 AS n FROM later) AS c WHERE c.issue IS NOT NULL AND c.state NOT IN ('queued', 'leased') GROUP BY c.issue, c.updated_at
    HAVING coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0 ORDER BY 1, 2
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_reason AS t (issue, kind, reason, slot, times)
    SELECT c.issue, 'refused', coalesce(c.reply_status, c.reply_code::text, 'unknown') AS reason, pg_backend_pid(), sum(n)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, 1 AS n FROM later) AS c WHERE c.issue IS NOT NULL AND c.state IN ('bounced', 'failed')
    AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = c.id) GROUP BY 1, 3 HAVING sum(n) <> 0 ORDER BY 1, 3
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = t.times + excluded.times;
    RETURN NULL;
END
$$;

-- Each delivery still needs its issue and its subscription, but it is looked at once for all rows of a statement: two foreign
-- keys looked and locked for each row of an issue that is made, a tenth of what a message costs the server, and the locks wrote
-- to each page of subscription. One lock for all takes their place: those who make deliveries share it, and those who take issues or
-- subscriptions away have it alone, until their transaction ends. So the later of two waits, and then sees what the other has done.
ALTER TABLE delivery DROP CONSTRAINT delivery_issue_fkey, DROP CONSTRAINT delivery_subscription_fkey;

CREATE FUNCTION parents_lock() RETURNS BIGINT LANGUAGE sql STABLE AS
$$SELECT hashtextextended('newsletter parents ' || current_database() || ' ' || current_schema(), 0)$$;

CREATE FUNCTION need_parents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(parents_lock());
    IF EXISTS (SELECT 1 FROM (SELECT DISTINCT issue FROM later WHERE issue IS NOT NULL) AS l
        WHERE NOT EXISTS (SELECT 1 FROM issue i WHERE i.id = l.issue)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a delivery of an issue that does not exist';
    END IF;
    IF EXISTS (SELECT 1 FROM later l WHERE l.subscription IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM subscription s WHERE s.id = l.subscription)) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a delivery of a subscription that does not exist';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER delivery_has_parents AFTER INSERT ON delivery
REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION need_parents();

CREATE FUNCTION need_other_parents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(parents_lock());
    IF NEW.issue IS NOT NULL AND NOT EXISTS (SELECT 1 FROM issue WHERE id = NEW.issue) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a delivery of an issue that does not exist';
    END IF;
    IF NEW.subscription IS NOT NULL AND NOT EXISTS (SELECT 1 FROM subscription WHERE id = NEW.subscription) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a delivery of a subscription that does not exist';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER delivery_has_other_parents AFTER UPDATE OF issue, subscription ON delivery
FOR EACH ROW WHEN (OLD.issue IS DISTINCT FROM NEW.issue OR OLD.subscription IS DISTINCT FROM NEW.subscription)
EXECUTE FUNCTION need_other_parents();

CREATE FUNCTION lock_parents() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(parents_lock());
    RETURN NULL;
END
$$;
CREATE TRIGGER issue_is_locked BEFORE DELETE ON issue FOR EACH STATEMENT EXECUTE FUNCTION lock_parents();
CREATE TRIGGER subscription_is_locked BEFORE DELETE ON subscription FOR EACH STATEMENT EXECUTE FUNCTION lock_parents();

CREATE FUNCTION keep_issues() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM gone g JOIN delivery d ON d.issue = g.id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'an issue that has deliveries';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER issue_stays AFTER DELETE ON issue
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep_issues();

CREATE FUNCTION keep_subscriptions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM gone g JOIN delivery d ON d.subscription = g.id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a subscription that has deliveries';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER subscription_stays AFTER DELETE ON subscription
REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep_subscriptions();

CREATE FUNCTION keep_number() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE foreign_key_violation USING MESSAGE = 'ids stay as they are';
END
$$;
CREATE TRIGGER issue_keeps_number AFTER UPDATE OF id ON issue
FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION keep_number();
CREATE TRIGGER subscription_keeps_number AFTER UPDATE OF id ON subscription
FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION keep_number();

-- The sequence by its name: it was looked up in the catalogs for each record.
CREATE OR REPLACE VIEW ledger_next AS SELECT nextval('ledger_id_seq') AS id;

-- A record of a turn is compressed each time; a server that has lz4 does it faster.
DO $$
BEGIN
    EXECUTE 'ALTER TABLE ledger ALTER COLUMN body SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error OR invalid_parameter_value THEN
    NULL;
END
$$;
