"""The scalar functions that a query may call: name | arguments | result | how DuckDB says it.

`T` and the like stand for any type; `#1` is the type of the first argument. A rendering is DuckDB's
SQL with `_1` for the first argument, or `@name` for one that is made by `special`. `!` before the
result says that equal arguments need not give the same bits on both engines (the last digit of a
logarithm). Several lines of one name are tried in order. Left out on purpose: whatever answers
differently each time, makes long text or many rows from nothing, or runs on one engine only.
"""

from __future__ import annotations

TEXT = """
length | varchar | bigint | length(_1)
length | varbinary | bigint | octet_length(_1)
lower | varchar | varchar | lower(_1)
upper | varchar | varchar | @upper
trim | varchar | varchar | mantissa_trim(_1)
ltrim | varchar | varchar | mantissa_ltrim(_1)
rtrim | varchar | varchar | mantissa_rtrim(_1)
trim | varchar, varchar | varchar | @trim_of
ltrim | varchar, varchar | varchar | @trim_of
rtrim | varchar, varchar | varchar | @trim_of
reverse | varchar | varchar | mantissa_reverse(_1)
reverse | array(T) | array(T) | list_reverse(_1)
strpos | varchar, varchar | bigint | strpos(_1, _2)
starts_with | varchar, varchar | boolean | starts_with(_1, _2)
replace | varchar, varchar | varchar | @replace
replace | varchar, varchar, varchar | varchar | @replace
substr | varchar, bigint | varchar | @substr
substr | varchar, bigint, bigint | varchar | @substr
substring | varchar, bigint | varchar | @substr
substring | varchar, bigint, bigint | varchar | @substr
split | varchar, varchar | array(varchar) | @split
split | varchar, varchar, bigint | array(varchar) | mantissa_split_n(_1, _2, _3)
split_part | varchar, varchar, bigint | varchar | mantissa_split_part(_1, _2, _3)
concat | varchar, varchar... | varchar | @joined
concat | array(T), array(T)... | array(T) | @joined
concat_ws | varchar, array(varchar) | varchar | @concat_ws
concat_ws | varchar, varchar... | varchar | @concat_ws
lpad | varchar, bigint, varchar | varchar | @pad
rpad | varchar, bigint, varchar | varchar | @pad
translate | varchar, varchar, varchar | varchar | translate(_1, _2, _3)
chr | bigint | varchar | chr(CAST(_1 AS integer))
codepoint | varchar | integer | @codepoint
levenshtein_distance | varchar, varchar | bigint | mantissa_levenshtein(_1, _2)
regexp_like | varchar, varchar | boolean | @regexp_like
regexp_extract | varchar, varchar | varchar | @regexp_extract
regexp_extract | varchar, varchar, bigint | varchar | @regexp_extract
regexp_extract_all | varchar, varchar | array(varchar) | @regexp_extract_all
regexp_extract_all | varchar, varchar, bigint | array(varchar) | @regexp_extract_all
regexp_replace | varchar, varchar | varchar | @regexp_replace
regexp_replace | varchar, varchar, varchar | varchar | @regexp_replace
regexp_count | varchar, varchar | bigint | @regexp_count
regexp_split | varchar, varchar | array(varchar) | @regexp_split
to_utf8 | varchar | varbinary | encode(_1)
from_utf8 | varbinary | varchar | mantissa_from_utf8(_1)
to_hex | varbinary | varchar | hex(_1)
from_hex | varchar | varbinary | mantissa_from_hex(_1)
to_base64 | varbinary | varchar | base64(_1)
from_base64 | varchar | varbinary | mantissa_from_base64(_1)
md5 | varbinary | varbinary | unhex(md5(_1))
sha1 | varbinary | varbinary | unhex(sha1(_1))
sha256 | varbinary | varbinary | unhex(sha256(_1))
sha512 | varbinary | varbinary | mantissa_sha512(_1)
crc32 | varbinary | bigint | mantissa_crc32(_1)
url_extract_host | varchar | varchar | mantissa_url(_1, 'host')
url_extract_path | varchar | varchar | mantissa_url(_1, 'path')
url_extract_protocol | varchar | varchar | mantissa_url(_1, 'protocol')
url_extract_query | varchar | varchar | mantissa_url(_1, 'query')
url_extract_fragment | varchar | varchar | mantissa_url(_1, 'fragment')
url_extract_port | varchar | bigint | CAST(mantissa_url(_1, 'port') AS bigint)
url_extract_parameter | varchar, varchar | varchar | mantissa_url_parameter(_1, _2)
url_encode | varchar | varchar | mantissa_url_encode(_1)
url_decode | varchar | varchar | mantissa_url_decode(_1)
json_extract_scalar | varchar, varchar | varchar | @json_extract_scalar
json_extract_scalar | json, varchar | varchar | @json_extract_scalar
json_extract | varchar, varchar | json | @json_extract
json_extract | json, varchar | json | @json_extract
json_parse | varchar | json | mantissa_json_slow(_1, '', 'parse')
json_format | json | varchar | _1
json_array_length | varchar | bigint | @json_array_length
json_array_length | json | bigint | @json_array_length
json_size | varchar, varchar | bigint | @json_size
json_size | json, varchar | bigint | @json_size
json_array_contains | varchar, varchar | boolean | @json_array_contains
json_array_contains | json, varchar | boolean | @json_array_contains
is_json_scalar | varchar | boolean | @is_json_scalar
is_json_scalar | json | boolean | @is_json_scalar
contains | varchar, ipaddress | boolean | @in_network
typeof | T | varchar | @typeof
"""

