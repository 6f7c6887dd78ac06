-- An issue that goes to a sample of its audience and to mailboxes of our own first: the others wait
-- until it was found well there.
CREATE TABLE canary (
    issue      INTEGER PRIMARY KEY REFERENCES issue,
    share      INTEGER NOT NULL, -- of the audience, in hundredths of a per cent; 0: a number of people
    people     INTEGER NOT NULL,
    state      TEXT NOT NULL,    -- waiting, passed, paused, overruled
    token      TEXT NOT NULL,    -- in the Message-ID of the copies to our mailboxes
    look_until INTEGER,          -- once the sample was tried
    look_at    INTEGER,          -- when the mailboxes are looked into again
    facts      TEXT              -- JSON: what became of the copies, and what was found
) STRICT;
