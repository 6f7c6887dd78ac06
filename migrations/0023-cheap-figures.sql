-- What a message costs. `IN` with more than two values makes a table of its own each time it runs: the check of a
-- delivery's state, an index of deliveries and the check of a subscription's state said so, which was a third of all that
-- sending and importing do. The checks stay the same in other words, so no row changes.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = substr(sql, 1, instr(sql, 'CHECK (state IN (') - 1) ||
    'CHECK (state = ''queued'' OR state = ''leased'' OR state = ''sent'' OR state = ''deferred'' OR state = ''bounced'' OR ' ||
    'state = ''failed'' OR state = ''unknown'' OR state = ''skipped'')' ||
    substr(sql, instr(sql, '''skipped''))') + length('''skipped''))'))
WHERE type = 'table' AND name = 'delivery' AND instr(sql, 'CHECK (state IN (') BETWEEN 1 AND instr(sql, '''skipped''))');
UPDATE sqlite_schema SET sql = substr(sql, 1, instr(sql, 'CHECK (state IN (') - 1) ||
    'CHECK (state = ''active'' OR state = ''pending'' OR state = ''unsubscribed'' OR state = ''bounced'' OR ' ||
    'state = ''complained'')' || substr(sql, instr(sql, '''complained''))') + length('''complained''))'))
