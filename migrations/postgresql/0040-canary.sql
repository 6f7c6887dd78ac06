-- An issue that goes to a sample of its audience and to mailboxes of our own first: the others wait
-- until it was found well there.
CREATE TABLE canary (
    issue      BIGINT PRIMARY KEY REFERENCES issue,
    share      BIGINT NOT NULL, -- of the audience, in hundredths of a per cent; 0: a number of people
    people     BIGINT NOT NULL,
    state      TEXT COLLATE "C" NOT NULL, -- waiting, passed, paused, overruled
    token      TEXT COLLATE "C" NOT NULL, -- in the Message-ID of the copies to our mailboxes
    look_until BIGINT,          -- once the sample was tried
    look_at    BIGINT,          -- when the mailboxes are looked into again
    facts      TEXT COLLATE "C" -- JSON: what became of the copies, and what was found
);
