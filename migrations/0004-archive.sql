-- The public archive: what an issue looks like on the web, its events, and a full-text index.

ALTER TABLE list ADD COLUMN private INTEGER NOT NULL DEFAULT 0;

-- The text as HTML without a layout, packed like a message. NULL in issues of old.
ALTER TABLE issue ADD COLUMN body BLOB;
ALTER TABLE edition ADD COLUMN body BLOB;

-- As in the front matter: {"timezone": ..., "events": [{"title": ..., "date": ...}, ...]}, or NULL.
ALTER TABLE issue ADD COLUMN events TEXT;

CREATE INDEX issue_by_date ON issue (list, date DESC, id DESC) WHERE state IN ('sending', 'sent');

-- One row per issue, with all its languages.
CREATE VIRTUAL TABLE issue_text USING fts5 (title, text, tokenize = 'unicode61 remove_diacritics 2');
INSERT INTO issue_text (rowid, title, text) SELECT id, title, source FROM issue;