WHERE type = 'table' AND name = 'subscription' AND
    instr(sql, 'CHECK (state IN (') BETWEEN 1 AND instr(sql, '''complained''))');
PRAGMA writable_schema = RESET;

DROP INDEX delivery_ended;
CREATE INDEX delivery_ended ON delivery (issue, subscription)
WHERE state = 'bounced' OR state = 'failed' OR state = 'skipped';

-- Nearly all addresses have one '@'.
DROP VIEW subscription_domain;
CREATE VIEW subscription_domain AS SELECT s.id AS subscription, s.subscriber AS subscriber,
    CASE WHEN instr(r.address_key, '@') = 0 THEN ''
    WHEN instr(substr(r.address_key, instr(r.address_key, '@') + 1), '@') = 0
    THEN substr(r.address_key, instr(r.address_key, '@') + 1)
    ELSE replace(r.address_key, rtrim(r.address_key, replace(r.address_key, '@', '')), '') END AS domain
FROM subscription s JOIN subscriber r ON r.id = s.subscriber;

-- Each trigger costs something even where its condition does not hold. So there are two for a change and two for a new
-- row: one for what happens to every delivery, with as little to do as can be, and one for everything else.
DROP TRIGGER delivery_made;
DROP TRIGGER delivery_made_figures;
DROP TRIGGER delivery_changed;
DROP TRIGGER delivery_changed_figures;
DROP TRIGGER delivery_refused_figures;

CREATE TRIGGER delivery_queues AFTER INSERT ON delivery WHEN NEW.issue IS NOT NULL AND NEW.state = 'queued' BEGIN
    UPDATE issue_total SET waiting = waiting + 1 WHERE issue = NEW.issue AND slot = 0;
    INSERT INTO issue_domain (issue, domain, slot, waiting)
    SELECT NEW.issue, p.domain, 0, 1 FROM subscription_domain p WHERE p.subscription = NEW.subscription
    ON CONFLICT (issue, domain, slot) DO UPDATE SET waiting = waiting + 1;
END;
CREATE TRIGGER delivery_sent AFTER UPDATE OF state ON delivery
WHEN OLD.state = 'leased' AND NEW.state = 'sent' AND OLD.issue IS NOT NULL BEGIN
    UPDATE issue_total SET waiting = waiting - 1, sent = sent + 1 WHERE issue = NEW.issue AND slot = 0;
    UPDATE issue_domain SET waiting = waiting - 1, sent = sent + 1 WHERE issue = NEW.issue AND slot = 0 AND domain =
        (SELECT p.domain FROM subscription_domain p WHERE p.subscription = NEW.subscription);
    INSERT INTO issue_second (issue, second, slot, sent) VALUES (NEW.issue, NEW.updated_at, 0, 1)
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = sent + 1;
END;
-- Programs are small, since an unused one costs by its size: rare changes go to a view, whose trigger counts them.
CREATE VIEW figure_made AS SELECT id, issue, subscription, state, updated_at, reply_status, reply_code FROM delivery;
CREATE TRIGGER delivery_made AFTER INSERT ON delivery WHEN NEW.issue IS NOT NULL AND NEW.state <> 'queued' BEGIN
    INSERT INTO figure_made VALUES (NEW.id, NEW.issue, NEW.subscription, NEW.state, NEW.updated_at, NEW.reply_status, NEW.reply_code);
END;
CREATE TRIGGER figure_made_counts INSTEAD OF INSERT ON figure_made BEGIN
    UPDATE issue_total SET waiting = waiting + (NEW.state IN ('queued', 'leased')),
        sent = sent + (NEW.state = 'sent'),
        deferred = deferred + (NEW.state = 'deferred'),
        bounced = bounced + (NEW.state = 'bounced'),
        failed = failed + (NEW.state = 'failed'),
        unknown = unknown + (NEW.state = 'unknown'),
        skipped = skipped + (NEW.state = 'skipped')
    WHERE issue = NEW.issue AND slot = 0;
    INSERT OR IGNORE INTO issue_domain (issue, domain, slot) VALUES (NEW.issue,
        (SELECT p.domain FROM subscription_domain p WHERE p.subscription = NEW.subscription), 0);
    UPDATE issue_domain SET waiting = waiting + (NEW.state IN ('queued', 'leased')),
        sent = sent + (NEW.state = 'sent'),
        deferred = deferred + (NEW.state = 'deferred'),
        bounced = bounced + (NEW.state = 'bounced'),
        failed = failed + (NEW.state = 'failed'),
        unknown = unknown + (NEW.state = 'unknown'),
        skipped = skipped + (NEW.state = 'skipped')
    WHERE issue = NEW.issue AND slot = 0 AND domain =
        (SELECT p.domain FROM subscription_domain p WHERE p.subscription = NEW.subscription);
    INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT NEW.issue, NEW.updated_at, 0, (NEW.state = 'sent'), (NEW.state = 'deferred'), (NEW.state = 'bounced'), (NEW.state = 'failed'), (NEW.state = 'unknown'), (NEW.state = 'skipped')
    WHERE NEW.state NOT IN ('queued', 'leased')
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT NEW.issue, 'refused', coalesce(NEW.reply_status, CAST(NEW.reply_code AS TEXT), 'unknown'), 0, 1
    WHERE NEW.state IN ('bounced', 'failed') AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = NEW.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
END;
CREATE VIEW figure_changed AS SELECT d.id, d.issue, d.subscription, d.state, d.updated_at, d.reply_status, d.reply_code,
    d.state AS old_state, d.updated_at AS old_updated_at, d.reply_status AS old_status, d.reply_code AS old_code FROM delivery d;
CREATE TRIGGER delivery_changed AFTER UPDATE OF state, updated_at, reply_status, reply_code ON delivery
WHEN NOT (OLD.state IN ('queued', 'leased') AND NEW.state IN ('queued', 'leased')) AND OLD.issue IS NOT NULL
    AND NOT (OLD.state = 'leased' AND NEW.state = 'sent') BEGIN
    INSERT INTO figure_changed VALUES (NEW.id, NEW.issue, NEW.subscription, NEW.state, NEW.updated_at, NEW.reply_status,
        NEW.reply_code, OLD.state, OLD.updated_at, OLD.reply_status, OLD.reply_code);
END;
CREATE TRIGGER figure_changed_counts INSTEAD OF INSERT ON figure_changed BEGIN
    UPDATE issue_total SET waiting = waiting + (NEW.state IN ('queued', 'leased')) - (NEW.old_state IN ('queued', 'leased')),
        sent = sent + (NEW.state = 'sent') - (NEW.old_state = 'sent'),
        deferred = deferred + (NEW.state = 'deferred') - (NEW.old_state = 'deferred'),
        bounced = bounced + (NEW.state = 'bounced') - (NEW.old_state = 'bounced'),
        failed = failed + (NEW.state = 'failed') - (NEW.old_state = 'failed'),
        unknown = unknown + (NEW.state = 'unknown') - (NEW.old_state = 'unknown'),
        skipped = skipped + (NEW.state = 'skipped') - (NEW.old_state = 'skipped')
    WHERE issue = NEW.issue AND slot = 0 AND NEW.old_state <> NEW.state;
    UPDATE issue_domain SET waiting = waiting + (NEW.state IN ('queued', 'leased')) - (NEW.old_state IN ('queued', 'leased')),
        sent = sent + (NEW.state = 'sent') - (NEW.old_state = 'sent'),
        deferred = deferred + (NEW.state = 'deferred') - (NEW.old_state = 'deferred'),
        bounced = bounced + (NEW.state = 'bounced') - (NEW.old_state = 'bounced'),
        failed = failed + (NEW.state = 'failed') - (NEW.old_state = 'failed'),
        unknown = unknown + (NEW.state = 'unknown') - (NEW.old_state = 'unknown'),
        skipped = skipped + (NEW.state = 'skipped') - (NEW.old_state = 'skipped')
    WHERE issue = NEW.issue AND NEW.old_state <> NEW.state AND slot = 0 AND domain =
        (SELECT p.domain FROM subscription_domain p WHERE p.subscription = NEW.subscription);
    INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT NEW.issue, NEW.old_updated_at, 0, -(NEW.old_state = 'sent'), -(NEW.old_state = 'deferred'), -(NEW.old_state = 'bounced'), -(NEW.old_state = 'failed'), -(NEW.old_state = 'unknown'), -(NEW.old_state = 'skipped')
    WHERE NEW.old_state NOT IN ('queued', 'leased')
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_second (issue, second, slot, sent, deferred, bounced, failed, unknown, skipped)
    SELECT NEW.issue, NEW.updated_at, 0, (NEW.state = 'sent'), (NEW.state = 'deferred'), (NEW.state = 'bounced'), (NEW.state = 'failed'), (NEW.state = 'unknown'), (NEW.state = 'skipped')
    WHERE NEW.state NOT IN ('queued', 'leased')
    ON CONFLICT (issue, second, slot) DO UPDATE SET sent = sent + excluded.sent, deferred = deferred + excluded.deferred, bounced = bounced + excluded.bounced, failed = failed + excluded.failed, unknown = unknown + excluded.unknown, skipped = skipped + excluded.skipped;
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT NEW.issue, 'refused', coalesce(NEW.old_status, CAST(NEW.old_code AS TEXT), 'unknown'), 0, -1
    WHERE NEW.old_state IN ('bounced', 'failed') AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = NEW.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
    INSERT INTO issue_reason (issue, kind, reason, slot, times)
    SELECT NEW.issue, 'refused', coalesce(NEW.reply_status, CAST(NEW.reply_code AS TEXT), 'unknown'), 0, 1
    WHERE NEW.state IN ('bounced', 'failed') AND NOT EXISTS (SELECT 1 FROM bounce b WHERE b.delivery = NEW.id)
    ON CONFLICT (issue, kind, reason, slot) DO UPDATE SET times = times + excluded.times;
END;
