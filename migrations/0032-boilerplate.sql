-- Texts that an office uses again: snippets, which are put into an issue, and templates, with which one begins. `language`
-- is '' for one that goes with any. `list` NULL: for all lists. `revision` counts the changes.
CREATE TABLE boilerplate (
    id         INTEGER PRIMARY KEY,
    kind       TEXT NOT NULL CHECK (kind IN ('snippet', 'template')),
    name       TEXT NOT NULL,
    language   TEXT NOT NULL,
    list       INTEGER REFERENCES list ON DELETE CASCADE,
    source     TEXT NOT NULL,
    revision   INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    updated_by TEXT NOT NULL,
    UNIQUE (kind, name, language)
) STRICT;
CREATE INDEX boilerplate_list ON boilerplate (list);
