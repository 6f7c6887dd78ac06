-- How fast mail may go out, for all processes together.

-- Until when (microseconds) a rate is used up.
CREATE TABLE throttle (
    name TEXT PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Messages that were tried on a day.
CREATE TABLE daily (
    day   TEXT PRIMARY KEY,
    tried INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- From when on its domain lets it go out, once it was put off for that.
ALTER TABLE delivery ADD COLUMN paced_at INTEGER;

-- What an interrupted run left in doubt.
CREATE INDEX delivery_unknown ON delivery (issue) WHERE state = 'unknown';
