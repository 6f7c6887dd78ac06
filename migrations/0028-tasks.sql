-- Imports and exports that are asked for, by whatever door. `options` and `result` are JSON; `tally`
-- has the figures of an import, in the order of store/import_apply.c. From accepted_at on an import
-- counts; `event_mark` is the last event before that. `undo` has what became of its rows when it was
-- taken back. `cancel` asks for an end, `tries` counts the processes that were at it.
CREATE TABLE task (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('import', 'export')),
    state       TEXT NOT NULL CHECK (state IN ('open', 'ready', 'waiting', 'running', 'tried',
                                               'done', 'failed', 'cancelled', 'undoing', 'undone')),
    started_by  TEXT NOT NULL,
    door        TEXT NOT NULL,
    list        TEXT,
    name        TEXT NOT NULL,
    options     TEXT NOT NULL,
    size        INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    began_at    INTEGER,
    accepted_at INTEGER,
    event_mark  INTEGER,
    ended_at    INTEGER,
    rows_read   INTEGER NOT NULL,
    rejected    INTEGER NOT NULL,
    taken       INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    cancel      INTEGER NOT NULL,
    tally       TEXT NOT NULL,
    undo        TEXT NOT NULL,
    result      TEXT NOT NULL,
    problem     TEXT
) STRICT;
CREATE INDEX task_by_state ON task (state);

-- The file of a task, piece by piece: 'upload' is what came in, 'rejects' are the rows of it that
-- were refused, 'export' is what goes out.
CREATE TABLE task_part (
    id      INTEGER PRIMARY KEY,
    task    INTEGER NOT NULL REFERENCES task,
    file    TEXT NOT NULL CHECK (file IN ('upload', 'rejects', 'export')),
    content BLOB NOT NULL
) STRICT;
CREATE INDEX task_part_by_file ON task_part (task, file, id);

-- The changes of an import, as long as it can be taken back. 'added': the subscriptions with ids
-- above `low`, up to `high`, whose tokens begin with `prefix`, are of one transaction; people with
-- UUIDs above `first`, up to `last`, came with them. 'person' and 'changed': what was so before.
CREATE TABLE import_change (
    id              INTEGER PRIMARY KEY,
    task            INTEGER NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('added', 'person', 'changed')),
    low             INTEGER,
    high            INTEGER,
    prefix          TEXT,
    first           TEXT,
    last            TEXT,
    subscriber      INTEGER,
    name            TEXT,
    language        TEXT,
    attributes      TEXT,
    new_name        TEXT,
    new_language    TEXT,
    new_attributes  TEXT,
    subscription    INTEGER,
    state           TEXT,
    new_state       TEXT,
    consent_at      INTEGER,
    consent_source  TEXT,
    consent_ip      TEXT,
    consent_version TEXT,
    confirmed_at    INTEGER,
    ended_at        INTEGER,
    noticed_at      INTEGER,
    reconfirm_by    INTEGER
) STRICT;
CREATE INDEX import_change_by_task ON import_change (task, id);
CREATE INDEX import_change_by_subscription ON import_change (subscription)
    WHERE subscription IS NOT NULL;
CREATE INDEX import_change_by_subscriber ON import_change (subscriber)
    WHERE subscriber IS NOT NULL;

ALTER TABLE import ADD COLUMN task INTEGER;
