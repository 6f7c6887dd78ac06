-- Issues that are being written. A text is kept in versions, the newest is the present one; `began_at` is
-- when a version began, `at` when it was last saved.
CREATE TABLE draft (
    id         INTEGER PRIMARY KEY,
    list       INTEGER NOT NULL REFERENCES list ON DELETE CASCADE,
    title      TEXT NOT NULL,
    issue      INTEGER REFERENCES issue ON DELETE SET NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL
) STRICT;
CREATE INDEX draft_list ON draft (list);
CREATE INDEX draft_issue ON draft (issue);

CREATE TABLE draft_version (
    id       INTEGER PRIMARY KEY,
    draft    INTEGER NOT NULL REFERENCES draft ON DELETE CASCADE,
    language TEXT NOT NULL,
    source   TEXT NOT NULL,
    began_at INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    author   TEXT NOT NULL
) STRICT;
CREATE INDEX draft_version_text ON draft_version (draft, language, id);

-- Pictures and attachments. `name` is that by which the text refers to it.
CREATE TABLE draft_file (
    id    INTEGER PRIMARY KEY,
    draft INTEGER NOT NULL REFERENCES draft ON DELETE CASCADE,
    name  TEXT NOT NULL,
    size  INTEGER NOT NULL,
    data  BLOB NOT NULL,
    at    INTEGER NOT NULL,
    UNIQUE (draft, name)
) STRICT;
