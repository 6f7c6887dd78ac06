-- Asking others to approve an issue that is being written. `seal` is a digest of the draft as it was then.
CREATE TABLE approval (
    id       INTEGER PRIMARY KEY,
    draft    INTEGER NOT NULL REFERENCES draft ON DELETE CASCADE,
    seal     TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    asked_by TEXT NOT NULL,
    words    TEXT NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('open', 'approved', 'returned', 'withdrawn'))
) STRICT;
CREATE INDEX approval_draft ON approval (draft, id);

-- The texts as they were, to compare later ones with.
CREATE TABLE approval_text (
    approval INTEGER NOT NULL REFERENCES approval ON DELETE CASCADE,
    language TEXT NOT NULL,
    source   TEXT NOT NULL,
    PRIMARY KEY (approval, language)
) STRICT, WITHOUT ROWID;

-- The words of those who were asked. `passage` is the one that a comment is about; NULL: all of it.
CREATE TABLE approval_word (
    id       INTEGER PRIMARY KEY,
    approval INTEGER NOT NULL REFERENCES approval ON DELETE CASCADE,
    at       INTEGER NOT NULL,
    author   TEXT NOT NULL,
    kind     TEXT NOT NULL CHECK (kind IN ('approve', 'return', 'comment')),
    passage  TEXT,
    words    TEXT NOT NULL
) STRICT;
CREATE INDEX approval_word_approval ON approval_word (approval, id);

-- Where staff get mail: that they are asked, that an issue has gone out or waits.
ALTER TABLE staff ADD COLUMN address TEXT;

-- The account that has sent an issue.
CREATE TABLE issue_sender (
    issue   INTEGER PRIMARY KEY REFERENCES issue ON DELETE CASCADE,
    account TEXT NOT NULL
) STRICT;

-- Mail to staff, complete. `about` is what it tells, each thing once. Sent ones stay without their text.
CREATE TABLE staff_mail (
    id       INTEGER PRIMARY KEY,
    about    TEXT NOT NULL UNIQUE,
    sender   TEXT NOT NULL,
    address  TEXT NOT NULL,
    message  BLOB NOT NULL,
    next_at  INTEGER, -- when it is to be tried; NULL: it is done with
    attempts INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX staff_mail_next ON staff_mail (next_at) WHERE next_at IS NOT NULL;
