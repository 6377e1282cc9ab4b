"""Correlations: what they refer to, what is refused and where, what their version covers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mantissa.detection.correlation import Correlation, Joined, Kind, Negated, Seen, Threshold
from mantissa.detection.load import parse_rules
from mantissa.detection.ordered import Chain, chains
from mantissa.detection.rule import RuleSet
from mantissa.model import Severity
from support.detection import IDS

A, B, C, X, Y, Z = IDS[1], IDS[2], IDS[3], IDS[101], IDS[102], IDS[103]


def base(rule_id: str, name: str = "", detection: str = "s: {name: bob}") -> str:
    called = f"name: {name}\n" if name else ""
    return (
        f"title: rule {rule_id}\nid: {rule_id}\n{called}"
        f"logsource: {{product: gate, service: main}}\ndetection:\n  {detection}\n  condition: s\n"
    )


def correlation(body: str, rule_id: str = X, head: str = "") -> str:
    lines = "".join(f"  {line}\n" for line in body.strip().splitlines())
    return f"title: correlation {rule_id}\nid: {rule_id}\n{head}correlation:\n{lines}"


COUNT = "type: event_count\nrules: [a]\ntimespan: 5m\ncondition: {gte: 10}"
MEMBERS = (base(A, "a"), base(B, "b"), base(C, "c"))


def read(*files: str, own: tuple[int, ...] = ()) -> RuleSet:
    texts = [(f"f{n}.yml", text.encode()) for n, text in enumerate(files)]
    return parse_rules(texts, frozenset(f"f{n}.yml" for n in own))


def one(*documents: str) -> Correlation:
    """Read a file of several documents that holds one correlation."""
    rules = read("---\n".join(documents))
    assert rules.refused == ()
    (found,) = rules.correlations
    return found


@dataclass(frozen=True)
class No:
    id: str
    path: str
    line: int | None
    reason: str


def no(*files: str) -> No:
    (found,) = read(*files).refused
    return No(found.id, found.path, found.line, found.reason)


def test_everything_a_correlation_says_is_read() -> None:
    found = one(
        base(A, "a"),
        base(B),
        correlation(
            f"type: value_count\nrules: [a, {B}]\ngroup-by: [user, host]\ntimespan: 2h\n"
            f"generate: true\naliases:\n  user: {{a: name, {B}: who}}\n"
            "condition: {lt: 3, field: ip}",
            head="name: x\nlevel: high\nstatus: test\ntags: [attack.t1110]\nfields: [cmd]\n"
            "falsepositives: [backups]\nmantissa: {enabled: false, major: 3, group_by: [src_ip]}\n",
        ),
    )
    assert (found.info.id, found.name, found.kind) == (X, "x", Kind.VALUE_COUNT)
    assert [(m.name, m.id) for m in found.members] == [("a", A), (B, B)]
    assert (found.group_by, found.span) == (("user", "host"), timedelta(hours=2))
    assert found.aliases == {"user": {A: "name", B: "who"}}
    assert (found.threshold, found.value_fields) == (Threshold("lt", 3), ("ip",))
    assert (found.generate, found.enabled, found.status) == (True, False, "test")
    assert (found.info.level, found.info.tags) == (Severity.HIGH, ("attack.t1110",))
    assert (found.info.major, found.info.group_by) == (3, ("src_ip",))
    assert (found.info.fields, found.info.false_positives) == (("cmd",), ("backups",))
    assert (found.path, found.line) == ("f0.yml", 16)
    assert found.text.startswith("title: correlation")


@pytest.mark.parametrize(
    ("timespan", "seconds"),
    [("1s", 1), ("15m", 900), ("6h", 21600), ("2d", 172800), ("1w", 604800), ("1M", 2629746)],
)
def test_timespans(timespan: str, seconds: int) -> None:
    found = one(base(A, "a"), correlation(COUNT.replace("5m", timespan)))
    assert found.span == timedelta(seconds=seconds)


@pytest.mark.parametrize("operator", ["lt", "lte", "gt", "gte", "eq", "neq"])
@pytest.mark.parametrize("number", [10, 2.5])
def test_operators_and_fractions(operator: str, number: float) -> None:
    text = f"type: value_avg\nrules: a\ntimespan: 5m\ncondition: {{{operator}: {number}, field: n}}"
    assert one(base(A, "a"), correlation(text)).threshold == Threshold(operator, number)


@pytest.mark.parametrize("percentile", [0, 50, 99.9, 100])
def test_a_percentile_keeps_its_fraction(percentile: float) -> None:
    text = (
        "type: value_percentile\nrules: a\ntimespan: 5m\n"
        f"condition: {{gte: 5, field: n, percentile: {percentile}}}"
    )
    assert one(base(A, "a"), correlation(text)).percentile == percentile


def test_a_temporal_correlation_wants_all_of_its_rules_unless_it_says_otherwise() -> None:
    text = "type: temporal\nrules: [a, b, a, c]\ntimespan: 5m"
    found = one(*MEMBERS, correlation(text))
    assert ([m.id for m in found.members], found.threshold) == ([A, B, C], Threshold("gte", 3))
    found = one(*MEMBERS, correlation(text + "\ncondition: {gte: 2}"))
    assert found.threshold == Threshold("gte", 2)


def test_an_extended_condition_names_its_rules_itself() -> None:
    text = "type: temporal\ntimespan: 5m\ncondition: a and (b or not c)"
    found = one(*MEMBERS, correlation(text))
    assert [m.id for m in found.members] == [A, B, C]
    inner = Joined("or", (Seen(B), Negated(Seen(C))))
    assert found.expression == Joined("and", (Seen(A), inner))
    assert found.threshold is None


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("a and b", [[{A}, {B}]]),
        ("b and a", [[{B}, {A}]]),
        ("c and (a or b)", [[{C}, {A, B}]]),
        ("(a and b) or c", [[{A}, {B}], [{C}]]),
        ("(a and b) and not c", [[{A}, {B}]]),
    ],
)
def test_an_order_is_that_of_the_condition(condition: str, expected: list[list[set[str]]]) -> None:
    text = f"type: temporal_ordered\ntimespan: 5m\ncondition: {condition}"
    expression = one(*MEMBERS, correlation(text)).expression
    assert expression is not None
    found = chains(expression)
    assert [list(map(set, chain.steps)) for chain in found] == expected
    absent: Any = (Seen(C),) if "not c" in condition else ()
    assert found == tuple(Chain(chain.steps, absent) for chain in found)


@pytest.mark.parametrize(
    ("body", "key", "words"),
    [
        (COUNT.replace("[a]", "[aa]"), "rules", "no rule 'aa'; did you mean 'a'"),
        (COUNT.replace("[a]", "[zebra]"), "rules", "no rule 'zebra'"),
        (COUNT.replace("[a]", f"[{A[:-1]}9]"), "rules", "did you mean '0000"),
        (COUNT.replace("[a]", "[7]"), "rules", "7 is no name"),
        (COUNT.replace("[a]", "[]"), "rules", "refers to no rule"),
        (COUNT.replace("rules: [a]\n", ""), "", "without rule references"),
        (COUNT.replace("5m", "5 minutes"), "timespan", "5 minutes"),
        (COUNT.replace("5m", "0m"), "timespan", "greater than zero"),
        (COUNT.replace("5m", "2y"), "timespan", "longer than 366 days"),
        (COUNT.replace("5m", "99999999999999y"), "timespan", "longer than 366 days"),
        (COUNT.replace("timespan: 5m\n", ""), "", "without timespan"),
        (COUNT.replace("event_count", "event_counts"), "type", "event_counts"),
        (COUNT.replace("{gte: 10}", "{gte: ten}"), "condition", "ten"),
        (COUNT.replace("{gte: 10}", "{gte: true}"), "condition", "must name a number"),
        (COUNT.replace("{gte: 10}", "{gte: 1, lte: 3}"), "condition", "exactly one"),
        (COUNT.replace("{gte: 10}", "{gte: 1, feld: x}"), "condition", "feld"),
        (COUNT.replace("{gte: 10}", "{gte: 1, field: x}"), "condition", "value_count"),
        (COUNT.replace("{gte: 10}", "{lt: 1}"), "condition", "can never be true"),
        (COUNT.replace("{gte: 10}", "{eq: 2.5}"), "condition", "can never be true"),
        (COUNT.replace("{gte: 10}", "{eq: 0}"), "condition", "can never be true"),
        (COUNT.replace("{gte: 10}", "a and b"), "", "temporal"),
        (COUNT + "\ngenerate: 1", "", "generate"),
        (COUNT + "\ngroup-by: {a: b}", "", "group-by"),
        (COUNT + "\ngroup-by: ['']", "group-by", "empty name"),
        (COUNT + "\naliases: {u: {b: name}}", "aliases", "'b', which is none"),
        (COUNT + "\naliases: {u: {bb: name}}", "aliases", "no rule 'bb'"),
        (COUNT + "\naliases: {u: {a: 7}}", "aliases", "must say a field"),
        (COUNT + "\naliases: {u: x}", "", "mapping must be a dict"),
        (COUNT.replace("event_count", "value_count"), "", "field"),
        (
            "type: value_sum\nrules: a\ntimespan: 5m\ncondition: {gte: 1, field: [a, b]}",
            "condition",
            "one field",
        ),
        (
            "type: value_count\nrules: a\ntimespan: 5m\ncondition: {lt: 0, field: a}",
            "condition",
            "never",
        ),
        (
            "type: value_percentile\nrules: a\ntimespan: 5m\ncondition: {gte: 1, field: a}",
            "condition",
            "percentile",
        ),
        (
            "type: value_percentile\nrules: a\ntimespan: 5m\n"
            "condition: {gte: 1, field: a, percentile: 101}",
            "condition",
            "0 to 100",
        ),
        (
            "type: value_sum\nrules: a\ntimespan: 5m\ncondition: {gte: 1, field: a, percentile: 5}",
            "condition",
            "takes no percentile",
        ),
        ("type: temporal\nrules: [a]\ntimespan: 5m", "", "two rules"),
        ("type: temporal\nrules: [a, a]\ntimespan: 5m", "", "two rules"),
        ("type: temporal\ntimespan: 5m", "", "refers to no rule"),
        (
            "type: temporal\nrules: [a, b]\ntimespan: 5m\ncondition: {gte: 3}",
            "condition",
            "2 rules",
        ),
        ("type: temporal\nrules: [a, b]\ntimespan: 5m\ncondition: a and", "condition", "parse"),
        (
            "type: temporal\nrules: [a, b]\ntimespan: 5m\ncondition: a",
            "condition",
            "not referenced",
        ),
        ("type: temporal\ntimespan: 5m\ncondition: a and not a", "condition", "never be true"),
        ("type: temporal\ntimespan: 5m\ncondition: not a", "condition", "never be true"),
        ("type: temporal\ntimespan: 5m\ncondition: a and d", "", "no rule 'd'"),
        (
            "type: temporal_ordered\nrules: [a, b]\ntimespan: 5m\ncondition: {gte: 1}",
            "condition",
            "needs all of its rules",
        ),
        (
            "type: temporal_ordered\ntimespan: 5m\ncondition: a or b",
            "condition",
            "follow one another",
        ),
        (
            "type: temporal_ordered\ntimespan: 5m\ncondition: a and (b or not c)",
            "condition",
            "a step of an order",
        ),
        (
            "type: temporal_ordered\ntimespan: 5m\ncondition: (a or b) and (b or c)",
            "condition",
            "two places",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_line(body: str, key: str, words: str) -> None:
    text = correlation(body)
    (wrong,) = read(*MEMBERS, text).refused
    assert words in wrong.reason
    assert (wrong.id, wrong.path) == (X, "f3.yml")
    lines = text.splitlines()
    wanted = next((n for n, t in enumerate(lines, 1) if t.strip().startswith(f"{key}:")), 3)
    assert wrong.line == (wanted if key else 3)


def test_the_other_rules_run_when_a_correlation_is_refused() -> None:
    rules = read(*MEMBERS, correlation(COUNT.replace("5m", "x")), correlation(COUNT, Y))
    assert [r.info.id for r in rules.rules] == [A, B, C]
    assert [c.info.id for c in rules.correlations] == [Y]


def test_names_are_looked_for_in_the_own_file_then_among_the_users_then_everywhere() -> None:
    files = [base(A, "a"), base(B, "a"), base(C, "a") + "---\n" + correlation(COUNT)]
    assert [m.id for m in read(*files).correlations[0].members] == [C]
    files = [base(A, "a"), base(B, "a"), correlation(COUNT)]
    assert [m.id for m in read(*files, own=(1,)).correlations[0].members] == [B]
    assert no(*files).reason == "several rules are called 'a': f0.yml:1, f1.yml:1"
    assert no(*files).line == 5


def test_an_id_goes_before_a_name_and_may_be_written_in_capitals() -> None:
    named = base(B, A)
    found = read(base(A), named, correlation(COUNT.replace("[a]", f"['{A.upper()}']")))
    assert [m.id for m in found.correlations[0].members] == [A]


def test_the_users_rule_stands_for_the_librarys() -> None:
    library = base(A, "a") + "---\n" + correlation(COUNT)
    mine = base(A, detection="s: {name: eve}")
    rules = read(library, mine, own=(1,))
    assert rules.refused == ()
    assert [r.path for r in rules.rules] == ["f1.yml"]
    assert [m.id for m in rules.correlations[0].members] == [A]
    assert rules.correlations[0].info.version != read(library).correlations[0].info.version


def test_the_users_correlation_stands_for_the_librarys() -> None:
    library, mine = correlation(COUNT), correlation(COUNT.replace("10", "3"))
    rules = read(base(A, "a"), library, mine, own=(2,))
    assert rules.refused == ()
    assert [c.threshold for c in rules.correlations] == [Threshold("gte", 3)]


def test_two_with_one_id_are_refused_by_the_line_of_the_id() -> None:
    assert (
        "already used by f1.yml:1"
        in no(base(A, "a"), correlation(COUNT), correlation(COUNT)).reason
    )
    assert no(base(A, "a"), correlation(COUNT), correlation(COUNT, A)).reason.startswith("the id")


def test_a_correlation_without_id_is_refused() -> None:
    text = correlation(COUNT).replace(f"id: {X}\n", "")
    found = no(base(A, "a"), text)
    assert (found.id, found.reason) == ("", "the rule has no id")


@pytest.mark.parametrize(
    ("member", "words"),
    [
        (base(A, "a", "s: {name|shouts: x}"), "shouts"),
        (base(A, "a").replace(f"id: {A}\n", ""), "the rule has no id"),
        (base(A, "a", "s: {}"), "empty"),
        (correlation(COUNT.replace("[a]", "[lost]"), A, "name: a\n"), "no rule 'lost'"),
    ],
)
def test_a_refused_member_is_named_with_its_reason(member: str, words: str) -> None:
    refused = read(member, correlation(COUNT)).refused
    assert len(refused) == 2
    reason = refused[1].reason
    assert reason.startswith("the rule 'a' was refused: ")
    assert words in reason
    assert refused[1].id == X


def test_inner_correlations_go_before_outer_ones() -> None:
    outer = correlation("type: temporal\nrules: [x, y]\ntimespan: 1h", Z)
    files = [
        outer,
        correlation(COUNT, X, "name: x\n"),
        correlation(COUNT.replace("[a]", "[x]"), Y, "name: y\n"),
        base(A, "a"),
    ]
    rules = read(*files)
    assert rules.refused == ()
    assert [c.info.id for c in rules.correlations] == [X, Y, Z]


def test_a_circle_is_refused_and_so_is_what_leads_into_it() -> None:
    files = [
        base(A, "a"),
        correlation(COUNT.replace("[a]", "[y]"), X, "name: x\n"),
        correlation(COUNT.replace("[a]", "[a, x]"), Y, "name: y\n"),
        correlation(COUNT.replace("[a]", "[x]"), Z),
    ]
    rules = read(*files)
    assert rules.correlations == ()
    reasons = {r.id: r.reason for r in rules.refused}
    assert reasons == {
        X: "it refers to itself: x → y → x",
        Y: "it refers to itself: y → x → y",
        Z: "the rule 'x' was refused: it refers to itself: x → y → x",
    }
    assert "itself: x → x" in no(correlation(COUNT.replace("[a]", "[x]"), X, "name: x\n")).reason


def test_the_version_covers_the_members_and_their_filters() -> None:
    filters = (
        "title: f\nlogsource: {product: gate, service: main}\n"
        f"filter:\n  rules: [{A}]\n  sel: {{cmd: x}}\n  condition: not sel\n"
    )
    inner, outer = correlation(COUNT, X, "name: x\n"), correlation(COUNT.replace("[a]", "[x]"), Y)
    plain, same = (read(base(A, "a"), inner, outer) for _ in range(2))
    changed = read(base(A, "a", "s: {name: eve}"), inner, outer)
    filtered = read(base(A, "a"), inner, outer, filters)
    for number in (0, 1):
        versions = [r.correlations[number].info.version for r in (plain, changed, filtered)]
        assert len(set(versions)) == 3
        assert same.correlations[number].info.version == versions[0]


def test_a_global_document_is_for_rules_and_a_bad_correlation_stops_none_of_them() -> None:
    shared = "action: global\nlogsource: {product: gate, service: main}\nlevel: low\n"
    one_, two = (
        f"title: rule {i}\nid: {i}\nname: {n}\ndetection:\n  s: {{name: bob}}\n  condition: s\n"
        for i, n in ((A, "a"), (B, "b"))
    )
    text = "---\n".join([shared, one_, correlation(COUNT), two, correlation("type: x", Y)])
    rules = read(text)
    assert [(r.info.id, r.info.level) for r in rules.rules] == [
        (A, Severity.LOW),
        (B, Severity.LOW),
    ]
    assert [(c.info.id, c.info.level) for c in rules.correlations] == [(X, Severity.MEDIUM)]
    (wrong,) = rules.refused
    assert (wrong.id, wrong.line) == (Y, text.splitlines().index(f"id: {Y}") + 3)


def test_a_test_may_take_events_of_several_sources() -> None:
    tests = (
        "tests:\n  - name: both\n    match: true\n    events:\n      - {source: gate, event: {name: bob}}\n"
        "      - {source: here, event: 7, more: 1}\n      - a line\n"
        "  - {match: false, source: gate, event: {name: eve}}\n"
    )
    first, second = one(base(A, "a"), correlation(COUNT) + tests).tests
    assert (first.name, first.match, first.sources) == ("both", True, ("gate", None, None))
    assert first.events == ({"name": "bob"}, {"source": "here", "event": 7, "more": 1}, "a line")
    assert (second.match, second.sources) == (False, ("gate",))
    wrong = no(base(A, "a"), correlation(COUNT) + tests.replace("event: {name: bob}", "event: 7"))
    assert "an event is a record's text" in wrong.reason


def test_an_unknown_setting_is_refused() -> None:
    found = no(base(A, "a"), correlation(COUNT, head="mantissa: {enable: true}\n"))
    assert ("unknown key 'enable'" in found.reason, found.line) == (True, 3)


def test_the_guides_correlations_can_be_read() -> None:
    page = (Path(__file__).parents[3] / "docs/guide/correlations.md").read_text("utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    rules = read("---\n".join(blocks))
    assert rules.refused == ()
    kinds = {found.kind for found in rules.correlations}
    assert len(rules.correlations) == 6
    assert kinds == set(Kind) - {Kind.VALUE_AVG, Kind.VALUE_MEDIAN}


def test_a_chain_of_correlations_may_be_long_but_not_endless() -> None:
    ids = [f"10000000-0000-4000-8000-{n:012d}" for n in range(1000)]
    members = [A, *ids]
    chain = [
        correlation(COUNT.replace("[a]", f"[{m}]"), i) for m, i in zip(members, ids, strict=False)
    ]
    rules = read(base(A), *reversed(chain))
    assert [c.info.id for c in rules.correlations] == ids[:8]
    assert "nested deeper than 8" in {r.id: r.reason for r in rules.refused}[ids[8]]
    assert len(rules.refused) == len(ids) - 8


def test_a_large_circle_is_named_by_its_ends() -> None:
    ids = [f"10000000-0000-4000-8000-{n:012d}" for n in range(300)]
    members = [ids[-1], *ids]
    circle = [
        correlation(COUNT.replace("[a]", f"[{m}]"), i, f"name: c{n}\n")
        for n, (m, i) in enumerate(zip(members, ids, strict=False))
    ]
    rules = read(base(A), *circle)
    assert rules.correlations == ()
    reasons = {r.id: r.reason for r in rules.refused}
    assert reasons[ids[0]] == "it refers to itself: c0 → c299 → c298 → … → c2 → c1 → c0"
    assert len(reasons) == 300


@pytest.mark.parametrize("deep", ["not " * 3000 + "a", "(" * 3000 + "a" + ")" * 3000])
def test_a_condition_too_deep_to_be_read_stops_no_other_rule(deep: str) -> None:
    text = f"type: temporal\ntimespan: 5m\ncondition: {deep}"
    rules = read(*MEMBERS, correlation(text), correlation(COUNT, Y))
    assert [c.info.id for c in rules.correlations] == [Y]
    assert [r.id for r in rules.refused] == [X]


_ANY: Any = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-3, 400),
        st.floats(),
        st.sampled_from(["a", "b", "x", A, X, "", "5m", "gte", "a and b", "not a", "value_sum"]),
        st.text(max_size=5),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["a", "gte", "field", "percentile", "é"]), inner, max_size=3
        ),
    ),
    max_leaves=6,
)
_KEYS = ["type", "rules", "timespan", "group-by", "aliases", "condition", "generate"]


@given(
    kind=st.sampled_from([*Kind]),
    inner=st.dictionaries(st.sampled_from(_KEYS), _ANY, max_size=3),
    outer=st.dictionaries(
        st.sampled_from(["id", "name", "tests", "mantissa", "level", "correlation"]),
        _ANY,
        max_size=1,
    ),
)
def test_whatever_stands_there_the_other_rules_are_read(
    kind: Kind, inner: dict[str, Any], outer: dict[str, Any]
) -> None:
    body = {"type": kind.value, "rules": ["a", "b"], "timespan": "5m", "condition": {"gte": 2}}
    text = yaml.safe_dump(
        {"title": "t", "id": X, "correlation": {**body, **inner}, **outer}, allow_unicode=True
    )
    rules = read(*MEMBERS, text, correlation(COUNT, Y))
    assert [rule.info.id for rule in rules.rules] == [A, B, C]
    assert [c.info.id for c in rules.correlations][-1] == Y
    assert len(rules.correlations) + len(rules.refused) == 2
