-- The ledger tells of approvals from now on. Where there are older ones, an entry says up to which ids of approval and approval_word.
INSERT INTO ledger (id, stream, body, chain) SELECT n.id, 0, b.body, chained(coalesce((SELECT chain FROM ledger WHERE stream = 0 ORDER BY
    id DESC LIMIT 1), x''), n.id, b.body) FROM ledger_next AS n, (
    SELECT CAST(x'820E78' || char(length(t.words)) || t.words AS BLOB) AS body FROM (
        SELECT max(id) || ' ' || coalesce((SELECT max(id) FROM approval_word), 0) || ' rows of approvals came before' AS words FROM approval) AS t) AS b
WHERE EXISTS (SELECT 1 FROM approval);

-- A canary may be one of the rest of an audience: its sample is of the deliveries that are newer than this one.
ALTER TABLE canary ADD COLUMN newer_than INTEGER NOT NULL DEFAULT 0;

-- The wording that the people of an import were shown, where its consent is stated.
ALTER TABLE import ADD COLUMN wording TEXT;
