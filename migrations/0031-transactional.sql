-- Mails that other programs have us send, each to one address, which need not be a subscriber's. Each is a delivery of
-- the kind 'message' without a subscription. `content` is the composed message until it is sent, or given up.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql, 'subscription    INTEGER NOT NULL REFERENCES subscription',
    'subscription    INTEGER REFERENCES subscription CHECK (subscription IS NOT NULL OR kind = ''message'')')
WHERE type = 'table' AND name = 'delivery';
PRAGMA writable_schema = RESET;

CREATE TABLE transactional (
    delivery    INTEGER PRIMARY KEY REFERENCES delivery ON DELETE CASCADE,
    list        INTEGER NOT NULL REFERENCES list,
    address     TEXT NOT NULL,
    address_key TEXT NOT NULL,
    template    TEXT NOT NULL,
    language    TEXT NOT NULL,
    subject     TEXT NOT NULL,
    size        INTEGER NOT NULL,
    content     BLOB,
    asked_by    TEXT,
    repeat_key  TEXT,
    request     TEXT
) STRICT;
CREATE UNIQUE INDEX transactional_by_key ON transactional (repeat_key) WHERE repeat_key IS NOT NULL;
CREATE INDEX transactional_by_address ON transactional (address_key, delivery);
CREATE INDEX transactional_by_list ON transactional (list, delivery);

ALTER TABLE event ADD COLUMN message INTEGER;
CREATE INDEX event_by_message ON event (message) WHERE message IS NOT NULL;
