-- People are found by a part of their address or name. Two spaces before each of the two make their
-- beginnings parts of three letters too, so that one letter and two can be looked for.
DO $$
DECLARE
    chosen TEXT := 'und-x-icu';
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_collation WHERE collname = chosen AND collnamespace = 'pg_catalog'::regnamespace)
    THEN
        chosen := 'default';
    END IF;
    EXECUTE format('CREATE FUNCTION subscriber_words(address TEXT, name TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE '
        'PARALLEL SAFE AS ''SELECT lower((''''  '''' || address || ''''  '''' || coalesce(name, '''''''')) '
        'COLLATE pg_catalog.%I)''', chosen);
END $$;

-- A pattern for the texts that hold a part.
CREATE FUNCTION subscriber_part(part TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '%' || replace(replace(replace(substr(w, 3, length(w) - 4), '\', '\\'), '%', '\%'), '_', '\_') || '%' FROM subscriber_words(part, NULL) w
$$;

-- The index needs an extension that comes with the server but may not be installed. Without it people
-- are found by a walk through all of them. Says whether the index is there.
CREATE FUNCTION make_subscriber_text() RETURNS BOOLEAN LANGUAGE plpgsql AS $$
DECLARE
    home TEXT;
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
    SELECT n.nspname INTO home FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
    EXECUTE format('CREATE INDEX IF NOT EXISTS subscriber_text ON subscriber '
        'USING gin (subscriber_words(address, name) %I.gin_trgm_ops) WHERE address_key LIKE ''%%@%%''', home);
    RETURN TRUE;
EXCEPTION WHEN OTHERS THEN
    RETURN FALSE;
END $$;
SELECT make_subscriber_text();
