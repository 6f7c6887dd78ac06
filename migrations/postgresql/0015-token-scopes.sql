-- A token may only read, unless it was made to control issues as well. Tokens of before could do
-- both, and go on doing so. NULL: without an end.
ALTER TABLE api_token ADD COLUMN scope TEXT COLLATE "C" NOT NULL DEFAULT 'control' CHECK (scope IN ('read', 'control'));
ALTER TABLE api_token ADD COLUMN expires_at BIGINT;
