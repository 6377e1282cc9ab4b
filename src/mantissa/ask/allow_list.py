"""What a query may be made of: node types and function names, everything else is refused.

The lists name sqlglot's classes, because sqlglot gives many spellings one class (`||`, `ILIKE`,
`substr` and `substring`). Functions that it has no class for are listed by name and dialect.
Left out on purpose: whatever reads files, settings, the environment or the catalog; whatever runs
SQL given as text; whatever makes rows or long text from nothing (`range`, `repeat`, `lpad`,
`printf`); sleeping; randomness; and functions that are told a function's name.
"""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CLAUSES = _words(
    """
    Select Union Except Intersect Subquery With CTE From Join Where Group Having Qualify Order
    Ordered Limit Offset Distinct Rollup Cube GroupingSets Window WindowSpec Filter WithinGroup
    IgnoreNulls RespectNulls
    Table TableAlias Identifier Column Star Alias Tuple Paren
    Literal Boolean Null DataType DataTypeParam ColumnDef Interval IntervalSpan Var
    Bracket Slice PropertyEQ Lambda Comprehension
    JSONPath JSONPathRoot JSONPathKey JSONPathSubscript JSONPathWildcard JSONPathSlice
    """
)

OPERATORS = _words(
    """
    And Or Not EQ NEQ GT GTE LT LTE NullSafeEQ NullSafeNEQ Is In Between Like ILike SimilarTo Glob
    Escape Any All Exists Case If Cast TryCast
    Add Sub Mul Div IntDiv Mod Neg DPipe AtTimeZone
    BitwiseAnd BitwiseOr BitwiseXor BitwiseNot BitwiseLeftShift BitwiseRightShift
    """
)

FUNCTIONS = _words(
    """
    Abs Acos Asin Atan Atan2 Cbrt Ceil Cos Cot Degrees Exp Factorial Floor Greatest IsInf IsNan
    Least Ln Log Pi Pow Radians Round Sign Sin Sqrt Tan Trunc
    Ascii BitLength Chr Concat ConcatWs Contains Decode Encode EndsWith FromBase64 Hex
    JarowinklerSimilarity Left Length Levenshtein Lower MD5 RegexpExtract RegexpExtractAll
    RegexpFullMatch RegexpILike RegexpLike RegexpReplace RegexpSplit Replace Reverse Right SHA SHA2
    Split SplitPart StartsWith StrPosition Substring ToBase64 Translate Trim Unhex Unicode Upper
    Coalesce Nullif Typeof
    CurrentDate CurrentTimestamp Date DateAdd DateBin DateDiff DateFromParts DateSub DateTrunc Day
    DayOfMonth DayOfWeek DayOfWeekIso DayOfYear Dayname Extract Hour LastDay Minute Month Monthname
    Quarter Second StrToTime TimeFromParts TimeToStr TimeToUnix TimestampAdd TimestampDiff
    TimestampFromParts TimestampSub TimestampTrunc ToDays TsOrDsAdd TsOrDsDiff TsOrDsToDate
    UnixToTime Week WeekOfYear Year
    FromJson JSONKeyValue JSONArray JSONExtract JSONExtractScalar JSONKeys JSONObject JSONType ParseJSON
    Array ArrayAppend ArrayConcat ArrayContains ArrayContainsAll ArrayDistinct ArrayFilter ArrayMax
    ArrayMin ArrayOverlaps ArrayPrepend ArraySize ArraySlice ArraySort ArrayToString Explode
    Flatten Map MapFromEntries MapKeys Struct StructExtract ToMap Transform Unnest
    AnyValue ApproxDistinct ApproxQuantile ApproxTopK ArgMax ArgMin ArrayAgg Avg BitwiseAndAgg
    BitwiseOrAgg BitwiseXorAgg Corr Count CountIf CovarPop CovarSamp First GroupConcat Grouping
    Kurtosis Last LogicalAnd LogicalOr Max Median Min Mode PercentileCont PercentileDisc Quantile
    RegrIntercept RegrR2 RegrSlope Skewness Stddev StddevPop StddevSamp Sum Variance VariancePop
    CumeDist DenseRank FirstValue Lag LastValue Lead NthValue Ntile PercentRank Rank RowNumber
    """
)

