-- Tokens with several scopes, for some lists, and when they were last used. Tokens of before could read,
-- and pause, resume and cancel if their scope was 'control'; they go on doing so. `lists` are names,
-- with spaces between them; empty: all.
ALTER TABLE api_token ADD COLUMN scopes TEXT COLLATE "C" NOT NULL DEFAULT 'read';
ALTER TABLE api_token ADD COLUMN lists TEXT COLLATE "C" NOT NULL DEFAULT '';
ALTER TABLE api_token ADD COLUMN used_at BIGINT;
UPDATE api_token SET scopes = CASE scope WHEN 'control' THEN 'read send' ELSE 'read' END;
ALTER TABLE api_token DROP COLUMN scope;

-- Answers to calls that make something, kept for a day: the same call with the same Idempotency-Key
-- gets the same answer. `request` is its digest, `status` NULL while it is being answered.
CREATE TABLE api_repeat (
    token      TEXT COLLATE "C" NOT NULL,
    repeat_key TEXT COLLATE "C" NOT NULL,
    request    TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    status     BIGINT,
    location   TEXT COLLATE "C",
    body       TEXT COLLATE "C",
    PRIMARY KEY (token, repeat_key)
);
