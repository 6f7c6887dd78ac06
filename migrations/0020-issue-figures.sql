-- Figures of an issue by domain, by second and by reason, so that a report reads no deliveries. Triggers keep them, as
-- they keep issue_total, and in the same form: rows that differ in `slot` are added up. Only people who have left no
-- domain behind (erased) count for ''. Tables that replace delivery, subscription, subscriber or bounce need their
-- triggers again.
CREATE VIEW subscription_domain AS SELECT s.id AS subscription, s.subscriber AS subscriber,
    CASE WHEN r.address_key LIKE '%@%'
    THEN replace(r.address_key, rtrim(r.address_key, replace(r.address_key, '@', '')), '') ELSE '' END AS domain
FROM subscription s JOIN subscriber r ON r.id = s.subscriber;

-- A delivery that was refused, and no bounce tells more.
CREATE VIEW delivery_refusal AS SELECT d.id AS delivery, d.issue AS issue,
    coalesce(d.reply_status, CAST(d.reply_code AS TEXT), 'unknown') AS reason
FROM delivery d WHERE d.issue IS NOT NULL AND d.state IN ('bounced', 'failed')
AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = d.id);

CREATE TABLE issue_domain (
    issue INTEGER NOT NULL,
    domain TEXT NOT NULL,
    slot INTEGER NOT NULL,
    waiting INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,
    deferred INTEGER NOT NULL DEFAULT 0,
    bounced INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (issue, domain, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE issue_second (
    issue INTEGER NOT NULL,
    second INTEGER NOT NULL,
    slot INTEGER NOT NULL,
    sent INTEGER NOT NULL DEFAULT 0,
    deferred INTEGER NOT NULL DEFAULT 0,
    bounced INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (issue, second, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE issue_reason (
    issue INTEGER NOT NULL,
    kind TEXT NOT NULL, -- of a bounce, or 'refused'
    reason TEXT NOT NULL,
    slot INTEGER NOT NULL,
    times INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (issue, kind, reason, slot)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_ended ON delivery (issue, subscription) WHERE state IN ('bounced', 'failed', 'skipped');

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

CREATE TRIGGER issue_figures_end AFTER DELETE ON issue BEGIN
    DELETE FROM issue_domain WHERE issue = OLD.id;
    DELETE FROM issue_second WHERE issue = OLD.id;
    DELETE FROM issue_reason WHERE issue = OLD.id;
END;

CREATE TRIGGER delivery_made_figures AFTER INSERT ON delivery WHEN NEW.issue IS NOT NULL BEGIN
    INSERT INTO issue_domain (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT NEW.issue, p.domain, 0, (NEW.state IN ('queued', 'leased')), (NEW.state = 'sent'), (NEW.state = 'deferred'), (NEW.state = 'bounced'), (NEW.state = 'failed'), (NEW.state = 'unknown'), (NEW.state = 'skipped') FROM subscription_domain p WHERE p.subscription = NEW.subscription
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = waiting + excluded.waiting, sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT NEW.issue, NEW.updated_at, 0, (NEW.state = 'sent'), (NEW.state = 'deferred'), (NEW.state = 'bounced'), (NEW.state = 'failed'), (NEW.state = 'unknown'), (NEW.state = 'skipped') WHERE NEW.state NOT IN ('queued', 'leased')
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT NEW.issue, 'refused', coalesce(NEW.reply_status, CAST(NEW.reply_code AS TEXT), 'unknown'), 0, 1
    WHERE NEW.state IN ('bounced', 'failed') AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = NEW.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
END;
CREATE TRIGGER delivery_removed_figures AFTER DELETE ON delivery WHEN OLD.issue IS NOT NULL BEGIN
    INSERT INTO issue_domain (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT OLD.issue, p.domain, 0, -(OLD.state IN ('queued', 'leased')), -(OLD.state = 'sent'), -(OLD.state = 'deferred'), -(OLD.state = 'bounced'), -(OLD.state = 'failed'), -(OLD.state = 'unknown'), -(OLD.state = 'skipped') FROM subscription_domain p WHERE p.subscription = OLD.subscription
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = waiting + excluded.waiting, sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT OLD.issue, OLD.updated_at, 0, -(OLD.state = 'sent'), -(OLD.state = 'deferred'), -(OLD.state = 'bounced'), -(OLD.state = 'failed'), -(OLD.state = 'unknown'), -(OLD.state = 'skipped') WHERE OLD.state NOT IN ('queued', 'leased')
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT OLD.issue, 'refused', coalesce(OLD.reply_status, CAST(OLD.reply_code AS TEXT), 'unknown'), 0, -1
    WHERE OLD.state IN ('bounced', 'failed') AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = OLD.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
END;
CREATE TRIGGER delivery_changed_figures AFTER UPDATE OF state, updated_at ON delivery
WHEN OLD.issue IS NOT NULL AND NOT (OLD.state IN ('queued', 'leased') AND NEW.state IN ('queued', 'leased')) BEGIN
    UPDATE issue_domain SET waiting = waiting + (NEW.state IN ('queued', 'leased')) - (OLD.state IN ('queued', 'leased')), sent = sent + (NEW.state = 'sent') - (OLD.state = 'sent'), deferred = deferred + (NEW.state = 'deferred') - (OLD.state = 'deferred'), bounced = bounced + (NEW.state = 'bounced') - (OLD.state = 'bounced'), failed = failed + (NEW.state = 'failed') - (OLD.state = 'failed'), unknown = unknown + (NEW.state = 'unknown') - (OLD.state = 'unknown'), skipped = skipped + (NEW.state = 'skipped') - (OLD.state = 'skipped')
    WHERE issue = NEW.issue AND OLD.state <> NEW.state AND slot = 0 AND
    domain = (SELECT p.domain FROM subscription_domain p WHERE p.subscription = NEW.subscription);
    INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT OLD.issue, OLD.updated_at, 0, -(OLD.state = 'sent'), -(OLD.state = 'deferred'), -(OLD.state = 'bounced'), -(OLD.state = 'failed'), -(OLD.state = 'unknown'), -(OLD.state = 'skipped') WHERE OLD.state NOT IN ('queued', 'leased')
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT NEW.issue, NEW.updated_at, 0, (NEW.state = 'sent'), (NEW.state = 'deferred'), (NEW.state = 'bounced'), (NEW.state = 'failed'), (NEW.state = 'unknown'), (NEW.state = 'skipped') WHERE NEW.state NOT IN ('queued', 'leased')
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
END;
CREATE TRIGGER delivery_refused_figures AFTER UPDATE OF state, reply_status, reply_code ON delivery
WHEN OLD.issue IS NOT NULL AND (OLD.state IN ('bounced', 'failed') OR NEW.state IN ('bounced', 'failed')) BEGIN
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT OLD.issue, 'refused', coalesce(OLD.reply_status, CAST(OLD.reply_code AS TEXT), 'unknown'), 0, -1
    WHERE OLD.state IN ('bounced', 'failed') AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = OLD.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT NEW.issue, 'refused', coalesce(NEW.reply_status, CAST(NEW.reply_code AS TEXT), 'unknown'), 0, 1
    WHERE NEW.state IN ('bounced', 'failed') AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = NEW.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
END;

-- A bounce takes the place of a refusal.
CREATE TRIGGER bounce_made_figures AFTER INSERT ON bounce WHEN NEW.delivery IS NOT NULL BEGIN
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT d.issue, NEW.kind, NEW.reason, 0, 1 FROM delivery d WHERE d.id = NEW.delivery AND d.issue IS NOT NULL
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT d.issue, 'refused', coalesce(d.reply_status, CAST(d.reply_code AS TEXT), 'unknown'), 0, -1
    FROM delivery d WHERE d.id = NEW.delivery AND d.issue IS NOT NULL AND d.state IN ('bounced', 'failed')
    AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = NEW.delivery AND b.id <> NEW.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
END;
CREATE TRIGGER bounce_removed_figures AFTER DELETE ON bounce WHEN OLD.delivery IS NOT NULL BEGIN
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT d.issue, OLD.kind, OLD.reason, 0, -1 FROM delivery d WHERE d.id = OLD.delivery AND d.issue IS NOT NULL
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT d.issue, 'refused', coalesce(d.reply_status, CAST(d.reply_code AS TEXT), 'unknown'), 0, 1
    FROM delivery d WHERE d.id = OLD.delivery AND d.issue IS NOT NULL AND d.state IN ('bounced', 'failed')
    AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = OLD.delivery AND b.id <> OLD.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
END;
CREATE TRIGGER bounce_moved_figures AFTER UPDATE OF delivery ON bounce WHEN OLD.delivery IS NOT NULL AND NEW.delivery IS NULL BEGIN
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT d.issue, OLD.kind, OLD.reason, 0, -1 FROM delivery d WHERE d.id = OLD.delivery AND d.issue IS NOT NULL
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT d.issue, 'refused', coalesce(d.reply_status, CAST(d.reply_code AS TEXT), 'unknown'), 0, 1
    FROM delivery d WHERE d.id = OLD.delivery AND d.issue IS NOT NULL AND d.state IN ('bounced', 'failed')
    AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = OLD.delivery AND b.id <> OLD.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
END;

-- People move to another domain, or are erased: then a domain that was theirs alone is forgotten.
CREATE TRIGGER subscriber_moved_figures AFTER UPDATE OF address_key ON subscriber WHEN OLD.address_key <> NEW.address_key BEGIN
    INSERT INTO issue_domain (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT d.issue, CASE WHEN OLD.address_key LIKE '%@%' THEN replace(OLD.address_key, rtrim(OLD.address_key, replace(OLD.address_key, '@', '')), '') ELSE '' END, 0, -count(*) FILTER (WHERE d.state IN ('queued', 'leased')), -count(*) FILTER (WHERE d.state = 'sent'), -count(*) FILTER (WHERE d.state = 'deferred'), -count(*) FILTER (WHERE d.state = 'bounced'), -count(*) FILTER (WHERE d.state = 'failed'), -count(*) FILTER (WHERE d.state = 'unknown'), -count(*) FILTER (WHERE d.state = 'skipped')
    FROM delivery d WHERE d.issue IS NOT NULL AND d.subscription IN (SELECT s.id FROM subscription s WHERE s.subscriber = NEW.id) GROUP BY d.issue
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = waiting + excluded.waiting, sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_domain (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT d.issue, CASE WHEN NEW.address_key LIKE '%@%' THEN replace(NEW.address_key, rtrim(NEW.address_key, replace(NEW.address_key, '@', '')), '') ELSE '' END, 0, count(*) FILTER (WHERE d.state IN ('queued', 'leased')), count(*) FILTER (WHERE d.state = 'sent'), count(*) FILTER (WHERE d.state = 'deferred'), count(*) FILTER (WHERE d.state = 'bounced'), count(*) FILTER (WHERE d.state = 'failed'), count(*) FILTER (WHERE d.state = 'unknown'), count(*) FILTER (WHERE d.state = 'skipped')
    FROM delivery d WHERE d.issue IS NOT NULL AND d.subscription IN (SELECT s.id FROM subscription s WHERE s.subscriber = NEW.id) GROUP BY d.issue
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = waiting + excluded.waiting, sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    DELETE FROM issue_domain WHERE issue IN (SELECT d.issue FROM delivery d WHERE d.subscription IN (SELECT s.id FROM subscription s WHERE s.subscriber = NEW.id))
    AND domain = CASE WHEN OLD.address_key LIKE '%@%' THEN replace(OLD.address_key, rtrim(OLD.address_key, replace(OLD.address_key, '@', '')), '') ELSE '' END AND waiting = 0 AND sent = 0 AND deferred = 0 AND bounced = 0 AND failed = 0 AND unknown = 0 AND skipped = 0;
END;
CREATE TRIGGER subscription_moved_figures AFTER UPDATE OF subscriber ON subscription WHEN OLD.subscriber <> NEW.subscriber BEGIN
    INSERT INTO issue_domain (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT d.issue, (SELECT CASE WHEN r.address_key LIKE '%@%' THEN replace(r.address_key, rtrim(r.address_key, replace(r.address_key, '@', '')), '') ELSE '' END FROM subscriber r WHERE r.id = OLD.subscriber), 0, -count(*) FILTER (WHERE d.state IN ('queued', 'leased')), -count(*) FILTER (WHERE d.state = 'sent'), -count(*) FILTER (WHERE d.state = 'deferred'), -count(*) FILTER (WHERE d.state = 'bounced'), -count(*) FILTER (WHERE d.state = 'failed'), -count(*) FILTER (WHERE d.state = 'unknown'), -count(*) FILTER (WHERE d.state = 'skipped')
    FROM delivery d WHERE d.issue IS NOT NULL AND d.subscription = NEW.id GROUP BY d.issue
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = waiting + excluded.waiting, sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_domain (issue, domain, slot, waiting, sent, deferred, bounced, failed, unknown, skipped)
    SELECT d.issue, (SELECT CASE WHEN r.address_key LIKE '%@%' THEN replace(r.address_key, rtrim(r.address_key, replace(r.address_key, '@', '')), '') ELSE '' END FROM subscriber r WHERE r.id = NEW.subscriber), 0, count(*) FILTER (WHERE d.state IN ('queued', 'leased')), count(*) FILTER (WHERE d.state = 'sent'), count(*) FILTER (WHERE d.state = 'deferred'), count(*) FILTER (WHERE d.state = 'bounced'), count(*) FILTER (WHERE d.state = 'failed'), count(*) FILTER (WHERE d.state = 'unknown'), count(*) FILTER (WHERE d.state = 'skipped')
    FROM delivery d WHERE d.issue IS NOT NULL AND d.subscription = NEW.id GROUP BY d.issue
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = waiting + excluded.waiting, sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
END;
