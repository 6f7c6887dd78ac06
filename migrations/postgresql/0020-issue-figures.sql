-- Figures of an issue by domain, by second and by reason, so that a report reads no deliveries. Triggers keep them, as
-- they keep issue_total, and in the same form: rows that differ in `slot` are added up; each connection has its own, and
-- fold_issue makes one of them. Only people who have left no domain behind (erased) count for ''.
CREATE FUNCTION domain_of(address TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
$$SELECT CASE WHEN address LIKE '%@%' THEN replace(address, rtrim(address, replace(address, '@', '')), '') ELSE '' END$$;

CREATE VIEW subscription_domain AS SELECT s.id AS subscription, s.subscriber AS subscriber,
    domain_of(r.address_key) COLLATE "C" AS domain FROM subscription s JOIN subscriber r ON r.id = s.subscriber;

-- A delivery that was refused, and no bounce tells more.
CREATE VIEW delivery_refusal AS SELECT d.id AS delivery, d.issue AS issue,
    coalesce(d.reply_status, CAST(d.reply_code AS TEXT) COLLATE "C", 'unknown') AS reason
FROM delivery d WHERE d.issue IS NOT NULL AND d.state IN ('bounced', 'failed')
AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = d.id);

CREATE TABLE issue_domain (
    issue BIGINT NOT NULL,
    domain TEXT COLLATE "C" NOT NULL,
    slot BIGINT NOT NULL,
    waiting BIGINT NOT NULL DEFAULT 0,
    sent BIGINT NOT NULL DEFAULT 0,
    deferred BIGINT NOT NULL DEFAULT 0,
    bounced BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    unknown BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (issue, domain, slot)
) WITH (fillfactor = 50);

CREATE TABLE issue_second (
    issue BIGINT NOT NULL,
    second BIGINT NOT NULL,
    slot BIGINT NOT NULL,
    sent BIGINT NOT NULL DEFAULT 0,
    deferred BIGINT NOT NULL DEFAULT 0,
    bounced BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    unknown BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (issue, second, slot)
) WITH (fillfactor = 50);

CREATE TABLE issue_reason (
    issue BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL, -- of a bounce, or 'refused'
    reason TEXT COLLATE "C" NOT NULL,
    slot BIGINT NOT NULL,
    times BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (issue, kind, reason, slot)
) WITH (fillfactor = 50);

CREATE INDEX delivery_ended ON delivery (issue, subscription) WHERE state IN ('bounced', 'failed', 'skipped');

-- Nothing may change between the count and the triggers.
LOCK TABLE delivery, bounce, subscriber, subscription IN SHARE ROW EXCLUSIVE MODE;

