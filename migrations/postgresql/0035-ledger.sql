-- The ledger (docs/audit.md): records that are only ever added. A record holds entries, one after the other, and a digest over
-- the digest of the record before it and itself. Its id is 4294967296 * the number of a stream + its number in that stream.
CREATE FUNCTION chained(chain BYTEA, body BYTEA) RETURNS BYTEA LANGUAGE sql IMMUTABLE AS 'SELECT sha256(chain || body)';

CREATE TABLE ledger (
    id    BIGINT PRIMARY KEY,
    body  BYTEA NOT NULL,
    chain BYTEA NOT NULL
);

-- The first entry: the ledger begins after these rows of event, audit, delivery and subscription.
INSERT INTO ledger (id, body, chain) SELECT 1, b.body, chained('', b.body) FROM (
    SELECT '\x820178'::bytea || convert_to(chr(length(t.words)) || t.words, 'UTF8') AS body FROM (
        SELECT coalesce((SELECT max(id) FROM event), 0) || ' ' || coalesce((SELECT max(id) FROM audit), 0) || ' ' ||
            coalesce((SELECT max(id) FROM delivery), 0) || ' ' || coalesce((SELECT max(id) FROM subscription), 0) ||
            ' rows came before' AS words) AS t) AS b;

-- A copy of another database replaces the first record.
CREATE FUNCTION keep_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.id = 1 AND NOT EXISTS (SELECT 1 FROM ledger WHERE id <> 1) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'the ledger only grows';
END
$$;
CREATE TRIGGER ledger_stays BEFORE UPDATE OR DELETE ON ledger FOR EACH ROW EXECUTE FUNCTION keep_ledger();

-- The keys of the commitments to personal data. Erasing a person deletes theirs; the key of 0 is for all that is no person's.
CREATE TABLE ledger_key (
    subscriber BIGINT PRIMARY KEY,
    key        BYTEA NOT NULL
);
