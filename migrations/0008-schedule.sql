-- Issues that wait for their time.

ALTER TABLE issue ADD COLUMN scheduled_at INTEGER;

-- "2026-12-01T09:00:00" where each subscriber gets it at that hour of theirs; NULL: all at once.
ALTER TABLE issue ADD COLUMN local_time TEXT;

CREATE INDEX issue_scheduled ON issue (scheduled_at) WHERE state = 'scheduled';
