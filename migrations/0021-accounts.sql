-- What an account may do, the second step of its login, sessions that can be seen and ended, and a log
-- of what was done, which only grows. Accounts of before could look, and control issues.
ALTER TABLE staff ADD COLUMN role TEXT NOT NULL DEFAULT 'sender'
    CHECK (role IN ('none', 'viewer', 'author', 'sender', 'people', 'administrator'));
-- The secret of the second step; NULL: none. Half-open (confirmed 0) until its first code was typed.
ALTER TABLE staff ADD COLUMN totp_secret BLOB;
ALTER TABLE staff ADD COLUMN totp_confirmed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE staff ADD COLUMN totp_step INTEGER NOT NULL DEFAULT 0; -- the last one that was used

-- A role on one list, in place of the account's own.
CREATE TABLE staff_list (
    staff INTEGER NOT NULL REFERENCES staff ON DELETE CASCADE,
    list  INTEGER NOT NULL REFERENCES list ON DELETE CASCADE,
    role  TEXT NOT NULL CHECK (role IN ('none', 'viewer', 'author', 'sender', 'people', 'administrator')),
    PRIMARY KEY (staff, list)
) STRICT, WITHOUT ROWID;

-- Codes for somebody who has lost the second step; each is good once.
CREATE TABLE staff_recovery (
    digest BLOB PRIMARY KEY,
    staff  INTEGER NOT NULL REFERENCES staff ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- `tries` is how many wrong codes may still be typed while the second step is awaited; NULL: it is done.
ALTER TABLE staff_session ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE staff_session ADD COLUMN seen_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE staff_session ADD COLUMN client TEXT;
ALTER TABLE staff_session ADD COLUMN agent TEXT;
ALTER TABLE staff_session ADD COLUMN tries INTEGER;

CREATE TABLE audit (
    id     INTEGER PRIMARY KEY,
    at     INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    door   TEXT NOT NULL CHECK (door IN ('command', 'browser', 'api')),
    client TEXT,
    action TEXT NOT NULL,
    object TEXT,
    detail TEXT
) STRICT;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
CREATE TRIGGER audit_grows BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
