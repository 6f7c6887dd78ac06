-- Two subjects, tried on a share of an issue's audience before the rest gets the better one.

ALTER TABLE issue ADD COLUMN alternative_subject TEXT;
ALTER TABLE issue ADD COLUMN alternative BLOB; -- the message with that subject
ALTER TABLE edition ADD COLUMN alternative_subject TEXT;
ALTER TABLE edition ADD COLUMN alternative BLOB;

CREATE TABLE subject_test (
    issue     INTEGER PRIMARY KEY REFERENCES issue,
    share     INTEGER NOT NULL, -- per cent of the audience
    wait      INTEGER NOT NULL, -- seconds
    rule      TEXT NOT NULL,
    decide_at INTEGER,          -- once the issue goes out
    winner    INTEGER           -- 1 or 2
) STRICT;

-- 1 or 2, by lot, for those of the sample.
ALTER TABLE delivery ADD COLUMN variant INTEGER;
ALTER TABLE delivery ADD COLUMN replied_at INTEGER;