INSERT INTO issue_domain (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
SELECT d.issue, p.domain, 0, count(*) FILTER (WHERE d.state IN ('queued', 'leased')), count(*) FILTER (WHERE d.state = 'sent'), count(*) FILTER (WHERE d.state = 'deferred'), count(*) FILTER (WHERE d.state = 'bounced'), count(*) FILTER (WHERE d.state = 'failed'), count(*) FILTER (WHERE d.state = 'unknown'), count(*) FILTER (WHERE d.state = 'skipped')
FROM delivery d JOIN subscription_domain p ON p.subscription = d.subscription WHERE d.issue IS NOT NULL GROUP BY 1, 2;
INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
SELECT d.issue, d.updated_at, 0, count(*) FILTER (WHERE d.state = 'sent'), count(*) FILTER (WHERE d.state = 'deferred'), count(*) FILTER (WHERE d.state = 'bounced'), count(*) FILTER (WHERE d.state = 'failed'), count(*) FILTER (WHERE d.state = 'unknown'), count(*) FILTER (WHERE d.state = 'skipped')
FROM delivery d WHERE d.issue IS NOT NULL AND d.state NOT IN ('queued', 'leased') GROUP BY 1, 2;
INSERT INTO issue_reason (issue, kind, reason, slot, times)
SELECT issue, kind, reason, 0, count(*) FROM (SELECT d.issue AS issue, b.kind AS kind, b.reason AS reason
    FROM bounce b JOIN delivery d ON d.id = b.delivery WHERE d.issue IS NOT NULL
    UNION ALL SELECT issue, 'refused', reason FROM delivery_refusal) AS found GROUP BY 1, 2, 3;

CREATE FUNCTION forget_issue_figures() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM issue_domain WHERE issue = OLD.id;
    DELETE FROM issue_second WHERE issue = OLD.id;
    DELETE FROM issue_reason WHERE issue = OLD.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER issue_figures_end AFTER DELETE ON issue FOR EACH ROW EXECUTE FUNCTION forget_issue_figures();

-- The rows that a statement has changed, all at once: one of the earlier rows counts -1, one of the later ones 1.
DROP TRIGGER delivery_made ON delivery;
DROP TRIGGER delivery_removed ON delivery;
DROP TRIGGER delivery_changed ON delivery;
DROP FUNCTION count_deliveries;
DROP FUNCTION count_delivery_change;

CREATE FUNCTION count_made() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
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
CREATE FUNCTION count_removed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO issue_total AS t (issue, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier) AS c WHERE c.issue IS NOT NULL GROUP BY c.issue
    HAVING coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0
    ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, p.domain, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier) AS c JOIN subscription_domain p ON p.subscription = c.subscription
    WHERE c.issue IS NOT NULL GROUP BY c.issue, p.domain
    HAVING coalesce(sum(n) FILTER (WHERE c.state IN ('queued', 'leased')), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0 ORDER BY 1, 2
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_second AS t (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT c.issue, c.updated_at, pg_backend_pid(), coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0), coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier) AS c WHERE c.issue IS NOT NULL AND c.state NOT IN ('queued', 'leased') GROUP BY c.issue, c.updated_at
    HAVING coalesce(sum(n) FILTER (WHERE c.state = 'sent'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'deferred'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'bounced'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'failed'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'unknown'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE c.state = 'skipped'), 0) <> 0 ORDER BY 1, 2
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_reason AS t (issue, kind, reason, slot, times)
    SELECT c.issue, 'refused', coalesce(c.reply_status, c.reply_code::text, 'unknown') AS reason, pg_backend_pid(), sum(n)
    FROM (SELECT id, issue, subscription, state, updated_at, reply_status, reply_code, -1 AS n FROM earlier) AS c WHERE c.issue IS NOT NULL AND c.state IN ('bounced', 'failed')
    AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = c.id) GROUP BY 1, 3 HAVING sum(n) <> 0 ORDER BY 1, 3
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = t.times + excluded.times;
    RETURN NULL;
END
$$;
-- A lease and its return change no figure, nor does a commit point.
CREATE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM earlier e JOIN later l ON l.id = e.id WHERE e.issue IS NOT NULL
        AND (e.state, e.updated_at, e.reply_status, e.reply_code) IS DISTINCT FROM
            (l.state, l.updated_at, l.reply_status, l.reply_code)
        AND NOT (e.state IN ('queued', 'leased') AND l.state IN ('queued', 'leased'))) THEN
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
CREATE TRIGGER delivery_made AFTER INSERT ON delivery
REFERENCING NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION count_made();
CREATE TRIGGER delivery_removed AFTER DELETE ON delivery
REFERENCING OLD TABLE AS earlier FOR EACH STATEMENT EXECUTE FUNCTION count_removed();
CREATE TRIGGER delivery_changed AFTER UPDATE ON delivery
REFERENCING OLD TABLE AS earlier NEW TABLE AS later FOR EACH STATEMENT EXECUTE FUNCTION count_changed();

-- A bounce takes the place of a refusal.
CREATE FUNCTION count_bounce() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    it bounce;
    sign BIGINT := CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END;
