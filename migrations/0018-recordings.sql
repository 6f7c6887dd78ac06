-- Recordings that an issue brings along, which its page plays. `language` is that of the edition that
-- names it, and empty for the issue's own; `number` its place there.
CREATE TABLE recording (
    issue    INTEGER NOT NULL REFERENCES issue,
    language TEXT NOT NULL,
    number   INTEGER NOT NULL,
    type     TEXT NOT NULL,
    data     BLOB NOT NULL,
    PRIMARY KEY (issue, language, number)
) STRICT;