NUMBERS = """
abs | integer | integer | abs(_1)
abs | bigint | bigint | abs(_1)
abs | decimal | #1 | abs(_1)
abs | double | double | abs(_1)
ceil | integer | integer | _1
ceil | bigint | bigint | _1
ceil | decimal | @whole | @rounded_up
ceil | double | double | ceil(_1)
ceiling | integer | integer | _1
ceiling | bigint | bigint | _1
ceiling | decimal | @whole | @rounded_up
ceiling | double | double | ceil(_1)
floor | integer | integer | _1
floor | bigint | bigint | _1
floor | decimal | @whole | @rounded_down
floor | double | double | floor(_1)
round | integer | integer | _1
round | bigint | bigint | _1
round | decimal | @whole | @rounded
round | double | double | @round_double
round | decimal, integer | @more | @rounded_to
round | double, integer | double | @round_double
truncate | decimal | @whole | @truncated
truncate | double | double | trunc(_1)
sign | integer | integer | CAST(sign(_1) AS integer)
sign | bigint | bigint | CAST(sign(_1) AS bigint)
sign | double | double | @sign
sqrt | double | double | sqrt(_1)
cbrt | double | !double | cbrt(_1)
exp | double | !double | exp(_1)
ln | double | double | ln(_1)
log2 | double | !double | ln(_1) / ln(CAST(2 AS double))
log10 | double | !double | log10(_1)
power | double, double | !double | CASE WHEN NOT isfinite(_2) AND abs(_1) = 1 THEN CAST('NaN' AS double) ELSE pow(_1, _2) END
pow | double, double | !double | CASE WHEN NOT isfinite(_2) AND abs(_1) = 1 THEN CAST('NaN' AS double) ELSE pow(_1, _2) END
mod | T, T | T | @mod
degrees | double | double | degrees(_1)
radians | double | double | radians(_1)
sin | double | !double | sin(_1)
cos | double | !double | cos(_1)
tan | double | !double | tan(_1)
asin | double | !double | asin(_1)
acos | double | !double | acos(_1)
atan | double | !double | atan(_1)
atan2 | double, double | !double | atan2(_1, _2)
pi | | double | pi()
e | | double | exp(CAST(1 AS double))
nan | | double | CAST('NaN' AS double)
infinity | | double | CAST('Infinity' AS double)
is_nan | double | boolean | isnan(_1)
is_finite | double | boolean | isfinite(_1)
is_infinite | double | boolean | isinf(_1)
bitwise_and | bigint, bigint | bigint | @bits
bitwise_or | bigint, bigint | bigint | @bits
bitwise_xor | bigint, bigint | bigint | xor(_1, _2)
bitwise_not | bigint | bigint | - _1 - 1
greatest | T, T... | T | @most
least | T, T... | T | @most
from_base | varchar, bigint | bigint | mantissa_from_base(_1, _2)
to_base | bigint, bigint | varchar | mantissa_to_base(_1, _2)
"""

