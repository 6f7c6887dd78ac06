-- Recordings that an issue brings along, which its page plays. `language` is that of the edition that
-- names it, and empty for the issue's own; `number` its place there.
CREATE TABLE recording (
    issue    BIGINT NOT NULL REFERENCES issue,
    language TEXT COLLATE "C" NOT NULL,
    number   BIGINT NOT NULL,
    type     TEXT COLLATE "C" NOT NULL,
    data     BYTEA NOT NULL,
    PRIMARY KEY (issue, language, number)
);
