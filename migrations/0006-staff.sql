-- Who may see the dashboard, and programs that may ask the same.

CREATE TABLE staff (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    password   TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE staff_session (
    digest     BLOB PRIMARY KEY,
    staff      INTEGER NOT NULL REFERENCES staff ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_token (
    name       TEXT PRIMARY KEY,
    digest     BLOB NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What an issue's page groups by.
CREATE INDEX bounce_by_reason ON bounce (delivery, kind, reason);
DROP INDEX bounce_by_delivery;
