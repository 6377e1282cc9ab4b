"""An alert as a neutral message."""

from __future__ import annotations

from dataclasses import replace

import duckdb
import pytest

from mantissa.alerts.message import attack, body_hash, compose, trial
from mantissa.alerts.redact import Redactor
from mantissa.alerts.route import Redaction
from mantissa.model import Alert, AlertStatus, Message, Verdict
from support.findings import NOW, RULE, finding, opened, settings


def told(alert: Alert, redaction: Redaction | None = None) -> Message:
    return compose(
        alert, "trigger", Redactor(redaction or Redaction(), b"k"), "https://log.example"
    )


def everything(message: Message) -> str:
    parts = [message.title, message.text, *message.samples, *message.entities.values()]
    return "\n".join([*parts, *(value for _, value in message.fields)])


def test_it_says_what_fired_and_why() -> None:
    _, _, alert = opened(settings(), finding(1), finding(4))
    message = told(alert)
    fields = dict(message.fields)
    assert message.title == "Console login without MFA"
    assert message.dedup_key == alert.id
    assert message.link == f"https://log.example/alerts/{alert.id}"
    assert "2 findings in aws_cloudtrail between 2026-03-04T12:01:00Z and 2026-03-04T12:04:00Z" in (
        message.text
    )
    assert fields["eventname"] == "ConsoleLogin"
    assert fields["Rule"] == RULE.id
    assert fields["Known false positives"] == "Accounts that are meant for emergencies"
    assert fields["ATT&CK"] == "T1078.004, initial access"
    assert fields["Alert"] == alert.id
    assert message.entities["src_ip"] == "203.0.113.7"
    assert message.samples[0] == (
        "2026-03-04T12:01:00Z eventname=ConsoleLogin sourceipaddress=203.0.113.7"
    )


def test_a_verdict_is_told() -> None:
    _, _, alert = opened(settings())
    closed = replace(
        alert, status=AlertStatus.CLOSED, verdict=Verdict.FALSE_POSITIVE, note="a drill"
    )
    assert told(closed).text.endswith("Closed as false positive.\na drill")


def test_no_link_without_a_web_address() -> None:
    _, _, alert = opened(settings())
    assert compose(alert, "trigger", Redactor(Redaction(), b""), "").link == ""


def query_of(alert: Alert, redaction: Redaction | None = None) -> str:
    return dict(told(alert, redaction).fields)["Query"]


def rows_of(sql: str) -> list[str]:
    """Run the query over findings, of which those called `mine` are the alert's."""
    rows = [
        ("mine", RULE.id, "2026-03-04 12:00:00", "mira"),
        ("mine", RULE.id, "2026-03-04 12:04:00", "mira"),
        ("late", RULE.id, "2026-03-04 12:04:00.5", "mira"),
        ("early", RULE.id, "2026-03-04 11:59:59.999", "mira"),
        ("other person", RULE.id, "2026-03-04 12:01:00", "noah"),
        ("other rule", "x", "2026-03-04 12:01:00", "mira"),
    ]
    with duckdb.connect() as lake:
        lake.execute(
            "CREATE TABLE findings (name VARCHAR, rule_id VARCHAR, event_time TIMESTAMP,"
            " actor_user VARCHAR, cloud_account VARCHAR, event_date VARCHAR)"
        )
        lake.executemany(
            "INSERT INTO findings VALUES (?, ?, ?, ?, '111122223333', '2026-03-04')", rows
        )
        return [row[0] for row in lake.execute(sql).fetchall()]


def test_the_query_shows_exactly_the_alerts_findings() -> None:
    _, _, alert = opened(settings(), finding(0), finding(4))
    assert rows_of(query_of(alert)) == ["mine", "mine"]


def test_the_query_does_not_name_what_is_hidden() -> None:
    _, _, alert = opened(settings(), finding(0), finding(4))
    sql = query_of(alert, Redaction(mask=("actor_user",), allow=("src_ip",)))
    assert "mira" not in sql
    assert "111122223333" not in sql
    assert rows_of(sql) == ["mine", "other person", "mine"]


def test_hostile_values_stay_one_literal_each() -> None:
    hostile = "x' OR '1'='1"
    found = finding(rule=replace(RULE, id=hostile), entities={"actor_user": hostile})
    _, _, alert = opened(settings(), found)
    assert query_of(alert).count("'x'' OR ''1''=''1'") == 2


@pytest.mark.parametrize(
    "redaction", [Redaction(mask=("actor_user",)), Redaction(drop=("actor_*",))]
)
def test_a_hidden_entity_stands_nowhere(redaction: Redaction) -> None:
    fields = {"arn": "arn:aws:iam::1:user/mira", "eventname": "x"}
    _, _, alert = opened(settings(), finding(fields=fields))
    message = told(alert, redaction)
    assert "mira" not in everything(message)
    assert "mira" in everything(told(alert))


def test_an_allow_list_shows_nothing_else() -> None:
    _, _, alert = opened(settings())
    message = told(alert, Redaction(allow=("eventname",)))
    assert "ConsoleLogin" in everything(message)
    assert "203.0.113.7" not in everything(message)
    assert message.entities == {}


def test_secrets_are_scrubbed_everywhere() -> None:
    key = "AKIA" + "A" * 16
    rule = replace(RULE, title=f"t {key}", description=f"d {key}", false_positives=(key,), id=key)
    found = finding(
        rule=rule, entities={"actor_user": key}, fields={"a": key, "password": "hunter2"}
    )
    _, _, alert = opened(settings(), found)
    message = told(replace(alert, rule=rule))
    assert "AKIA" not in everything(message).replace(alert.id, "")
    assert "hunter2" not in everything(message)


def test_templates_in_logs_are_text() -> None:
    hostile = "{x.__class__} {{7*7}} ${7*7} %s %(a)s {0}"
    _, _, alert = opened(settings(), finding(fields={"a": hostile}))
    assert dict(told(alert).fields)["a"] == hostile


def test_the_hash_follows_the_content() -> None:
    _, _, alert = opened(settings())
    assert body_hash(told(alert)) == body_hash(told(alert))
    assert body_hash(told(alert)) != body_hash(told(replace(alert, count=9)))


def test_a_trial_is_harmless() -> None:
    message = trial("soc", NOW)
    assert (message.kind, message.level) == ("test", "informational")


@pytest.mark.parametrize(
    ("tags", "shown"),
    [
        (("attack.t1059",), ["T1059"]),
        (("attack.command_and_control", "attack.t1071.001"), ["T1071.001", "command and control"]),
        (("cve.2021-1", "attack.g0007", "attack."), []),
    ],
)
def test_attack_tags(tags: tuple[str, ...], shown: list[str]) -> None:
    assert attack(tags) == shown
