-- `status ISSUE` and `report` name people whose delivery is deferred or unknown, in the order of their subscriptions. For these
-- two states that walked through all deliveries of the issue.
DROP INDEX delivery_ended;
CREATE INDEX delivery_told ON delivery (issue, subscription)
WHERE state IN ('bounced', 'failed', 'skipped', 'deferred', 'unknown');
