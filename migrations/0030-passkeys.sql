-- Passkeys of accounts: the public key, and how often the authenticator says that it has signed.
CREATE TABLE staff_passkey (
    id         INTEGER PRIMARY KEY,
    staff      INTEGER NOT NULL REFERENCES staff ON DELETE CASCADE,
    title      TEXT NOT NULL,
    credential BLOB NOT NULL UNIQUE,
    algorithm  INTEGER NOT NULL,
    public_key BLOB NOT NULL,
    counter    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT;

-- Challenges that were answered: each is good once.
CREATE TABLE staff_challenge (
    digest BLOB PRIMARY KEY,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
