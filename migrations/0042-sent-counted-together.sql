-- Messages that a run has sent are counted by the run, all of a turn at once (src/store/delivery_sent.c): a trigger for each
-- cost a fifth of what a message costs. Their lease_until becomes 0. One trigger counts all other changes.
DROP TRIGGER delivery_sent;
DROP TRIGGER delivery_changed;
CREATE TRIGGER delivery_changed AFTER UPDATE OF state, updated_at, reply_status, reply_code ON delivery
WHEN NOT (OLD.state IN ('queued', 'leased') AND (NEW.state IN ('queued', 'leased') OR NEW.lease_until IS 0 AND OLD.lease_until IS NOT 0))
    AND OLD.issue IS NOT NULL BEGIN
    INSERT INTO figure_changed VALUES (NEW.id, NEW.issue, NEW.subscription, NEW.state, NEW.updated_at, NEW.reply_status,
        NEW.reply_code, OLD.state, OLD.updated_at, OLD.reply_status, OLD.reply_code);
END;
