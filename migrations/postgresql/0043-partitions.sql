-- Deliveries are partitioned by issue. An issue that is sent has tables and indexes of its own: they stay as small as it is,
-- however many others there are, and they can be dropped in one step. Ids still come from one sequence.
--
-- Nothing is rewritten: the table of before becomes the partition delivery_0, of notices, of messages to single addresses and
-- of all issues that are there.

-- ---- what refers to deliveries ----

-- A foreign key needs an index over all partitions. Triggers take its place, as in 0042: those who refer to deliveries share a
-- lock, and those who remove deliveries have it alone until their transaction ends. So the later of two waits, and then sees
-- what the other has done. There is one lock for each partition: while the deliveries of a list are removed, runs go on that
-- record attempts in others.
ALTER TABLE bounce DROP CONSTRAINT bounce_delivery_fkey;
ALTER TABLE returned DROP CONSTRAINT returned_delivery_fkey;
ALTER TABLE attempt DROP CONSTRAINT attempt_delivery_fkey;
ALTER TABLE transactional DROP CONSTRAINT transactional_delivery_fkey;

-- ---- where deliveries are ----

-- The partition of each issue: what its name has after 'delivery'. `low` and `high` hold the ids of its deliveries between
-- them, so that a delivery is found by its id without asking each partition. `high` runs ahead of the ids, so that it seldom
-- changes while deliveries are made.
CREATE TABLE delivery_part (
    issue BIGINT PRIMARY KEY,
    part  TEXT COLLATE "C" NOT NULL,
    low   BIGINT NOT NULL DEFAULT 9223372036854775807,
    high  BIGINT NOT NULL DEFAULT 0
) WITH (fillfactor = 70);
INSERT INTO delivery_part (issue, part) SELECT id, '_0' FROM issue;

-- Partitions that may have a delivery of these ids, the likely ones first. The first one has notices, whose ids are anywhere.
CREATE FUNCTION likely_parts(ids BIGINT[]) RETURNS SETOF TEXT LANGUAGE sql STABLE AS $$
SELECT part FROM (
    SELECT p.part, max(p.high) AS high
    FROM delivery_part p JOIN (SELECT min(a.id) AS low, max(a.id) AS high FROM unnest(ids) AS a(id)) AS all_ids
    ON p.low <= all_ids.high AND p.high >= all_ids.low
    WHERE p.part <> '_0' AND EXISTS (SELECT 1 FROM unnest(ids) AS i(id) WHERE i.id BETWEEN p.low AND p.high) GROUP BY p.part
    UNION ALL SELECT '_0', 0) AS found ORDER BY high DESC
$$;

-- The ids among these that no delivery has. The partitions in which it looks keep their deliveries until the transaction ends.
CREATE FUNCTION deliveries_lock(part TEXT) RETURNS BIGINT LANGUAGE sql STABLE AS
$$SELECT hashtextextended('newsletter deliveries ' || current_database() || ' ' || current_schema() || ' ' || part, 0)$$;

CREATE FUNCTION missing_deliveries(ids BIGINT[]) RETURNS BIGINT[] LANGUAGE plpgsql AS $$
DECLARE
    part TEXT;