BEGIN
    IF TG_OP = 'INSERT' THEN it := NEW; ELSE it := OLD; END IF;
    INSERT INTO issue_reason AS t (issue, kind, reason, slot, times)
    SELECT d.issue, it.kind, it.reason, pg_backend_pid(), sign FROM delivery d
    WHERE d.id = it.delivery AND d.issue IS NOT NULL
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = t.times + excluded.times;
    INSERT INTO issue_reason AS t (issue, kind, reason, slot, times)
    SELECT d.issue, 'refused', coalesce(d.reply_status, d.reply_code::text, 'unknown'), pg_backend_pid(), -sign
    FROM delivery d WHERE d.id = it.delivery AND d.issue IS NOT NULL AND d.state IN ('bounced', 'failed')
    AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = it.delivery AND b.id <> it.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = t.times + excluded.times;
    RETURN NULL;
END
$$;
CREATE TRIGGER bounce_made_figures AFTER INSERT ON bounce
FOR EACH ROW WHEN (NEW.delivery IS NOT NULL) EXECUTE FUNCTION count_bounce();
CREATE TRIGGER bounce_removed_figures AFTER DELETE ON bounce
FOR EACH ROW WHEN (OLD.delivery IS NOT NULL) EXECUTE FUNCTION count_bounce();
CREATE TRIGGER bounce_moved_figures AFTER UPDATE OF delivery ON bounce
FOR EACH ROW WHEN (OLD.delivery IS NOT NULL AND NEW.delivery IS NULL) EXECUTE FUNCTION count_bounce();

-- People move to another domain, or are erased: then a domain that was theirs alone is forgotten.
CREATE FUNCTION move_subscriber() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT d.issue, domain_of(OLD.address_key), pg_backend_pid(), -1 * count(*) FILTER (WHERE d.state IN ('queued', 'leased')), -1 * count(*) FILTER (WHERE d.state = 'sent'), -1 * count(*) FILTER (WHERE d.state = 'deferred'), -1 * count(*) FILTER (WHERE d.state = 'bounced'), -1 * count(*) FILTER (WHERE d.state = 'failed'), -1 * count(*) FILTER (WHERE d.state = 'unknown'), -1 * count(*) FILTER (WHERE d.state = 'skipped')
    FROM delivery d WHERE d.issue IS NOT NULL AND d.subscription IN (SELECT s.id FROM subscription s WHERE s.subscriber = NEW.id) GROUP BY d.issue
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT d.issue, domain_of(NEW.address_key), pg_backend_pid(), 1 * count(*) FILTER (WHERE d.state IN ('queued', 'leased')), 1 * count(*) FILTER (WHERE d.state = 'sent'), 1 * count(*) FILTER (WHERE d.state = 'deferred'), 1 * count(*) FILTER (WHERE d.state = 'bounced'), 1 * count(*) FILTER (WHERE d.state = 'failed'), 1 * count(*) FILTER (WHERE d.state = 'unknown'), 1 * count(*) FILTER (WHERE d.state = 'skipped')
    FROM delivery d WHERE d.issue IS NOT NULL AND d.subscription IN (SELECT s.id FROM subscription s WHERE s.subscriber = NEW.id) GROUP BY d.issue
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    DELETE FROM issue_domain WHERE domain = domain_of(OLD.address_key) AND issue IN (SELECT t.issue FROM issue_domain t
    WHERE t.domain = domain_of(OLD.address_key) AND t.issue IN (SELECT d.issue FROM delivery d WHERE d.subscription IN (SELECT s.id FROM subscription s WHERE s.subscriber = NEW.id))
    GROUP BY t.issue HAVING sum(waiting) = 0 AND sum(sent) = 0 AND sum(deferred) = 0 AND sum(bounced) = 0 AND sum(failed) = 0 AND sum(unknown) = 0 AND sum(skipped) = 0);
    RETURN NULL;
