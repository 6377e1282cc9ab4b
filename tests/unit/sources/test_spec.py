"""`source.yaml` is checked as it is read, and complaints name the line and the fix."""

from __future__ import annotations

import pytest

from mantissa.errors import SourceError
from mantissa.sources.spec import column_name, load_spec
from support.sources import LINES, SHOP, builtin, shop


def broken(old: str, new: str, text: str = SHOP) -> SourceError:
    assert old in text
    with pytest.raises(SourceError) as caught:
        load_spec(text.replace(old, new), "shop/source.yaml")
    assert caught.value.file == "shop/source.yaml"
    return caught.value


def line_of(fragment: str, text: str = SHOP) -> int:
    return next(i for i, line in enumerate(text.splitlines(), 1) if fragment in line)


@pytest.mark.parametrize(
    ("old", "new", "message", "fix"),
    [
        ("title: Shop", "titel: Shop", "unknown key 'titel'", "title"),
        ("time: [when]", "time: [whem]", "no column 'whem'", "when"),
        ("type: bigint, comment: Port", "type: bigit, comment: Port", "'bigit'", "bigint"),
        ("keep: ip", "keep: ipv4", "unknown value 'ipv4'", "ip"),
        ("strength: weak", "strength: wek", "'wek'", "weak"),
        ("present: failure", "present: failed", "no value of outcome", "failure"),
        ("- const: other", "- const: others", "no value of event_class", "other"),
        ("  activity: [what]", "  activitty: [what]", "'activitty'", "activity"),
        ("'heartbeat|ping'", "'heartbeat|('", "bad regex", ""),
        ("([^/]+)$'", "[^/]+$'", "0 groups", "( )"),
        ("name: shop", "name: Shop!", "no table name", "a-z"),
        ("when: {what: [sold", "when: {wat: [sold", "no column 'wat'", "what"),
        ("path: price,", "path: a..b,", "no path", "dots"),
        ("path: price,", "path: event_time,", "taken by the product", "name:"),
        ("path: price,", "path: Port,", "taken by another column", "name:"),
        ("path: price,", "path: cart.total,", "not kept whole", "type: json"),
        (", comment: Price", "", "'comment' is missing", "comment"),
        ("title: Shop", "title: {a: b}", "expected one value", ""),
        ("title: Shop", "title: Shop\ntitle: Again", "given twice", "one"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_fix(
    old: str, new: str, message: str, fix: str
) -> None:
    error = broken(old, new)
    assert message in str(error)
    assert fix in (error.fix or "")
    before, after = SHOP.splitlines(), SHOP.replace(old, new).splitlines()
    changed = next(
        i for i, pair in enumerate(zip(before, after, strict=False), 1) if len({*pair}) > 1
    )
    assert error.line in (changed, changed + 1)


def test_the_line_is_that_of_the_mistake() -> None:
    assert broken("type: bigint, comment: Port", "type: int, comment: Port").line == line_of("Port")


def test_bad_yaml_and_an_empty_file_are_source_errors() -> None:
    error = broken("time: [when]", "time: [when")
    assert "not YAML" in str(error)
    assert error.line is not None
    with pytest.raises(SourceError, match="empty"):
        load_spec("", "x.yaml")
    with pytest.raises(SourceError, match="expected a mapping"):
        load_spec("- a\n- b\n", "x.yaml")


def test_a_layout_that_repeats_a_field_is_refused() -> None:
    assert "named twice" in str(broken("- at who door\n", "- at who who\n", LINES))


def test_the_table_has_envelope_common_own_documents_extra_and_raw_in_this_order() -> None:
    names = [c.name for c in shop().table.columns]
    assert names[0] == "event_id"
    assert names.index("user_agent") < names.index("what") < names.index("who")
    assert names[-2:] == ["extra", "raw"]
    documents = [c.name for c in shop().table.columns if c.type == "json"]
    assert documents == ["who", "goods", "note", "extra"]
    assert len(names) == len(set(names))


def test_the_version_follows_the_text() -> None:
    spec = shop()
    assert len(spec.version) == 12
    assert load_spec(SHOP + "# more\n", "x").version != spec.version


@pytest.mark.parametrize(
    ("field", "column", "path", "kind"),
    [
        ("what", "what", (), "string"),
        ("WHAT", "what", (), "string"),
        ("addr", "address", (), "string"),
        ("who.name", "who_name", (), "string"),
        ("WHO.Name", "who_name", (), "string"),
        ("who.shoe.size", "who", ("shoe", "size"), "json"),
        ("goods", "goods", (), "json"),
        ("event_class", "event_class", (), "string"),
        ("raw", "raw", (), "string"),
    ],
)
def test_a_field_binds_to_its_column(
    field: str, column: str, path: tuple[str, ...], kind: str
) -> None:
    binding = shop().bind(field)
    assert binding is not None
    assert (binding.column, binding.path, binding.type) == (column, path, kind)


def test_an_unknown_field_binds_to_nothing_and_names_its_neighbours() -> None:
    assert shop().bind("wat") is None
    assert shop().nearest_fields("wat")[0] == "what"


def test_exact_spelling_goes_before_other_case() -> None:
    text = SHOP.replace(
        "  - {path: port,", "  - {path: What, name: shouted, comment: Other}\n  - {path: port,"
    )
    spec = load_spec(text, "x")
    assert [getattr(spec.bind(f), "column", "") for f in ("what", "What")] == ["what", "shouted"]


def test_sigma_conditions_name_columns_and_keep_number_types() -> None:
    first, second = shop().sigma
    assert (first.product, first.service, first.category, first.when) == ("shop", "till", None, {})
    assert second.when == {"what": ("sold", "returned"), "port": (443,)}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("userIdentity.arn", "useridentity_arn"),
        ("account-id", "account_id"),
        ("@timestamp", "timestamp"),
        ("2fa", "_2fa"),
    ],
)
def test_column_names_follow_the_path(path: str, name: str) -> None:
    assert column_name(path) == name


@pytest.mark.parametrize(
    ("source", "field", "column", "path"),
    [
        ("aws_cloudtrail", "eventName", "eventname", ()),
        ("aws_cloudtrail", "userIdentity.arn", "useridentity_arn", ()),
        (
            "aws_cloudtrail",
            "userIdentity.sessionContext.sessionIssuer.type",
            "useridentity_sessioncontext_sessionissuer_type",
            (),
        ),
        ("aws_cloudtrail", "requestParameters", "requestparameters", ()),
        ("aws_cloudtrail", "requestParameters.enable", "requestparameters", ("enable",)),
        ("aws_cloudtrail", "additionalEventData.MFAUsed", "additionaleventdata", ("MFAUsed",)),
        ("aws_vpcflow", "interface-id", "interface_id", ()),
        ("aws_vpcflow", "dstPort", "dstport", ()),
        ("okta", "securityContext.isProxy", "securitycontext_isproxy", ()),
        ("okta", "outcome.result", "outcome_result", ()),
        ("okta", "target.displayName", "target_0_displayname", ()),
        ("okta", "severity", "okta_severity", ()),
        ("github", "action", "action", ()),
        ("github", "user", "target_user", ()),
    ],
)
def test_fields_that_sigma_rules_name_bind(
    source: str, field: str, column: str, path: tuple[str, ...]
) -> None:
    binding = builtin(source).bind(field)
    assert binding is not None
    assert (binding.column, binding.path) == (column, path)