_DUCKDB = _words(
    """
    bit_count even gcd hash isfinite lcm
    base64 bin damerau_levenshtein format_bytes formatreadablesize hamming ilike_escape jaccard
    jaro_similarity like_escape nfc_normalize octet_length ord parse_dirname parse_dirpath
    parse_filename parse_path prefix regexp_escape regexp_split_to_array strip_accents strlen
    suffix url_decode url_encode mantissa_cidr
    age date_part date_sub datepart epoch_ns epoch_us isoyear microsecond millisecond now
    to_hours to_milliseconds to_minutes to_months to_seconds to_weeks to_years try_strptime
    weekday yearweek
    json_array_length json_contains json_exists json_group_array json_group_object
    json_merge_patch json_pretty json_quote json_structure json_transform json_valid json_value
    to_json
    array_sort array_transform cardinality element_at list_any_value list_avg list_cat list_count
    list_element list_extract list_first list_has_all list_indexof list_intersect list_last
    list_position list_reverse list_reverse_sort list_select list_slice list_sort
    list_string_agg list_sum list_unique list_zip map_contains map_entries map_extract map_values
    row
    arbitrary entropy favg fsum geomean histogram mad product
    """
)

_TRINO = _words(
    """
    all_match any_match array_join array_position array_remove bool_and bool_or cardinality
    contains date_parse day_of_week day_of_year element_at filter format_datetime
    from_iso8601_timestamp from_unixtime hour is_json_scalar json_array_length json_array_get
    json_parse json_format json_size map_agg map_values none_match now regexp_count to_unixtime
    typeof url_decode url_encode url_extract_host url_extract_path
    """
)

NAMED_FUNCTIONS: Mapping[str, frozenset[str]] = {
    "duckdb": _DUCKDB,
    "trino": _TRINO,
    "athena": _TRINO,
}
"""Dialect → lower-case names of the scalar and aggregate functions without a sqlglot class."""

REFUSED_NODES: Mapping[str, tuple[str, str]] = {
    "Into": ("into", "SELECT … INTO writes a table"),
    "Lock": ("lock", "FOR UPDATE and FOR SHARE are not for reading"),
    "TableSample": ("sampling", "a sample gives another answer each time"),
    "Version": ("time_travel", "older versions of a table cannot be read"),
    "HistoricalData": ("time_travel", "older versions of a table cannot be read"),
    "Values": ("invented_rows", "VALUES makes rows that are not in the lake"),
    "Lateral": ("lateral", "LATERAL is not allowed; use a join or unnest(column)"),
    "Pivot": ("pivot", "PIVOT is not allowed; use count(*) FILTER (WHERE …)"),
    "Placeholder": ("parameter", "parameters have no value here"),
    "Parameter": ("parameter", "parameters have no value here"),
    "SessionParameter": ("parameter", "parameters have no value here"),
    "Columns": ("function", "COLUMNS(…) is not allowed; name the columns"),
    "Fetch": ("limit", "write LIMIT n instead of FETCH FIRST"),
    "LimitOptions": ("limit", "LIMIT takes a whole number, not a percentage"),
    "PositionalColumn": ("column", "name the column instead of its position"),
}
"""Node types that deserve their own code and word of advice."""

WRITES = _words(
    """
    Insert Update Delete Merge Create Drop Alter TruncateTable Copy Command Set Pragma Attach
    Detach Install Export Use Describe Show Summarize Analyze Grant Revoke Transaction Commit
    Rollback Kill LoadData Cache Uncache Refresh Execute ExecuteSql Returning Comment Put Get
    """
)
"""Statements that do something else than read rows."""
