-- The wordings that people agreed to: of a form, of the mail that asks, of the page with its button, or what an import states. One
-- row for each different text, by its SHA-256.
CREATE TABLE wording (
    id       INTEGER PRIMARY KEY,
    digest   TEXT NOT NULL UNIQUE,
    language TEXT,
    text     TEXT NOT NULL,
    at       INTEGER NOT NULL
) STRICT;

-- Which of them a person saw. Without REFERENCES: a row of `wording` is removed only when nobody has it.
ALTER TABLE subscription ADD COLUMN form_wording INTEGER;
ALTER TABLE subscription ADD COLUMN mail_wording INTEGER;
ALTER TABLE subscription ADD COLUMN page_wording INTEGER;
CREATE INDEX subscription_by_form ON subscription (form_wording) WHERE form_wording IS NOT NULL;
ALTER TABLE import_change ADD COLUMN form_wording INTEGER;
ALTER TABLE import_change ADD COLUMN mail_wording INTEGER;
ALTER TABLE import_change ADD COLUMN page_wording INTEGER;
-- That of the mail with the link.
ALTER TABLE confirmation ADD COLUMN wording INTEGER;

-- Heads of parts of the ledger's tree, from which proofs are made: part `number` holds 1024 leaves, of which the first is in the
-- record `record`, after `skip` others.
CREATE TABLE ledger_part (
    number INTEGER PRIMARY KEY,
    record INTEGER NOT NULL,
    skip   INTEGER NOT NULL,
    head   BLOB NOT NULL
) STRICT;

-- Which leaves of these parts tell of the subscriptions from `first` to `last`.
CREATE TABLE ledger_place (
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    leaf  INTEGER NOT NULL,
    PRIMARY KEY (first, last, leaf)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_place_wide ON ledger_place (first) WHERE last > first;
