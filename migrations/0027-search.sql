-- People are found by a part of their address or name. Two spaces before each of the two make their
-- beginnings parts of three letters too, so that one letter and two can be looked for. The index
-- holds no text of its own; a row that changes takes its old text out by naming it. SQLite lets no
-- trigger write to such an index where it does not trust the schema, so triggers only note who has
-- changed, and the program brings the index up to date with the same commit.
CREATE VIEW subscriber_words AS
    SELECT id, '  ' || address || '  ' || coalesce(name, '') AS words FROM subscriber
    WHERE instr(address_key, '@') > 0;
CREATE VIRTUAL TABLE subscriber_text USING fts5 (
    words, content = 'subscriber_words', content_rowid = 'id', tokenize = 'trigram', detail = none, columnsize = 0);
INSERT INTO subscriber_text (subscriber_text) VALUES ('rebuild');

-- `words` are those that the index knows; NULL: it does not know the subscriber.
CREATE TABLE subscriber_due (
    subscriber INTEGER PRIMARY KEY,
    words      TEXT
) STRICT;
CREATE TRIGGER subscriber_due_added AFTER INSERT ON subscriber BEGIN
    INSERT OR IGNORE INTO subscriber_due (subscriber) VALUES (new.id);
END;
CREATE TRIGGER subscriber_due_gone BEFORE DELETE ON subscriber BEGIN
    INSERT OR IGNORE INTO subscriber_due (subscriber, words)
        SELECT old.id, (SELECT words FROM subscriber_words WHERE id = old.id);
END;
CREATE TRIGGER subscriber_due_changed BEFORE UPDATE OF address, address_key, name ON subscriber
    WHEN old.address <> new.address OR old.address_key <> new.address_key OR old.name IS NOT new.name BEGIN
    INSERT OR IGNORE INTO subscriber_due (subscriber, words)
        SELECT old.id, (SELECT words FROM subscriber_words WHERE id = old.id);
END;
