"""What leaves the house: no secret ever, no field a destination may not see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.alerts.redact import DROPPED, SECRET, Redactor, hide, is_secret_field, scrub
from mantissa.alerts.route import Redaction

KEY = "Zx9" + "k" * 13 + "QpL7"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key AKIA" + "ABCDEFGHIJKLMNOP end", "AKIAABCDEFGHIJKLMNOP"),
        ("ASIA" + "Z" * 16, "ASIA" + "Z" * 16),
        ("token xox" + "b-123456789-abcdefg", "b-123456789-abcdefg"),
        ("ghp_" + "a1" * 18, "a1" * 18),
        ("Authorization: Bearer abc123def456ghi", "abc123def456ghi"),
        ("authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ("curl -H 'Authorization: token s3cr3tvalue'", "s3cr3tvalue"),
        ("mysql --password=hunter2 -u root", "hunter2"),
        ('PASSWORD = "two words"', "two words"),
        ('{"password": "hunter2"}', "hunter2"),
        ("PWD=letmein;Server=x", "letmein"),
        ("client_secret=abcdef&x=1", "abcdef"),
        ("aws_secret_access_key = " + KEY, KEY),
        ("api-key: 0a1b2c", "0a1b2c"),
        ("postgres://app:s3cret@db.example/x", "s3cret"),
        ("https://hooks.slack.com/services/T1/B2/abcdef", "abcdef"),
        ("eyJ" + "hbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl", "c2lnbmF0dXJl"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("-----BEGIN PRIVATE KEY-----\nMIIEcut off", "MIIE"),
    ],
)
def test_credentials_are_scrubbed(text: str, secret: str) -> None:
    shown = scrub(text)
    assert secret not in shown
    assert SECRET in shown


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication was used; bearer authentication was not",
        "ConsoleLogin by mira from 203.0.113.7",
        "arn:aws:iam::111122223333:user/secretariat",
        "https://example.test/path?x=1",
        "The password was changed",
    ],
)
def test_innocent_text_stays(text: str) -> None:
    assert scrub(text) == text


@given(st.text(max_size=400))
def test_scrubbing_twice_is_scrubbing_once_more_or_less(text: str) -> None:
    assert "AKIAABCDEFGHIJKLMNOP" not in scrub(text + " AKIAABCDEFGHIJKLMNOP " + text)


@pytest.mark.parametrize("piece", ["-----BEGIN PRIVATE KEY-----", "://", "eyJ", "token=", "'\""])
def test_hostile_repetition_is_no_trouble(piece: str) -> None:
    assert scrub(piece * 20_000) is not None


def test_fields_are_allowed_masked_and_dropped_in_that_order_of_weakness() -> None:
    redactor = Redactor(Redaction(("a*", "m", "d"), ("m",), ("d",)), b"k")
    assert redactor.field("abc", "x") == "x"
    assert redactor.field("other", "x") is None
    assert redactor.field("d", "x") is None
    masked = redactor.field("m", "x")
    assert masked is not None and masked.startswith("[m ")


def test_placeholders_are_stable_and_need_the_key() -> None:
    one, other = Redactor(Redaction(), b"one"), Redactor(Redaction(), b"other")
    assert one.placeholder("user", "mira") == one.placeholder("user", "mira")
    assert one.placeholder("user", "mira") != one.placeholder("user", "mirb")
    assert one.placeholder("user", "mira") != other.placeholder("user", "mira")


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("requestparameters.password", True),
        ("sessiontoken", True),
        ("api_key", True),
        ("passwordlastset", False),
        ("eventname", False),
    ],
)
def test_a_fields_name_may_say_that_it_is_secret(name: str, secret: bool) -> None:
    assert is_secret_field(name) is secret
    assert (Redactor(Redaction(), b"").field(name, "value") == SECRET) is secret


def test_hidden_values_are_hidden_wherever_they_stand() -> None:
    redactor = Redactor(Redaction(mask=("user",), drop=("ip",)), b"k")
    stand_ins = redactor.stand_ins(
        [("user", "mira"), ("ip", "10.0.0.1"), ("x", "kept"), ("user", "ab")]
    )
    told = hide("arn:…:user/MIRA from 10.0.0.1, not miracle, kept, ab", stand_ins)
    assert (
        told
        == f"arn:…:user/{redactor.placeholder('user', 'mira')} from {DROPPED}, not miracle, kept, ab"
    )


def test_the_longest_hidden_value_wins() -> None:
    stand_ins = Redactor(Redaction(drop=("a",)), b"").stand_ins(
        [("a", "mira"), ("a", "mira@x.test")]
    )
    assert hide("mira@x.test", stand_ins) == DROPPED