END
$$;
CREATE TRIGGER subscriber_moved_figures AFTER UPDATE OF address_key ON subscriber
FOR EACH ROW WHEN (OLD.address_key <> NEW.address_key) EXECUTE FUNCTION move_subscriber();
CREATE FUNCTION move_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT d.issue, (SELECT domain_of(r.address_key) FROM subscriber r WHERE r.id = OLD.subscriber), pg_backend_pid(), -1 * count(*) FILTER (WHERE d.state IN ('queued', 'leased')), -1 * count(*) FILTER (WHERE d.state = 'sent'), -1 * count(*) FILTER (WHERE d.state = 'deferred'), -1 * count(*) FILTER (WHERE d.state = 'bounced'), -1 * count(*) FILTER (WHERE d.state = 'failed'), -1 * count(*) FILTER (WHERE d.state = 'unknown'), -1 * count(*) FILTER (WHERE d.state = 'skipped')
    FROM delivery d WHERE d.issue IS NOT NULL AND d.subscription = NEW.id GROUP BY d.issue
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT d.issue, (SELECT domain_of(r.address_key) FROM subscriber r WHERE r.id = NEW.subscriber), pg_backend_pid(), 1 * count(*) FILTER (WHERE d.state IN ('queued', 'leased')), 1 * count(*) FILTER (WHERE d.state = 'sent'), 1 * count(*) FILTER (WHERE d.state = 'deferred'), 1 * count(*) FILTER (WHERE d.state = 'bounced'), 1 * count(*) FILTER (WHERE d.state = 'failed'), 1 * count(*) FILTER (WHERE d.state = 'unknown'), 1 * count(*) FILTER (WHERE d.state = 'skipped')
    FROM delivery d WHERE d.issue IS NOT NULL AND d.subscription = NEW.id GROUP BY d.issue
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    RETURN NULL;
END
$$;
CREATE TRIGGER subscription_moved_figures AFTER UPDATE OF subscriber ON subscription
FOR EACH ROW WHEN (OLD.subscriber <> NEW.subscriber) EXECUTE FUNCTION move_subscription();

-- Makes one row of those that the connections have kept. In the order in which the triggers change them.
CREATE FUNCTION fold_issue(folded BIGINT) RETURNS BIGINT LANGUAGE plpgsql AS $$
BEGIN
    WITH gone AS (DELETE FROM issue_total WHERE issue = folded AND slot <> 0 RETURNING *)
    INSERT INTO issue_total AS t (issue, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT issue, 0, sum(waiting), sum(sent), sum(deferred), sum(bounced), sum(failed), sum(unknown), sum(skipped) FROM gone GROUP BY issue
    ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    WITH gone AS (DELETE FROM issue_domain WHERE issue = folded AND slot <> 0 RETURNING *)
    INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT issue, domain, 0, sum(waiting), sum(sent), sum(deferred), sum(bounced), sum(failed), sum(unknown), sum(skipped) FROM gone GROUP BY issue, domain
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    WITH gone AS (DELETE FROM issue_second WHERE issue = folded AND slot <> 0 RETURNING *)
    INSERT INTO issue_second AS t (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT issue, second, 0, sum(sent), sum(deferred), sum(bounced), sum(failed), sum(unknown), sum(skipped) FROM gone GROUP BY issue, second
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = t.sent + excluded.sent, deferred = t.deferred + excluded.deferred, bounced = t.bounced + excluded.bounced, failed = t.failed + excluded.failed, unknown = t.unknown + excluded.unknown, skipped = t.skipped + excluded.skipped;
    WITH gone AS (DELETE FROM issue_reason WHERE issue = folded AND slot <> 0 RETURNING *)
    INSERT INTO issue_reason AS t (issue, kind, reason, slot, times)
    SELECT issue, kind, reason, 0, sum(times) FROM gone GROUP BY issue, kind, reason
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = t.times + excluded.times;
    RETURN 0;
END
$$;
