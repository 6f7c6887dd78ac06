-- Each attempt to deliver a message to the recipient's own server: which host and address, with which
-- TLS, and what it said. Without a server, none was reached.
CREATE TABLE attempt (
    id           INTEGER PRIMARY KEY,
    delivery     INTEGER NOT NULL REFERENCES delivery ON DELETE CASCADE,
    at           INTEGER NOT NULL,
    state        TEXT NOT NULL,
    server       TEXT,
    address      TEXT,
    tls          TEXT,
    cipher       TEXT,
    policy       TEXT,
    reply_code   INTEGER,
    reply_status TEXT,
    reply_text   TEXT
) STRICT;
CREATE INDEX attempt_by_delivery ON attempt (delivery);

-- Where a person's deliveries are taken away, what was returned for them is found by this.
CREATE INDEX returned_by_delivery ON returned (delivery) WHERE delivery IS NOT NULL;
