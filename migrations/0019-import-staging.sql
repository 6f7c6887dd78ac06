-- Imports of more rows than one short transaction takes in. The rows are staged in parts; from
-- accepted_at on the import counts, and its parts are taken in one by one; at done_at there are none
-- left. `consent`, `confirm` and `renew` say how, `tally` has the figures so far, in the order of
-- store/import_apply.c.
CREATE TABLE import (
    id          INTEGER PRIMARY KEY,
    begun_at    INTEGER NOT NULL,
    accepted_at INTEGER,
    done_at     INTEGER,
    consent     TEXT,
    confirm     INTEGER NOT NULL,
    renew       INTEGER NOT NULL,
    detail      TEXT,
    tally       TEXT NOT NULL
) STRICT;

CREATE TABLE import_part (
    id      INTEGER PRIMARY KEY,
    import  INTEGER NOT NULL REFERENCES import,
    content BLOB NOT NULL
) STRICT;
CREATE INDEX import_part_by_import ON import_part (import);
