-- Figures of nearly all changes are counted in one short way: messages of one issue that were under way and have been sent at
-- one moment, and deliveries of one issue that are made. The general way looked everybody's domain up twice, once for the row as
-- it was and once for the row as it is, and added up eight columns of which two can differ: it took half of what an outcome
-- cost. A row that is there is updated at once: ON CONFLICT locks it first, which is a record of the log for each.
CREATE OR REPLACE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    one BIGINT;
    moment BIGINT;
    times BIGINT;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM later WHERE state <> 'queued' AND state <> 'leased' AND issue IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM earlier WHERE state <> 'queued' AND state <> 'leased' AND issue IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    SELECT min(issue), min(updated_at), count(*) INTO one, moment, times FROM later
    HAVING bool_and(state = 'sent') AND count(issue) = count(*) AND min(issue) = max(issue) AND min(updated_at) = max(updated_at);
    IF FOUND AND NOT EXISTS (SELECT 1 FROM earlier WHERE state <> 'leased' OR issue IS DISTINCT FROM one) THEN
        UPDATE issue_total SET waiting = waiting - times, sent = sent + times WHERE issue = one AND slot = pg_backend_pid();
        IF NOT FOUND THEN
            INSERT INTO issue_total AS t (issue, slot, waiting, sent) VALUES (one, pg_backend_pid(), -times, times)
            ON CONFLICT (issue, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent;
        END IF;
        INSERT INTO issue_domain AS t (issue, domain, slot, waiting, sent)
        SELECT one, p.domain, pg_backend_pid(), -count(*), count(*) FROM later l
        JOIN subscription_domain p ON p.subscription = l.subscription GROUP BY p.domain ORDER BY p.domain
        ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = t.waiting + excluded.waiting, sent = t.sent + excluded.sent;
        UPDATE issue_second SET sent = sent + times WHERE issue = one AND second = moment AND slot = pg_backend_pid();
        IF NOT FOUND THEN
            INSERT INTO issue_second AS t (issue, second, slot, sent) VALUES (one, moment, pg_backend_pid(), times)
            ON CONFLICT (issue, second, slot) DO UPDATE SET sent = t.sent + excluded.sent;
        END IF;
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
