-- Whether an issue that went out is listed in the public archive, has only a page of its own there, or
-- neither; and from when until when. Without `public_from` nobody has said yet that it may be seen.
ALTER TABLE issue ADD COLUMN archive TEXT COLLATE "C" NOT NULL DEFAULT 'public'
    CHECK (archive IN ('public', 'unlisted', 'never'));
ALTER TABLE issue ADD COLUMN public_from BIGINT DEFAULT 0;
ALTER TABLE issue ADD COLUMN public_until BIGINT;

-- Issues that were sent to a segment have been public so far: they stay so.

-- A paused or cancelled issue that somebody has got stays in the archive.
DROP INDEX issue_by_date;
CREATE INDEX issue_by_date ON issue (list, date DESC, id DESC)
    WHERE state IN ('sending', 'sent', 'paused', 'cancelled');
