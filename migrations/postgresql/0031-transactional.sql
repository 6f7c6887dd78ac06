-- Mails that other programs have us send, each to one address, which need not be a subscriber's. Each is a delivery of
-- the kind 'message' without a subscription. `content` is the composed message until it is sent, or given up.
ALTER TABLE delivery ALTER COLUMN subscription DROP NOT NULL;
ALTER TABLE delivery ADD CONSTRAINT delivery_recipient CHECK (subscription IS NOT NULL OR kind = 'message') NOT VALID;

CREATE TABLE transactional (
    delivery    BIGINT PRIMARY KEY REFERENCES delivery ON DELETE CASCADE,
    list        BIGINT NOT NULL REFERENCES list,
    address     TEXT COLLATE "C" NOT NULL,
    address_key TEXT COLLATE "C" NOT NULL,
    template    TEXT COLLATE "C" NOT NULL,
    language    TEXT COLLATE "C" NOT NULL,
    subject     TEXT COLLATE "C" NOT NULL,
    size        BIGINT NOT NULL,
    content     BYTEA,
    asked_by    TEXT COLLATE "C",
    repeat_key  TEXT COLLATE "C",
    request     TEXT COLLATE "C"
);
CREATE UNIQUE INDEX transactional_by_key ON transactional (repeat_key) WHERE repeat_key IS NOT NULL;
CREATE INDEX transactional_by_address ON transactional (address_key, delivery);
CREATE INDEX transactional_by_list ON transactional (list, delivery);

ALTER TABLE event ADD COLUMN message BIGINT;
CREATE INDEX event_by_message ON event (message) WHERE message IS NOT NULL;