BEGIN
    FOR part IN SELECT likely_parts(ids) LOOP
        PERFORM pg_advisory_xact_lock_shared(deliveries_lock(part));
        CONTINUE WHEN to_regclass('delivery' || part) IS NULL; -- dropped meanwhile
        EXECUTE format('SELECT coalesce(array_agg(i.id), ''{}'') FROM unnest($1) AS i(id)
            WHERE NOT EXISTS (SELECT 1 FROM %I d WHERE d.id = i.id)', 'delivery' || part) INTO ids USING ids;
        EXIT WHEN cardinality(ids) = 0;
    END LOOP;
    RETURN ids;
END
$$;

-- The partition of one delivery; '' if there is none.
CREATE FUNCTION part_of_delivery(wanted BIGINT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    part TEXT;
    found BIGINT;
BEGIN
    FOR part IN SELECT likely_parts(ARRAY[wanted]) LOOP
        CONTINUE WHEN to_regclass('delivery' || part) IS NULL; -- dropped meanwhile
        EXECUTE format('SELECT id FROM %I WHERE id = $1', 'delivery' || part) INTO found USING wanted;
        IF found IS NOT NULL THEN
            RETURN part;
        END IF;
    END LOOP;
    RETURN '';
END
$$;

CREATE FUNCTION need_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids BIGINT[];
BEGIN
    SELECT array_agg(DISTINCT delivery) INTO ids FROM later WHERE delivery IS NOT NULL;
    IF ids IS NULL THEN
        RETURN NULL;
    END IF;
    IF cardinality(missing_deliveries(ids)) > 0 THEN
        RAISE foreign_key_violation USING MESSAGE = format('a row of %s for a delivery that does not exist', TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION need_other_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF cardinality(missing_deliveries(ARRAY[NEW.delivery])) > 0 THEN
        RAISE foreign_key_violation USING MESSAGE = format('a row of %s for a delivery that does not exist', TG_TABLE_NAME);
    END IF;
    RETURN NULL;
END
$$;
DO $$
DECLARE
    name TEXT;
BEGIN
    FOREACH name IN ARRAY ARRAY['bounce', 'returned', 'attempt', 'transactional'] LOOP
        EXECUTE format('CREATE TRIGGER %1$I AFTER INSERT ON %2$I REFERENCING NEW TABLE AS later
            FOR EACH STATEMENT EXECUTE FUNCTION need_delivery()', name || '_has_delivery', name);
        EXECUTE format('CREATE TRIGGER %1$I AFTER UPDATE OF delivery ON %2$I FOR EACH ROW
            WHEN (NEW.delivery IS NOT NULL AND OLD.delivery IS DISTINCT FROM NEW.delivery)
            EXECUTE FUNCTION need_other_delivery()', name || '_has_other_delivery', name);
    END LOOP;
END
$$;

-- Those of the partition that the statement names, or of all, in one order.
CREATE FUNCTION lock_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'delivery' THEN
        PERFORM pg_advisory_xact_lock(deliveries_lock(p.part))
        FROM (SELECT '_0' AS part UNION SELECT part FROM delivery_part ORDER BY 1) AS p;
    ELSE
        PERFORM pg_advisory_xact_lock(deliveries_lock(substr(TG_TABLE_NAME, length('delivery') + 1)));
    END IF;
    RETURN NULL;
END
$$;

-- Attempts and the texts of messages go with their deliveries; a delivery that mail was returned for stays.
CREATE FUNCTION keep_deliveries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM attempt a USING gone g WHERE a.delivery = g.id;
    DELETE FROM transactional t USING gone g WHERE t.delivery = g.id;
    IF EXISTS (SELECT 1 FROM gone g JOIN bounce b ON b.delivery = g.id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a delivery that has bounces';
    END IF;
    IF EXISTS (SELECT 1 FROM gone g JOIN returned r ON r.delivery = g.id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'a delivery that mail was returned for';
    END IF;
    RETURN NULL;
END
$$;

-- A delivery stays in its partition.
CREATE FUNCTION keep_issue() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE foreign_key_violation USING MESSAGE = 'a delivery stays with its issue';
END
$$;

-- Deliveries still need their issues and subscriptions. The ids of an issue are noted on the way.
CREATE OR REPLACE FUNCTION need_parents() RETURNS trigger LANGUAGE plpgsql AS $$
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
    UPDATE delivery_part p SET low = least(p.low, l.low), high = greatest(p.high, l.high + 10000)
    FROM (SELECT issue, min(id) AS low, max(id) AS high FROM later WHERE issue IS NOT NULL GROUP BY issue) AS l
    WHERE p.issue = l.issue AND (l.low < p.low OR l.high > p.high);
    RETURN NULL;
END
$$;

-- ---- the partitions ----

DROP VIEW delivery_refusal;
DROP TRIGGER delivery_wakes ON delivery;
DROP TRIGGER delivery_made ON delivery;
DROP TRIGGER delivery_removed ON delivery;
DROP TRIGGER delivery_changed ON delivery;
DROP TRIGGER delivery_has_parents ON delivery;
DROP TRIGGER delivery_has_other_parents ON delivery;

ALTER TABLE delivery RENAME TO delivery_0;
ALTER INDEX delivery_pkey RENAME TO delivery_0_pkey;
ALTER INDEX delivery_issue_subscription_key RENAME TO delivery_0_issue_subscription_key;
ALTER TABLE delivery_0 VALIDATE CONSTRAINT delivery_recipient;
DO $$
DECLARE
    next BIGINT := nextval(pg_get_serial_sequence('delivery_0', 'id'));
BEGIN
    ALTER TABLE delivery_0 ALTER COLUMN id DROP IDENTITY;
    EXECUTE format('CREATE SEQUENCE delivery_id_seq AS BIGINT START %s', next);
END
$$;
CREATE TABLE delivery (LIKE delivery_0 INCLUDING CONSTRAINTS INCLUDING DEFAULTS,
    CONSTRAINT delivery_issue_subscription_key UNIQUE (issue, subscription)) PARTITION BY LIST (issue);
ALTER TABLE delivery ALTER COLUMN id SET DEFAULT nextval('delivery_id_seq');
ALTER SEQUENCE delivery_id_seq OWNED BY delivery.id;
DO $$
BEGIN
    EXECUTE 'ALTER TABLE delivery ATTACH PARTITION delivery_0 FOR VALUES IN (NULL' ||
        coalesce((SELECT string_agg(', ' || id, '' ORDER BY id) FROM issue), '') || ')';
END
$$;
-- On the first one: it is passed on to each partition.
CREATE TRIGGER delivery_keeps_issue BEFORE UPDATE OF issue ON delivery
FOR EACH ROW WHEN (OLD.issue IS DISTINCT FROM NEW.issue) EXECUTE FUNCTION keep_issue();
CREATE TRIGGER delivery_keeps_number BEFORE UPDATE OF id ON delivery
FOR EACH ROW WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION keep_number();
CREATE TRIGGER delivery_has_other_parents AFTER UPDATE OF subscription ON delivery
FOR EACH ROW WHEN (OLD.subscription IS DISTINCT FROM NEW.subscription) EXECUTE FUNCTION need_other_parents();

-- Triggers for a whole statement are run for the table that it names: so the table of all deliveries has them, and each
-- partition, since those who send an issue name its partition.
CREATE FUNCTION add_delivery_triggers(name TEXT) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER delivery_wakes AFTER INSERT ON %I
        FOR EACH STATEMENT EXECUTE FUNCTION wake_workers()', name);
    EXECUTE format('CREATE TRIGGER delivery_made AFTER INSERT ON %I
        REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION count_made()', name);
    EXECUTE format('CREATE TRIGGER delivery_has_parents AFTER INSERT ON %I
        REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION need_parents()', name);
    EXECUTE format('CREATE TRIGGER delivery_changed AFTER UPDATE ON %I
        REFERENCING OLD TABLE AS earlier NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION count_changed()', name);
    EXECUTE format('CREATE TRIGGER delivery_is_locked BEFORE DELETE ON %I
        FOR EACH STATEMENT EXECUTE FUNCTION lock_deliveries()', name);
    EXECUTE format('CREATE TRIGGER delivery_removed AFTER DELETE ON %I
        REFERENCING OLD TABLE AS earlier FOR EACH STATEMENT EXECUTE FUNCTION count_removed()', name);
    EXECUTE format('CREATE TRIGGER delivery_stays AFTER DELETE ON %I
        REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION keep_deliveries()', name);
END
$$;
SELECT add_delivery_triggers('delivery'), add_delivery_triggers('delivery_0');

-- A transaction that looks through all partitions locks each of them, with its indexes, a command that looks once takes a
-- millisecond for each, and a server has room for some thousands of locks. So there are few partitions, however many issues
-- there are: the first 31 have one each, and later ones share one with those whose numbers follow, 8 of them, then 64, then 512.
CREATE FUNCTION issues_of_part() RETURNS BIGINT LANGUAGE sql STABLE AS $$
SELECT CASE WHEN n < 32 THEN 1 WHEN n < 48 THEN 8 WHEN n < 64 THEN 64 ELSE 512 END
FROM (SELECT count(*) AS n FROM pg_inherits WHERE inhparent = 'delivery'::regclass) AS parts
$$;

-- Each new issue finds its partition made. The locks: ATTACH PARTITION takes SHARE UPDATE EXCLUSIVE on delivery, which lets all
-- others read and write deliveries, and has them neither wait nor be waited for. (CREATE TABLE ... PARTITION OF would wait for
-- all that are at it.) Of two who make partitions, the later waits until the transaction of the other ends; the statement
-- LOCK TABLE has it wait before it looks for what is there.
CREATE FUNCTION make_delivery_part() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    size BIGINT;
    name TEXT;
BEGIN
    IF EXISTS (SELECT 1 FROM delivery_part WHERE issue = NEW.id) THEN
        RETURN NULL;
    END IF;
    LOCK TABLE ONLY delivery IN SHARE UPDATE EXCLUSIVE MODE;
    IF EXISTS (SELECT 1 FROM delivery_part WHERE issue = NEW.id) THEN
        RETURN NULL;
    END IF;
    size := issues_of_part();
    name := 'delivery_' || NEW.id;
    EXECUTE format('CREATE TABLE %I (LIKE delivery INCLUDING CONSTRAINTS INCLUDING DEFAULTS, PRIMARY KEY (id), UNIQUE (issue, subscription))
        WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02)', name);
    EXECUTE format('CREATE INDEX ON %I (issue, id) WHERE state = ''queued''', name);
    EXECUTE format('CREATE INDEX ON %I (issue, next_attempt_at) WHERE state = ''deferred''', name);
    EXECUTE format('CREATE INDEX ON %I (issue) WHERE state = ''leased''', name);
    EXECUTE format('CREATE INDEX ON %I (issue, subscription)
        WHERE state IN (''bounced'', ''failed'', ''skipped'', ''deferred'', ''unknown'')', name);
    EXECUTE format('CREATE INDEX ON %I (issue) WHERE replied_at IS NOT NULL', name);
    PERFORM add_delivery_triggers(name);
    WITH made AS (INSERT INTO delivery_part (issue, part) SELECT n, '_' || NEW.id
        FROM generate_series(NEW.id, (NEW.id / size + 1) * size - 1) AS n
        WHERE NOT EXISTS (SELECT 1 FROM delivery_part p WHERE p.issue = n) RETURNING issue)
    SELECT format('ALTER TABLE delivery ATTACH PARTITION %I FOR VALUES IN (%s)', name, string_agg(issue::text, ', ')) INTO name FROM made;
    EXECUTE name;
    RETURN NULL;
END
$$;
CREATE TRIGGER issue_has_part AFTER INSERT ON issue FOR EACH ROW EXECUTE FUNCTION make_delivery_part();

-- Drops the partitions whose issues are gone, and says how many. Dropping one locks all deliveries: so it waits a fifth of a
-- second at most, and else leaves it to the next time.
CREATE FUNCTION drop_delivery_parts() RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    dropped BIGINT := 0;
    gone TEXT;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM delivery_part p WHERE p.part <> '_0' AND NOT EXISTS (SELECT 1 FROM issue i WHERE i.id = p.issue)) THEN
        RETURN 0;
    END IF;
    SET LOCAL lock_timeout = '200ms';
    LOCK TABLE issue IN SHARE MODE; -- no new one finds a partition here that is about to go
    LOCK TABLE ONLY delivery IN ACCESS EXCLUSIVE MODE;
    FOR gone IN SELECT p.part FROM delivery_part p LEFT JOIN issue i ON i.id = p.issue WHERE p.part <> '_0'
        GROUP BY p.part HAVING count(i.id) = 0 LOOP
        EXECUTE format('DROP TABLE %I', 'delivery' || gone);
        DELETE FROM delivery_part WHERE part = gone;
        dropped := dropped + 1;
    END LOOP;
    RETURN dropped;
EXCEPTION WHEN lock_not_available THEN
    RETURN 0;
END
$$;

-- This database has moved to another one: whoever still has it open finds none of the tables of deliveries.
CREATE FUNCTION move_delivery_parts() RETURNS BIGINT LANGUAGE plpgsql AS $$
DECLARE
    part TEXT;
    moved BIGINT := 0;
BEGIN
    FOR part IN SELECT c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid WHERE h.inhparent = 'delivery'::regclass LOOP
        EXECUTE format('ALTER TABLE %I RENAME TO %I', part, part || '_moved');
        moved := moved + 1;
    END LOOP;
    RETURN moved;
END
$$;

-- ---- figures ----

CREATE VIEW delivery_refusal AS SELECT d.id AS delivery, d.issue AS issue,
coalesce(d.reply_status, CAST(d.reply_code AS TEXT) COLLATE "C", 'unknown') AS reason
FROM delivery d WHERE d.issue IS NOT NULL AND d.state IN ('bounced', 'failed')
AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = d.id);

-- `prune` removes the deliveries of issues that ended long ago; the figures of these issues stay as they are. The setting says so
-- before the first row leaves.
CREATE FUNCTION deliveries_are_removed(wanted BIGINT) RETURNS BOOLEAN LANGUAGE sql STABLE AS
$$SELECT EXISTS (SELECT 1 FROM setting WHERE key = 'deliveries removed ' || wanted)$$;

CREATE OR REPLACE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO issue_total AS t (issue, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier WHERE issue IN (SELECT e.issue FROM (SELECT DISTINCT issue FROM earlier) AS e WHERE NOT deliveries_are_removed(e.issue))) AS c WHERE c.issue IS NOT NULL GROUP BY c.issue
    HAVING coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0
    ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, p.domain, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier WHERE issue IN (SELECT e.issue FROM (SELECT DISTINCT issue FROM earlier) AS e WHERE NOT deliveries_are_removed(e.issue))) AS c JOIN subscription_domain p ON p.subscription = c.subscription
    WHERE c.issue IS NOT NULL GROUP BY c.issue, p.domain
    HAVING coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0 ORDER BY 1, 2
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_second AS t (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, c.updated_at, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier WHERE issue IN (SELECT e.issue FROM (SELECT DISTINCT issue FROM earlier) AS e WHERE NOT deliveries_are_removed(e.issue))) AS c WHERE c.issue IS NOT NULL AND c.state NOT IN ('queued', 'leased') GROUP BY c.issue, c.updated_at
    HAVING coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0 ORDER BY 1, 2
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_reason AS t (issue, kind, reason, slot, times)
    SELECT c.issue, 'refused', coalesce(c.reply_status, c.reply_code::text, 'unknown') AS reason, pg_backend_pid(), sum(n)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier WHERE issue IN (SELECT e.issue FROM (SELECT DISTINCT issue FROM earlier) AS e WHERE NOT deliveries_are_removed(e.issue))) AS c WHERE c.issue IS NOT NULL AND c.state IN ('bounced', 'failed')
    AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = c.id) GROUP BY 1, 3 HAVING sum(n) <> 0 ORDER BY 1, 3
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = t.times + excluded.times;
    RETURN NULL;
END
$$;

-- Drops the partition of an issue whose deliveries are removed: 'dropped'. 'shared': others need it, so rows are deleted one by
-- one. 'later': others are at it, or have just added what refers to its deliveries, or some of these are to be sent after all.
-- It looks under the lock of this partition alone, which keeps what refers to it from coming; the locks that others might
-- wait for come last.
CREATE FUNCTION drop_deliveries_of(wanted BIGINT) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    its TEXT := (SELECT part FROM delivery_part WHERE issue = wanted);
    needed BOOLEAN;
BEGIN
    IF its IS NULL THEN
        RETURN 'dropped';
    ELSIF its = '_0' OR (SELECT max(issue) FROM delivery_part WHERE part = its) > (SELECT max(id) FROM issue)
        OR EXISTS (SELECT 1 FROM delivery_part p JOIN issue i ON i.id = p.issue WHERE p.part = its AND NOT deliveries_are_removed(i.id)) THEN
        RETURN 'shared';
    END IF;
    SET LOCAL lock_timeout = '200ms';
    PERFORM pg_advisory_xact_lock(deliveries_lock(its));
    IF NOT EXISTS (SELECT 1 FROM delivery_part WHERE part = its) THEN
        RETURN 'dropped'; -- by another one, meanwhile
    END IF;
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %1$I d JOIN bounce b ON b.delivery = d.id)
        OR EXISTS (SELECT 1 FROM %1$I d JOIN returned r ON r.delivery = d.id)
        OR EXISTS (SELECT 1 FROM %1$I d JOIN attempt a ON a.delivery = d.id)
        OR EXISTS (SELECT 1 FROM %1$I d WHERE d.state IN (''queued'', ''leased'', ''deferred'', ''unknown''))',
        'delivery' || its) INTO needed;
    IF needed THEN
        RETURN 'later';
    END IF;
    LOCK TABLE issue IN SHARE MODE;
    LOCK TABLE ONLY delivery IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('DROP TABLE %I', 'delivery' || its);
    DELETE FROM delivery_part WHERE part = its;
    RETURN 'dropped';
EXCEPTION WHEN lock_not_available THEN
    RETURN 'later';
END
$$;

-- As before, but it looks in the partition of the delivery, and leaves removed ones alone.
CREATE OR REPLACE FUNCTION count_bounce() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    it bounce;
    of_issue BIGINT;
    refused BOOLEAN;
    why TEXT;
    sign BIGINT := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    IF TG_OP = 'INSERT' THEN it := NEW; ELSE it := OLD; END IF;
    EXECUTE format('SELECT issue, state IN (''bounced'', ''failed''), coalesce(reply_status, reply_code::text, ''unknown'')
        FROM %I WHERE id = $1', 'delivery' || part_of_delivery(it.delivery)) INTO of_issue, refused, why USING it.delivery;
    IF of_issue IS NULL OR deliveries_are_removed(of_issue) THEN
        RETURN NULL;
    END IF;
    INSERT INTO issue_reason AS t (issue, kind, reason, slot, times) VALUES (of_issue, it.kind, it.reason, pg_backend_pid(), sign)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = t.times + excluded.times;
    IF refused AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = it.delivery AND b.id <> it.id) THEN
        INSERT INTO issue_reason AS t (issue, kind, reason, slot, times) VALUES (of_issue, 'refused', why, pg_backend_pid(), -sign)
        ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = t.times + excluded.times;
    END IF;
    RETURN NULL;
END
$$;
