-- The office's signature over each edition, as a signed note, by the number in the footer of the
-- issue; and hashes of runs of words in it, by which a text is found that somebody asks about.

CREATE TABLE issue_note (
    issue     INTEGER NOT NULL REFERENCES issue ON DELETE CASCADE,
    language  TEXT NOT NULL,
    reference TEXT NOT NULL,
    note      TEXT NOT NULL,
    PRIMARY KEY (issue, language)
) STRICT, WITHOUT ROWID;
CREATE INDEX issue_note_by_reference ON issue_note (reference, issue);

CREATE TABLE issue_passage (
    hash  INTEGER NOT NULL,
    issue INTEGER NOT NULL REFERENCES issue ON DELETE CASCADE,
    PRIMARY KEY (hash, issue)
) STRICT, WITHOUT ROWID;
CREATE INDEX issue_passage_by_issue ON issue_passage (issue);
