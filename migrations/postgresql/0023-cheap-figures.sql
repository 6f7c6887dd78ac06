-- A lease and a commit point are told from other changes without comparing each row with every other one: that took longer
-- than the lease itself, with hundreds of rows.
CREATE OR REPLACE FUNCTION count_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM later WHERE state <> 'queued' AND state <> 'leased' AND issue IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM earlier WHERE state <> 'queued' AND state <> 'leased' AND issue IS NOT NULL) THEN
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

-- Nearly all addresses have one '@'.
CREATE OR REPLACE FUNCTION domain_of(address TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS
$$SELECT CASE WHEN address LIKE '%@%@%' THEN replace(address, rtrim(address, replace(address, '@', '')), '') ELSE split_part(address, '@', 2) END$$;
