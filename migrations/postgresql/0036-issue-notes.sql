-- The office's signature over each edition, as a signed note, by the number in the footer of the
-- issue; and hashes of runs of words in it, by which a text is found that somebody asks about.

CREATE TABLE issue_note (
    issue     BIGINT NOT NULL REFERENCES issue ON DELETE CASCADE,
    language  TEXT COLLATE "C" NOT NULL,
    reference TEXT COLLATE "C" NOT NULL,
    note      TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (issue, language)
);
CREATE INDEX issue_note_by_reference ON issue_note (reference, issue);

CREATE TABLE issue_passage (
    hash  BIGINT NOT NULL,
    issue BIGINT NOT NULL REFERENCES issue ON DELETE CASCADE,
    PRIMARY KEY (hash, issue)
);
CREATE INDEX issue_passage_by_issue ON issue_passage (issue);
