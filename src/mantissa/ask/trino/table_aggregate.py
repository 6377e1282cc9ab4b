"""The aggregates and window functions that a query may call; see `table_scalar` for the columns."""

from __future__ import annotations

AGGREGATES = """
count | | bigint | count(*)
count | T | bigint | count(_1)
count_if | boolean | bigint | @count_if
sum | bigint | bigint | @sum
sum | decimal | @sum_of | @sum
sum | double | double | sum(_1)
avg | bigint | double | @avg
avg | decimal | #1 | @avg
avg | double | double | @avg
min | T | T | @least_of
max | T | T | @least_of
min_by | T, U | T | @by
max_by | T, U | T | @by
arbitrary | T | T | any_value(_1)
any_value | T | T | any_value(_1)
bool_and | boolean | boolean | bool_and(_1)
bool_or | boolean | boolean | bool_or(_1)
every | boolean | boolean | bool_and(_1)
array_agg | T | array(T) | array_agg(_1)
listagg | varchar | varchar | string_agg(_1, '')
listagg | varchar, varchar | varchar | string_agg(_1, _2)
map_agg | K, V | map(K, V) | @map_agg
histogram | T | map(T, bigint) | @histogram
approx_distinct | T | bigint | @approx_distinct
approx_percentile | bigint, double | bigint | @approx_percentile
approx_percentile | double, double | double | @approx_percentile
stddev | double | !double | stddev_samp(_1)
stddev_samp | double | !double | stddev_samp(_1)
stddev_pop | double | !double | stddev_pop(_1)
variance | double | !double | var_samp(_1)
var_samp | double | !double | var_samp(_1)
var_pop | double | !double | var_pop(_1)
corr | double, double | !double | corr(_1, _2)
covar_pop | double, double | !double | covar_pop(_1, _2)
covar_samp | double, double | !double | covar_samp(_1, _2)
bitwise_and_agg | bigint | bigint | bit_and(_1)
bitwise_or_agg | bigint | bigint | bit_or(_1)
bitwise_xor_agg | bigint | bigint | bit_xor(_1)
"""

WINDOWS = """
row_number | | bigint | row_number()
rank | | bigint | rank()
dense_rank | | bigint | dense_rank()
percent_rank | | double | percent_rank()
cume_dist | | double | cume_dist()
ntile | bigint | bigint | @ntile
first_value | T | T | first_value(_1)
last_value | T | T | last_value(_1)
nth_value | T, bigint | T | nth_value(_1, _2)
lag | T | T | lag(_1)
lag | T, bigint | T | @lag
lag | T, bigint, T | T | @lag
lead | T | T | lead(_1)
lead | T, bigint | T | @lag
lead | T, bigint, T | T | @lag
"""

REFUSED = """
random rand uuid shuffle | it answers differently each time
repeat sequence | it makes rows or long values from nothing
json_value json_query json_exists json_object json_array json_table | use json_extract_scalar or json_extract
json_array_get | its documentation calls it broken; use json_extract
array_intersect array_except | the order of what it gives is not the same on every engine
checksum | its value is Trino's own
approx_most_frequent approx_set numeric_histogram tdigest_agg qdigest_agg | its estimate is Trino's own
format format_number | it writes text in Java's way
regexp_position | it does not run on every engine
map_filter transform_keys transform_values zip_with map_zip_with | this lambda does not run on every engine
zip map_concat map_from_entries split_to_map multimap_agg map_union reduce_agg | it does not run on every engine
skewness kurtosis regr_slope regr_intercept geometric_mean | its formula differs between the engines
soundex normalize word_stem human_readable_seconds parse_duration | it does not run on every engine
date_format_nanos from_unixtime_nanos from_iso8601_timestamp_nanos | nanoseconds are not kept here
xxhash64 murmur3 spooky_hash_v2_32 spooky_hash_v2_64 hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 | it does not run on every engine
current_user current_catalog current_schema session_user version | who asks, and where, is not told
"""
"""Trino's functions that are refused by name, with the reason."""

ELSEWHERE = """
ends_with suffix | x LIKE '%…', or substr(x, -n) = '…'
date_part datepart | extract(unit FROM x)
dateadd datesub date_sub | date_add(unit, n, x)
datediff | date_diff(unit, a, b)
strftime to_char | date_format(x, '%Y-%m-%d')
strptime to_timestamp | date_parse(x, '%Y-%m-%d')
json_extract_string | json_extract_scalar(x, '$.key')
json_keys json_type | json_extract(x, '$.key')
regexp_matches | regexp_like(x, '…')
string_split str_split split_to_array | split(x, ',')
string_agg group_concat | listagg(x, ',') WITHIN GROUP (ORDER BY x)
list list_contains array_contains | array_agg(x), contains(array, x)
array_length list_length len array_size | cardinality(array), length(text)
median quantile quantile_cont quantile_disc | approx_percentile(x, 0.5)
approx_count_distinct | approx_distinct(x)
arg_max argmax | max_by(x, y)
arg_min argmin | min_by(x, y)
ifnull nvl isnull | coalesce(x, y)
unnest explode | FROM t CROSS JOIN UNNEST(t.list) AS u(item)
mantissa_cidr | contains('10.0.0.0/8', TRY_CAST(x AS ipaddress))
to_date | date(x), or CAST(x AS date)
left | substr(x, 1, n)
right | substr(x, -n)
epoch | to_unixtime(x)
time_bucket | date_trunc(unit, x)
instr | strpos(x, part)
dayname | date_format(x, '%W')
monthname | date_format(x, '%M')
last_day | last_day_of_month(x)
initcap | upper(substr(x, 1, 1)) || substr(x, 2)
"""
"""Other dialects' functions, and what Trino has in their place."""
