-- Expressions under a name, and whom an issue went to.

CREATE TABLE segment (
    name       TEXT PRIMARY KEY,
    expression TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The expression as it was; NULL for everybody on the list.
ALTER TABLE issue ADD COLUMN segment TEXT;
