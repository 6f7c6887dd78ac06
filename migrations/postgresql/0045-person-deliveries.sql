-- The deliveries of one person. A statement that looks for them in `delivery` is planned with all partitions and their indexes,
-- which takes ten times as long as the look itself. So they are asked for partition by partition, and only where the person can
-- have any: in those of issues of their lists that have deliveries, and among the notices. The first partition has issues of
-- before 0043, whose ids were not noted.
--
-- It names its columns: with SETOF delivery, the table could not be dropped before the function, nor the trigger functions before it.
CREATE FUNCTION delivery_of_person(person BIGINT) RETURNS TABLE (id BIGINT, kind TEXT, issue BIGINT, state TEXT, attempts BIGINT,
    created_at BIGINT, updated_at BIGINT, reply_code BIGINT, reply_status TEXT, reply_text TEXT) LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    look TEXT := 'SELECT d.id, d.kind, d.issue, d.state, d.attempts, d.created_at, d.updated_at, d.reply_code, d.reply_status, d.reply_text
        FROM %I d WHERE d.subscription = ANY ($1) AND ';
    part TEXT;
    theirs BIGINT[] := ARRAY(SELECT s.id FROM subscription s WHERE s.subscriber = person);
    issues BIGINT[];
BEGIN
    RETURN QUERY EXECUTE format(look, 'delivery_0') || 'd.issue IS NULL' USING theirs;
    FOR part, issues IN SELECT p.part, array_agg(p.issue) FROM delivery_part p JOIN issue i ON i.id = p.issue
        WHERE (p.high > 0 OR p.part = '_0') AND i.list IN (SELECT s.list FROM subscription s WHERE s.subscriber = person) GROUP BY p.part LOOP
        CONTINUE WHEN to_regclass('delivery' || part) IS NULL; -- dropped meanwhile
        RETURN QUERY EXECUTE format(look, 'delivery' || part) || 'd.issue = ANY ($2)' USING theirs, issues;
    END LOOP;
END
$$;

-- An issue whose deliveries are removed gets no partition: a copy of a database makes such issues.
CREATE FUNCTION issue_is_removed(issue BIGINT) RETURNS BOOLEAN LANGUAGE sql STABLE AS
$$SELECT EXISTS (SELECT 1 FROM setting WHERE key = 'deliveries removed ' || issue AND value LIKE '% ended')$$;
DROP TRIGGER issue_has_part ON issue;
CREATE TRIGGER issue_has_part AFTER INSERT ON issue FOR EACH ROW WHEN (NOT issue_is_removed(NEW.id)) EXECUTE FUNCTION make_delivery_part();
