-- The ledger (docs/audit.md): records that are only ever added. A record holds entries, one after the other, and a digest over
-- the digest of the record before it in its stream, its id and itself. Ids are in the order of what the records tell.
CREATE TABLE ledger (
    id     INTEGER PRIMARY KEY,
    stream INTEGER NOT NULL,
    body   BLOB NOT NULL,
    chain  BLOB NOT NULL
) STRICT;

-- The id of the next record.
CREATE VIEW ledger_next AS SELECT coalesce(max(id), 0) + 1 AS id FROM ledger;

-- The first entry: the ledger begins after these rows of event, audit, delivery and subscription.
INSERT INTO ledger (id, stream, body, chain) SELECT 1, 0, b.body, chained(x'', 1, b.body) FROM (
    SELECT CAST(x'820178' || char(length(t.words)) || t.words AS BLOB) AS body FROM (
        SELECT coalesce((SELECT max(id) FROM event), 0) || ' ' || coalesce((SELECT max(id) FROM audit), 0) || ' ' ||
            coalesce((SELECT max(id) FROM delivery), 0) || ' ' || coalesce((SELECT max(id) FROM subscription), 0) ||
            ' rows came before' AS words) AS t) AS b;

-- A copy of another database replaces the first record.
CREATE TRIGGER ledger_stays BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;
CREATE TRIGGER ledger_grows BEFORE DELETE ON ledger WHEN OLD.id <> 1 OR (SELECT count(*) FROM (SELECT 1 FROM ledger LIMIT 2)) > 1
BEGIN SELECT RAISE(ABORT, 'the ledger only grows'); END;

-- The keys of the commitments to personal data. Erasing a person deletes theirs; the key of 0 is for all that is no person's.
CREATE TABLE ledger_key (
    subscriber INTEGER PRIMARY KEY,
    key        BLOB NOT NULL
) STRICT;