TIMES = """
now | | timestamptz(3) | @now
year | date | bigint | year(_1)
year | timestamp | bigint | year(_1)
year | timestamptz | bigint | @field
quarter | date | bigint | quarter(_1)
quarter | timestamp | bigint | quarter(_1)
quarter | timestamptz | bigint | @field
month | date | bigint | month(_1)
month | timestamp | bigint | month(_1)
month | timestamptz | bigint | @field
week | date | bigint | weekofyear(_1)
week | timestamp | bigint | weekofyear(_1)
week | timestamptz | bigint | @field
week_of_year | date | bigint | weekofyear(_1)
week_of_year | timestamp | bigint | weekofyear(_1)
week_of_year | timestamptz | bigint | @field
day | date | bigint | day(_1)
day | timestamp | bigint | day(_1)
day | timestamptz | bigint | @field
day | interval_day | bigint | @interval_part
day_of_month | date | bigint | day(_1)
day_of_month | timestamp | bigint | day(_1)
day_of_month | timestamptz | bigint | @field
day_of_week | date | bigint | isodow(_1)
day_of_week | timestamp | bigint | isodow(_1)
day_of_week | timestamptz | bigint | @field
dow | date | bigint | isodow(_1)
dow | timestamp | bigint | isodow(_1)
dow | timestamptz | bigint | @field
day_of_year | date | bigint | dayofyear(_1)
day_of_year | timestamp | bigint | dayofyear(_1)
day_of_year | timestamptz | bigint | @field
doy | date | bigint | dayofyear(_1)
doy | timestamp | bigint | dayofyear(_1)
doy | timestamptz | bigint | @field
year_of_week | date | bigint | isoyear(_1)
year_of_week | timestamp | bigint | isoyear(_1)
year_of_week | timestamptz | bigint | @field
yow | date | bigint | isoyear(_1)
yow | timestamp | bigint | isoyear(_1)
yow | timestamptz | bigint | @field
hour | timestamp | bigint | hour(_1)
hour | timestamptz | bigint | @field
hour | interval_day | bigint | @interval_part
minute | timestamp | bigint | minute(_1)
minute | timestamptz | bigint | @field
minute | interval_day | bigint | @interval_part
second | timestamp | bigint | second(_1)
second | timestamptz | bigint | @field
second | interval_day | bigint | @interval_part
millisecond | timestamp | bigint | millisecond(_1) % 1000
millisecond | timestamptz | bigint | @field
to_milliseconds | interval_day | bigint | CAST(epoch_us(_1) / 1000 AS bigint)
last_day_of_month | date | date | last_day(_1)
last_day_of_month | timestamp | date | last_day(_1)
last_day_of_month | timestamptz | date | @field
date | timestamp | date | CAST(_1 AS date)
date | timestamptz | date | @date
date | varchar | date | @date
date_trunc | varchar, date | date | @date_trunc
date_trunc | varchar, timestamp | #2 | @date_trunc
date_trunc | varchar, timestamptz | #2 | @date_trunc
date_add | varchar, bigint, date | date | @date_add
date_add | varchar, bigint, timestamp | #3 | @date_add
date_add | varchar, bigint, timestamptz | #3 | @date_add
date_diff | varchar, date, date | bigint | @date_diff
date_diff | varchar, timestamp, timestamp | bigint | @date_diff
date_diff | varchar, timestamptz, timestamptz | bigint | @date_diff
date_format | timestamp, varchar | varchar | @date_format
date_format | timestamptz, varchar | varchar | @date_format
format_datetime | timestamp, varchar | varchar | @format_datetime
format_datetime | timestamptz, varchar | varchar | @format_datetime
date_parse | varchar, varchar | timestamp(3) | @date_parse
parse_datetime | varchar, varchar | timestamptz(3) | @parse_datetime
from_iso8601_timestamp | varchar | timestamptz(3) | @from_iso8601_timestamp
from_iso8601_date | varchar | date | @from_iso8601_date
to_iso8601 | date | varchar | strftime(_1, '%Y-%m-%d')
to_iso8601 | timestamp | varchar | @to_iso8601
to_iso8601 | timestamptz | varchar | @to_iso8601
from_unixtime | double | timestamptz(3) | @from_unixtime
from_unixtime | double, varchar | timestamptz(3) | @from_unixtime
to_unixtime | timestamptz | double | @to_unixtime
at_timezone | timestamptz, varchar | #1 | @at_timezone
with_timezone | timestamp, varchar | #1 | @with_timezone
current_timezone | | varchar | 'UTC'
"""

LISTS = """
cardinality | array(T) | bigint | len(_1)
cardinality | map(K, V) | bigint | cardinality(_1)
contains | array(T), T | boolean | CASE WHEN _2 IS NOT NULL THEN mantissa_any(list_transform(_1, m_e -> m_e = _2)) END
element_at | array(T), bigint | T | @element_at
element_at | map(K, V), K | V | map_extract_value(_1, _2)
array_distinct | array(T) | array(T) | @array_distinct
array_sort | array(T) | array(T) | list_sort(_1)
array_max | array(T) | T | @array_most
array_min | array(T) | T | @array_most
array_join | array(T), varchar | varchar | @array_join
array_join | array(T), varchar, varchar | varchar | @array_join
array_position | array(T), T | bigint | @array_position
array_remove | array(T), T | array(T) | @array_remove
arrays_overlap | array(T), array(T) | boolean | @arrays_overlap
array_union | array(T), array(T) | array(T) | @array_union
slice | array(T), bigint, bigint | array(T) | mantissa_slice(_1, _2, _3)
flatten | array(array(T)) | array(T) | @flatten
filter | array(T), (T) -> boolean | array(T) | list_filter(_1, _2)
transform | array(T), (T) -> U | array(U) | list_transform(_1, _2)
any_match | array(T), (T) -> boolean | boolean | mantissa_any(list_transform(_1, _2))
all_match | array(T), (T) -> boolean | boolean | mantissa_all(list_transform(_1, _2))
none_match | array(T), (T) -> boolean | boolean | NOT mantissa_any(list_transform(_1, _2))
reduce | array(T), S, (S, T) -> S, (S) -> R | R | @reduce
map_keys | map(K, V) | array(K) | map_keys(_1)
map_values | map(K, V) | array(V) | map_values(_1)
map_entries | map(K, V) | array(row(K, V)) | @map_entries
map | array(K), array(V) | map(K, V) | @map
"""
