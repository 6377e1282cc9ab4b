-- Constructs of our own over the tables ev and odd (tests/support/one_sql.py), one a line.
SELECT count(*), count(usr), count(DISTINCT usr) FROM odd
SELECT usr, count(*) FROM ev GROUP BY usr ORDER BY usr
SELECT usr, count(*) FROM ev GROUP BY 1 HAVING count(*) > 1
SELECT usr, count(*) AS n FROM ev GROUP BY usr ORDER BY n DESC, usr
SELECT lower(usr), count(*) FROM odd GROUP BY lower(usr) ORDER BY 1
SELECT upper(usr) || '!' FROM odd GROUP BY upper(usr) || '!' ORDER BY 1
SELECT date_trunc('day', ts), count(*) FROM odd GROUP BY 1 ORDER BY 1
SELECT date_trunc('hour', ts) AS h, count(*) FROM odd GROUP BY date_trunc('hour', ts) ORDER BY h
SELECT b, i % 2, count(*) FROM odd GROUP BY b, i % 2 ORDER BY 1, 2
SELECT b, sum(n), sum(i), sum(m) FROM odd WHERE n < 100 GROUP BY b ORDER BY b
SELECT avg(n), avg(i), avg(m), avg(d) FROM odd WHERE id IN (1, 3, 4)
SELECT avg(m) FROM odd
SELECT min(m), max(m), min(usr), max(usr), min(ts), max(ts), min(day), max(b) FROM odd
SELECT sum(n) FROM odd WHERE id > 100
SELECT sum(i) FROM odd
SELECT count_if(b), bool_and(b), bool_or(b), every(b) FROM odd
SELECT count(*) FILTER (WHERE b), sum(i) FILTER (WHERE i < 10) FROM odd
SELECT array_agg(id ORDER BY id) FROM odd WHERE b
SELECT array_agg(DISTINCT usr ORDER BY usr) FROM ev
SELECT array_agg(js ORDER BY ts) FROM ev
SELECT array_agg(usr ORDER BY ts DESC, usr) FILTER (WHERE usr <> 'alice') FROM ev
SELECT listagg(usr, '; ') WITHIN GROUP (ORDER BY ts) FROM ev
SELECT listagg(DISTINCT usr) WITHIN GROUP (ORDER BY usr) FROM ev
SELECT max_by(usr, n), min_by(usr, n), max_by(id, ts) FROM odd WHERE id < 7
SELECT max_by(js, ts) FROM ev
SELECT approx_distinct(usr), approx_distinct(ts) FROM odd
SELECT approx_percentile(id, 0.5), approx_percentile(id, 0.95), approx_percentile(id, 0) FROM odd
SELECT approx_percentile(d, 0.5e0) FROM odd
SELECT histogram(usr) FROM ev
SELECT arbitrary(usr) FROM ev WHERE usr = 'bob'
SELECT round(stddev(i), 6), round(variance(i), 4), round(stddev_pop(d), 3) FROM odd WHERE id < 6
SELECT round(corr(i, id), 6), round(covar_pop(i, id), 6) FROM odd WHERE id < 6
SELECT bitwise_and_agg(id), bitwise_or_agg(id), bitwise_xor_agg(id) FROM odd
SELECT b, grouping(b), count(*) FROM odd GROUP BY GROUPING SETS ((b), ()) ORDER BY 2, 1
SELECT b, usr, count(*) FROM odd WHERE id < 4 GROUP BY ROLLUP (b, usr) ORDER BY 1, 2, 3
SELECT b, usr, count(*) FROM odd WHERE id < 4 GROUP BY CUBE (b, usr) ORDER BY 1, 2, 3
SELECT count(*) FROM odd HAVING count(*) > 5
SELECT max(length(usr)) + 1, 'x' FROM odd
SELECT usr, max(ts) - min(ts) FROM ev GROUP BY usr ORDER BY usr
SELECT id, row_number() OVER (ORDER BY id DESC) FROM odd ORDER BY id
SELECT id, rank() OVER (ORDER BY b), dense_rank() OVER (ORDER BY b), percent_rank() OVER (ORDER BY b) FROM odd ORDER BY id
SELECT id, cume_dist() OVER (ORDER BY b), ntile(5) OVER (ORDER BY id) FROM odd ORDER BY id
SELECT usr, ts, lag(ts) OVER (PARTITION BY usr ORDER BY ts) FROM ev ORDER BY ts
SELECT usr, ts, date_diff('minute', lag(ts) OVER (PARTITION BY usr ORDER BY ts), ts) FROM ev ORDER BY ts
SELECT id, lead(i, 2) OVER (ORDER BY id), lag(i, 1, 99) OVER (ORDER BY id) FROM odd ORDER BY id
SELECT id, first_value(usr) OVER (PARTITION BY b ORDER BY id), last_value(usr) OVER (PARTITION BY b ORDER BY id) FROM odd ORDER BY id
SELECT id, last_value(i) OVER (ORDER BY id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) FROM odd ORDER BY id
SELECT id, last_value(i) IGNORE NULLS OVER (ORDER BY id), lag(i) IGNORE NULLS OVER (ORDER BY id) FROM odd ORDER BY id
SELECT id, nth_value(usr, 2) OVER (ORDER BY id) FROM odd ORDER BY id
SELECT id, sum(id) OVER (ORDER BY id ROWS 2 PRECEDING) FROM odd ORDER BY id
SELECT id, count(*) OVER (ORDER BY id RANGE BETWEEN 2 PRECEDING AND 1 FOLLOWING) FROM odd ORDER BY id
SELECT usr, count(*) OVER (PARTITION BY usr ORDER BY ts RANGE BETWEEN INTERVAL '1' HOUR PRECEDING AND CURRENT ROW) FROM ev ORDER BY ts
SELECT usr, count(*), sum(count(*)) OVER () FROM ev GROUP BY usr ORDER BY usr
SELECT usr, rank() OVER (ORDER BY count(*) DESC) FROM ev GROUP BY usr ORDER BY usr
SELECT id, sum(i) OVER w, max(i) OVER w FROM odd WHERE i < 100 WINDOW w AS (PARTITION BY b ORDER BY id) ORDER BY id
SELECT * FROM (SELECT usr, row_number() OVER (PARTITION BY usr ORDER BY ts DESC) AS rn FROM ev) AS q WHERE rn = 1 ORDER BY usr
SELECT a.usr, b.id FROM ev AS a JOIN odd AS b ON a.usr = b.usr ORDER BY a.ts, b.id
SELECT a.usr, b.id FROM ev AS a LEFT JOIN odd AS b ON a.usr = b.usr AND b.id > 0 ORDER BY a.ts, b.id
SELECT a.usr, b.id FROM ev AS a RIGHT JOIN odd AS b ON a.usr = b.usr WHERE b.id < 5 ORDER BY b.id, a.ts
SELECT coalesce(a.usr, 'none'), b.id FROM ev a FULL JOIN odd b ON a.usr = b.usr AND b.id = 0 ORDER BY 2, 1
SELECT usr, id FROM ev JOIN odd USING (usr) ORDER BY id, ev.ts
SELECT usr, a.dt, b.id FROM ev a JOIN odd b USING (usr) WHERE a.dt = '2026-01-01' ORDER BY b.id
SELECT * FROM (SELECT usr, dt FROM ev) a JOIN (SELECT usr, id FROM odd) b USING (usr) ORDER BY id, dt
SELECT a.id, b.id FROM odd a, odd b WHERE a.id = b.id AND b.i > 4 ORDER BY 1
SELECT usr FROM ev WHERE usr IN (SELECT usr FROM odd WHERE id = 1) ORDER BY ts
SELECT usr FROM ev WHERE usr NOT IN (SELECT usr FROM odd WHERE id = 1) ORDER BY ts
SELECT count(*) FROM ev WHERE usr NOT IN (SELECT usr FROM odd)
SELECT id FROM odd o WHERE EXISTS (SELECT 1 FROM ev e WHERE e.usr = o.usr) ORDER BY id
SELECT id FROM odd o WHERE NOT EXISTS (SELECT 1 FROM ev e WHERE e.usr = o.usr) ORDER BY id
SELECT id, (SELECT max(ts) FROM ev) FROM odd WHERE id < 3 ORDER BY id
SELECT id, (SELECT count(*) FROM ev e WHERE e.usr = o.usr) FROM odd o ORDER BY id
SELECT id FROM odd WHERE i > (SELECT avg(i) FROM odd WHERE i < 100) ORDER BY id
SELECT id FROM odd WHERE i >= ALL (SELECT i FROM odd WHERE i IS NOT NULL) ORDER BY id
SELECT id FROM odd WHERE usr = ANY (SELECT usr FROM ev) ORDER BY id
SELECT usr FROM ev UNION SELECT usr FROM odd WHERE id < 3 ORDER BY usr
SELECT usr FROM ev UNION ALL SELECT usr FROM ev ORDER BY 1
SELECT usr FROM ev INTERSECT SELECT usr FROM odd ORDER BY 1
SELECT usr FROM odd WHERE id < 4 EXCEPT SELECT usr FROM ev ORDER BY 1
SELECT i FROM odd WHERE id = 1 UNION ALL SELECT d FROM odd WHERE id = 1 ORDER BY 1
SELECT i AS x FROM odd WHERE id < 3 UNION ALL SELECT n FROM odd WHERE id < 3 ORDER BY x
(SELECT usr FROM ev ORDER BY ts LIMIT 1) UNION ALL (SELECT usr FROM ev ORDER BY ts DESC LIMIT 1)
WITH a AS (SELECT usr, count(*) AS n FROM ev GROUP BY usr) SELECT usr FROM a WHERE n > 1
WITH a (who) AS (SELECT usr FROM ev), b AS (SELECT who FROM a WHERE who LIKE 'b%') SELECT count(*) FROM b
SELECT usr FROM odd ORDER BY usr
SELECT usr FROM odd ORDER BY usr DESC NULLS FIRST, id
SELECT i FROM odd ORDER BY i DESC
SELECT id FROM odd ORDER BY length(usr), id
SELECT lower(usr) AS usr FROM odd ORDER BY usr, id
SELECT id AS x FROM odd ORDER BY -x LIMIT 3
SELECT DISTINCT b FROM odd ORDER BY b
SELECT DISTINCT usr, b FROM odd ORDER BY 1, 2
SELECT id FROM odd ORDER BY id OFFSET 3 LIMIT 2
SELECT id, r FROM odd CROSS JOIN UNNEST(roles) AS t (r) ORDER BY id, r
SELECT id, r, o FROM odd CROSS JOIN UNNEST(roles) WITH ORDINALITY AS t (r, o) ORDER BY id, o
SELECT id, x, r FROM odd CROSS JOIN UNNEST(nums, roles) AS t (x, r) ORDER BY id, x, r
SELECT id, k, v FROM odd CROSS JOIN UNNEST(tags) AS t (k, v) ORDER BY id, k
SELECT id, r FROM odd LEFT JOIN UNNEST(roles) AS t (r) ON true ORDER BY id, r
SELECT id, x FROM odd CROSS JOIN UNNEST(CAST(json_extract(js, '$.l') AS array(bigint))) AS t (x) WHERE id = 0 ORDER BY x
SELECT r, count(*) FROM odd CROSS JOIN UNNEST(roles) AS t (r) GROUP BY r ORDER BY 2 DESC, 1
SELECT id, f FROM odd CROSS JOIN UNNEST(transform(roles, x -> upper(x))) AS t (f) ORDER BY id, f
SELECT ident.type, odd.ident.arn FROM odd ORDER BY id
SELECT id FROM odd WHERE ident.type = 'IAM' ORDER BY id
SELECT CAST(ROW(1, 'x') AS row(a bigint, b varchar)).a
SELECT transform(roles, x -> length(x)) FROM odd ORDER BY id
SELECT filter(nums, x -> x > i) FROM odd ORDER BY id
SELECT any_match(nums, x -> x > 3), all_match(nums, x -> x > 3), none_match(nums, x -> x > 3) FROM odd ORDER BY id
SELECT reduce(nums, CAST(0 AS bigint), (s, x) -> s + coalesce(x, 0), s -> s * 2) FROM odd ORDER BY id
SELECT contains(nums, 7), contains(roles, 'a'), contains(nums, NULL) FROM odd ORDER BY id
SELECT array_max(nums), array_min(nums), cardinality(nums) FROM odd ORDER BY id
SELECT array_distinct(nums), array_sort(nums), reverse(nums) FROM odd ORDER BY id
SELECT array_position(nums, 2), array_remove(nums, 2), arrays_overlap(nums, ARRAY[1, 2]) FROM odd ORDER BY id
SELECT slice(nums, 2, 2), slice(nums, -2, 1) FROM odd ORDER BY id
SELECT array_join(roles, '+'), array_join(nums, ',', 'none') FROM odd ORDER BY id
SELECT element_at(nums, 1), element_at(nums, -1), element_at(tags, 'k') FROM odd ORDER BY id
SELECT roles[1] FROM odd WHERE id IN (0, 1) ORDER BY id
SELECT roles[9] FROM odd
SELECT tags['nope'] FROM odd
SELECT map_keys(tags), map_values(tags), cardinality(tags) FROM odd ORDER BY id
SELECT json_extract_scalar(js, '$.s'), json_extract_scalar(js, '$.a.b'), json_extract_scalar(js, '$.n') FROM odd ORDER BY id
SELECT json_extract_scalar(js, '$.l[1]'), json_extract_scalar(js, '$[1]'), json_extract_scalar(js, '$') FROM odd ORDER BY id
SELECT json_extract(js, '$.l'), json_extract(js, '$.a'), json_extract(js, '$') FROM odd ORDER BY id
SELECT json_array_length(js), json_array_length(json_extract(js, '$.l')), json_size(js, '$.a') FROM odd ORDER BY id
SELECT CAST(json_extract(js, '$.l') AS array(varchar)) FROM odd WHERE id <> 5 ORDER BY id
SELECT is_json_scalar(json_extract(js, '$.s')) FROM odd ORDER BY id
SELECT json_array_contains(json_extract(js, '$'), 'two') FROM odd ORDER BY id
SELECT json_format(json_parse('{"b": [1, 2.50], "a": "x"}'))
SELECT date_add('day', 3, ts), date_add('month', -1, day), date_add('week', 2, ts) FROM odd ORDER BY id
SELECT date_diff('day', TIMESTAMP '2026-01-01 00:00:00', ts), date_diff('month', day, DATE '2026-02-28'), date_diff('second', ts, TIMESTAMP '2026-01-01 00:00:00') FROM odd ORDER BY id
SELECT date_trunc('week', ts), date_trunc('quarter', day), date_trunc('minute', ts) FROM odd ORDER BY id
SELECT year(ts), quarter(ts), month(ts), week(ts), day(ts), day_of_week(ts), day_of_year(ts), hour(ts), minute(ts), second(ts), millisecond(ts) FROM odd ORDER BY id
SELECT extract(year FROM day), extract(dow FROM day), extract(doy FROM day), extract(week FROM day), extract(hour FROM ts) FROM odd ORDER BY id
SELECT date_format(ts, '%Y-%m-%d %H:%i:%s'), date_format(ts, '%a %b %e %f'), date_format(day, '%W %M %c') FROM odd ORDER BY id
SELECT format_datetime(ts, 'yyyy-MM-dd HH:mm:ss.SSS'), format_datetime(ts, 'EEE d MMM') FROM odd ORDER BY id
SELECT date_parse('2026-01-02 03:04:05', '%Y-%m-%d %H:%i:%s'), parse_datetime('2026-01-02', 'yyyy-MM-dd')
SELECT from_iso8601_timestamp('2026-01-02T03:04:05.678Z'), from_iso8601_timestamp('2026-01-02T03:04:05+02:00'), from_iso8601_date('2026-01-02')
SELECT count(*) FROM odd WHERE ts >= from_iso8601_timestamp('2026-01-01T00:00:00Z')
SELECT to_iso8601(ts), to_iso8601(day) FROM odd ORDER BY id
SELECT to_unixtime(ts), from_unixtime(to_unixtime(ts)) FROM odd ORDER BY id
SELECT ts AT TIME ZONE 'Asia/Tokyo', hour(ts AT TIME ZONE 'Asia/Tokyo'), date(ts AT TIME ZONE 'America/New_York') FROM odd ORDER BY id
SELECT date_trunc('day', ts AT TIME ZONE 'America/New_York') FROM odd WHERE id <> 5 ORDER BY id
SELECT CAST(ts AS varchar), CAST(ts AS date), CAST(day AS timestamp), CAST(ts AS timestamp(0)) FROM odd ORDER BY id
SELECT CAST(ts AT TIME ZONE 'UTC' AS varchar) FROM odd ORDER BY id
SELECT ts + INTERVAL '1' DAY, ts - INTERVAL '2' HOUR, day + INTERVAL '1' MONTH, day - INTERVAL '1' YEAR FROM odd ORDER BY id
SELECT ts - TIMESTAMP '2026-01-01 00:00:00', day - DATE '2026-01-01' FROM odd ORDER BY id
SELECT last_day_of_month(day), last_day_of_month(ts), date(ts) FROM odd ORDER BY id
SELECT current_timestamp > TIMESTAMP '2020-01-01 00:00:00', now() > current_timestamp - INTERVAL '1' DAY, current_date > DATE '2020-01-01'
SELECT to_milliseconds(ts - TIMESTAMP '2026-01-01 00:00:00') FROM odd ORDER BY id
SELECT substr(usr, 2), substr(usr, -3), substr(usr, 1, 2), substr(usr, 0), substring(usr FROM 2 FOR 3) FROM odd ORDER BY id
SELECT length(usr), lower(usr), upper(usr), reverse(usr), trim(usr), ltrim(usr), rtrim(usr) FROM odd ORDER BY id
SELECT strpos(usr, 'a'), position('b' IN usr), starts_with(usr, 'a'), replace(usr, 'a', 'A'), replace(usr, 'e') FROM odd ORDER BY id
SELECT split(usr, '.'), split(usr, '.', 2), split_part(usr, ':', 6), split_part(usr, '.', 1) FROM odd ORDER BY id
SELECT concat(usr, '/', dt), usr || '/' || dt, concat_ws('/', usr, dt), concat_ws('+', roles) FROM odd ORDER BY id
SELECT lpad(usr, 6, '*'), rpad(usr, 6, '*'), translate(usr, 'abc', 'xy'), chr(8364), codepoint('é') FROM odd ORDER BY id
SELECT levenshtein_distance(usr, 'alice') FROM odd ORDER BY id
SELECT regexp_like(usr, '^[a-z]+$'), regexp_like(usr, '(?i)ÉCOLE'), regexp_like(usr, '\s') FROM odd ORDER BY id
SELECT regexp_extract(usr, '(\w+)=(\w+)', 2), regexp_extract(usr, '[0-9]{12}'), regexp_extract_all(usr, '[a-z]+') FROM odd ORDER BY id
SELECT regexp_replace(usr, '[aeiou]', '<$0>'), regexp_replace(usr, '\d'), regexp_count(usr, 'a'), regexp_split(usr, '[.:=]') FROM odd ORDER BY id
SELECT regexp_like(usr, '(?!a)b')
SELECT regexp_like('aa', '(a)\1')
SELECT regexp_extract('b', '(a)?b', 1)
SELECT id FROM odd WHERE usr LIKE 'a%' OR usr LIKE '%\_%' ESCAPE '\' ORDER BY id
SELECT usr LIKE '_lice', usr NOT LIKE '%b%' FROM odd ORDER BY id
SELECT id FROM odd WHERE contains('10.0.0.0/8', TRY_CAST(ip AS ipaddress)) ORDER BY id
SELECT id FROM odd WHERE contains('2001:db8::/32', TRY_CAST(ip AS ipaddress)) ORDER BY id
SELECT TRY_CAST(ip AS ipaddress) FROM odd ORDER BY id
SELECT id FROM odd WHERE TRY_CAST(ip AS ipaddress) BETWEEN ipaddress '10.0.0.0' AND ipaddress '192.168.255.255' ORDER BY id
SELECT url_extract_host(url), url_extract_path(url), url_extract_protocol(url), url_extract_port(url) FROM odd ORDER BY id
SELECT url_extract_query(url), url_extract_fragment(url), url_extract_parameter(url, 'x') FROM odd ORDER BY id
SELECT url_encode(usr), url_decode(url_encode(usr)) FROM odd ORDER BY id
SELECT to_hex(md5(to_utf8(usr))), to_hex(sha1(to_utf8(usr))), to_hex(sha256(to_utf8(usr))), to_hex(sha512(to_utf8(usr))) FROM odd ORDER BY id
SELECT to_base64(to_utf8(usr)), from_utf8(from_base64(to_base64(to_utf8(usr)))), crc32(to_utf8(usr)) FROM odd ORDER BY id
SELECT n / 7, n % 7, -n, abs(n), i / 3, i % 3, mod(i, 3), sign(i) FROM odd WHERE id <> 7 ORDER BY id
SELECT m + 1, m - 0.5, m * 3, m / 3, m * m, -m FROM odd ORDER BY id
SELECT d + 1, d * 2, d / 3, d % 2, -d, abs(d) FROM odd ORDER BY id
SELECT 100.0 * count_if(b) / count(*) FROM odd
SELECT 1e0 * count_if(b) / count(*) FROM odd
SELECT round(m, 1), round(d), round(d, 1), ceil(m), floor(m), truncate(m), ceil(d), floor(d), truncate(d) FROM odd ORDER BY id
SELECT sqrt(abs(d)), round(log10(abs(d) + 1), 6), round(power(i, 2), 3), ln(2e0) FROM odd WHERE i < 100 ORDER BY id
SELECT greatest(i, 3), least(i, n), greatest(usr, 'b') FROM odd ORDER BY id
SELECT CAST(d AS varchar), CAST(n AS varchar), CAST(m AS varchar), CAST(b AS varchar) FROM odd ORDER BY id
SELECT CAST(d AS bigint), CAST(m AS integer), CAST(m AS bigint), CAST(n AS double) FROM odd ORDER BY id
SELECT TRY_CAST(usr AS integer), TRY_CAST(dt AS date), TRY_CAST(dt AS timestamp), TRY_CAST(usr AS double), TRY_CAST(usr AS boolean) FROM odd ORDER BY id
SELECT TRY_CAST('1_000' AS double), TRY_CAST(' 7 ' AS bigint), TRY_CAST('1.5' AS bigint), TRY_CAST('1e3' AS double), TRY_CAST('1e2' AS decimal(5,1))
SELECT CAST(usr AS varchar(3)) FROM odd ORDER BY id
SELECT CAST(usr AS integer) FROM odd
SELECT nan() = nan(), nan() > 5e0, nan() <> nan(), infinity() > 1e0, is_nan(nan()), is_finite(d) FROM odd WHERE id = 1
SELECT id FROM odd WHERE d / 0 > 1 ORDER BY id
SELECT try(i / 0), try(CAST(usr AS integer)) FROM odd ORDER BY id
SELECT coalesce(usr, ip, 'none'), nullif(usr, 'bob'), if(b, 'yes', 'no'), if(b, 1) FROM odd ORDER BY id
SELECT CASE usr WHEN 'alice' THEN 1 WHEN 'bob' THEN 2 ELSE 0 END, CASE WHEN i > 3 THEN 'big' END FROM odd ORDER BY id
SELECT usr IS NULL, usr IS NOT NULL, usr IS DISTINCT FROM 'bob', i IS NOT DISTINCT FROM NULL FROM odd ORDER BY id
SELECT i BETWEEN 0 AND 5, i NOT BETWEEN 0 AND 5, i IN (1, 2, NULL), usr NOT IN ('bob') FROM odd ORDER BY id
SELECT bitwise_and(id, 3), bitwise_or(id, 4), bitwise_xor(id, 1), bitwise_not(id) FROM odd ORDER BY id
SELECT to_base(255, 16), from_base('ff', 16), from_hex('6869'), typeof(ts), typeof(nums)
SELECT usr FROM ev WHERE (usr, dt) IN (('alice', '2026-01-01'), ('bob', '2026-01-02')) ORDER BY ts
SELECT usr AS "Weird name; --", 'it''s' FROM ev ORDER BY ts LIMIT 1
SELECT 'multi' /* a comment */ -- and another
SELECT 2147483648, 9223372036854775807, 0.10, 1.50, .5, 5., 1E3, -0
SELECT 1 + 2 * 3 - 4 / 2 % 3, - (2 + 3), 2 - -3, NOT true OR true, 'a' || 'b' = 'ab'
SELECT usr FROM ev ORDER BY 1 LIMIT ALL
SELECT usr FROM ev LIMIT 1 OFFSET 1
SELECT usr FROM ev WHERE ts > '2026-01-01'
SELECT usr FROM ev WHERE dt = DATE '2026-01-01'
SELECT usr FROM ev WHERE usr = 5
SELECT usr FROM ev WHERE roles = 'dev'
SELECT coalesce(usr, 1) FROM ev
SELECT if(true, 1, 'x')
SELECT usr FROM ev UNION ALL SELECT ts FROM ev
SELECT 1 WHERE 1 = '1'
SELECT usr u FROM ev WHERE u = 'bob'
SELECT usr u, count(*) FROM ev GROUP BY u
SELECT count(*) c FROM ev HAVING c > 1
SELECT usr, ts FROM ev GROUP BY usr
SELECT * FROM ev GROUP BY usr
SELECT usr FROM ev WHERE count(*) > 1
SELECT usr FROM ev WHERE row_number() OVER (ORDER BY ts) = 1
SELECT sum(sum(i)) FROM odd
SELECT usr FROM ev QUALIFY row_number() OVER (ORDER BY ts) = 1
SELECT * EXCEPT (usr) FROM ev
SELECT * REPLACE (1 AS usr) FROM ev
SELECT DISTINCT ON (usr) usr FROM ev
SELECT usr, FROM ev
SELECT usr FROM ev GROUP BY ALL
SELECT usr FROM ev ORDER BY ALL
FROM ev SELECT usr
SELECT TOP 1 usr FROM ev
SELECT usr FROM ev WHERE usr SIMILAR TO 'a%'
SELECT usr FROM ev WHERE usr RLIKE 'a'
SELECT usr FROM ev WHERE usr ~ 'a'
SELECT usr FROM ev WHERE usr == 'bob'
SELECT usr FROM ev WHERE usr LIKE ANY ('a%', 'b%')
SELECT js -> '$.a', js ->> '$.s' FROM ev
SELECT usr[1] FROM ev
SELECT {'a': 1}
SELECT E'a\n'
SELECT 7 // 2
SELECT 2 ** 3
SELECT 5 & 3
SELECT 1::varchar
SELECT true IS TRUE
SELECT usr ISNULL FROM ev
SELECT current_user
SELECT version()
SELECT random()
SELECT uuid()
SELECT now()::date
SELECT strftime(ts, '%Y') FROM ev
SELECT date_part('year', ts) FROM ev
SELECT datediff('day', ts, ts) FROM ev
SELECT list_contains(roles, 'a') FROM ev
SELECT string_agg(usr, ',') FROM ev
SELECT regexp_matches(usr, 'a') FROM ev
SELECT len(usr) FROM ev
SELECT left(usr, 1) FROM ev
SELECT ifnull(usr, 'x') FROM ev
SELECT date_trunc('decade', ts) FROM ev
SELECT date_trunc('hour', day) FROM odd
SELECT date_add('hour', 1, day) FROM odd
SELECT day + INTERVAL '1' HOUR FROM odd
SELECT day + 1 FROM odd
SELECT ts - 1 FROM ev
SELECT INTERVAL 1 DAY
SELECT INTERVAL '1 day'
SELECT usr || 1 FROM ev
SELECT length(5)
SELECT lower(ts) FROM ev
SELECT sum(usr) FROM ev
SELECT avg(ts) FROM ev
SELECT max(tags) FROM ev
SELECT count(DISTINCT usr, dt) FROM ev
SELECT json_extract_scalar(js, 'a') FROM ev
SELECT json_extract_scalar(js, '$.a[*]') FROM ev
SELECT json_extract_scalar(js, usr) FROM ev
SELECT json_extract(js, '$.s') = 'x' FROM ev
SELECT tags = tags FROM ev
SELECT filter(nums, x -> x) FROM odd
SELECT transform(nums, (a, b) -> a) FROM odd
SELECT reduce(nums, 0, (s, x) -> s + x, s -> s) FROM odd
SELECT nosuch(usr) FROM ev
SELECT nosuch FROM ev
SELECT ev.nosuch FROM ev
SELECT x.usr FROM ev
SELECT usr FROM ev AS e WHERE ev.usr = 'bob'
SELECT usr FROM ev a JOIN odd b ON a.usr = b.usr
SELECT usr FROM ev NATURAL JOIN odd
SELECT * FROM ev TABLESAMPLE BERNOULLI (50)
SELECT * FROM ev FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00'
SELECT * FROM UNNEST(ARRAY[1, 2]) AS t (x)
SELECT * FROM (VALUES 1, 2) AS t (x)
SELECT usr FROM ev ORDER BY nosuch
SELECT usr FROM ev ORDER BY 2
SELECT DISTINCT usr FROM ev ORDER BY ts
SELECT usr FROM ev UNION SELECT usr FROM odd ORDER BY ts
SELECT (SELECT usr, dt FROM ev)
SELECT (SELECT usr FROM ev)
SELECT usr FROM ev WHERE usr IN (SELECT usr, dt FROM ev)
SELECT CAST('x' AS integer)
SELECT CAST('2026-13-01' AS date)
SELECT DATE '2026-02-30'
SELECT 1 / 0
SELECT 5 % 0
SELECT n * n * n FROM odd
SELECT 9223372036854775808
SELECT element_at(nums, 0) FROM odd
SELECT substr(usr, '1') FROM ev
SELECT usr FROM ev WHERE NOT usr
SELECT usr FROM ev WHERE ts
SELECT CASE WHEN usr THEN 1 END FROM ev
SELECT usr FROM ev;
