"""The demo's scenario: same seed same bytes, AWS's layout and shapes, and the whole story in it."""

from __future__ import annotations

import gzip
import ipaddress
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlglot

from mantissa.entrypoints.cli import scenario_attack as attack
from mantissa.entrypoints.cli import scenario_record as company
from mantissa.entrypoints.cli.scenario import Scenario, write_scenario
from mantissa.entrypoints.cli.scenario_questions import QUESTIONS
from mantissa.errors import ConfigError

END = datetime(2026, 11, 23, 9, 7, 31, tzinfo=UTC)
EVENTS = 3_000
KEY = re.compile(
    r"AWSLogs/111122223333/CloudTrail/(?P<region>[a-z]{2}-[a-z]+-\d)/(?P<day>\d{4}/\d\d/\d\d)/"
    r"111122223333_CloudTrail_(?P=region)_(?P<stamp>\d{8}T\d{4}Z)_[A-Za-z0-9]{16}\.json\.gz"
)
DOCUMENTATION = [
    ipaddress.ip_network(n) for n in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")
]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Scenario]:
    target = tmp_path_factory.mktemp("scenario")
    return target, write_scenario(target, end=END, events=EVENTS)


@pytest.fixture(scope="module")
def records(written: tuple[Path, Scenario]) -> list[dict[str, Any]]:
    return list(_records(written[1]))


def _records(scenario: Scenario) -> Iterator[dict[str, Any]]:
    for path in scenario.files:
        yield from json.loads(gzip.decompress(path.read_bytes()))["Records"]


def _content(target: Path) -> dict[str, bytes]:
    return {
        p.relative_to(target).as_posix(): p.read_bytes() for p in target.rglob("*") if p.is_file()
    }


def test_same_seed_and_end_give_the_same_files_and_bytes(
    tmp_path: Path, written: tuple[Path, Scenario]
) -> None:
    again = write_scenario(tmp_path, end=END, events=EVENTS)

    assert _content(tmp_path) == _content(written[0])
    assert again.attack_event_ids == written[1].attack_event_ids


def test_another_seed_gives_other_events_of_the_same_story(
    tmp_path: Path, written: tuple[Path, Scenario]
) -> None:
    other = write_scenario(tmp_path, seed=8, end=END, events=EVENTS)

    assert other.story == written[1].story
    assert other.attack_event_ids != written[1].attack_event_ids


def test_end_in_another_zone_is_the_same_moment(
    tmp_path: Path, written: tuple[Path, Scenario]
) -> None:
    write_scenario(tmp_path, end=END.astimezone(ZoneInfo("Asia/Kolkata")), events=EVENTS)

    assert _content(tmp_path) == _content(written[0])


def test_files_lie_where_cloudtrail_puts_them(written: tuple[Path, Scenario]) -> None:
    target, scenario = written
    assert list(scenario.files) == sorted(p for p in target.rglob("*.gz"))
    for path in scenario.files:
        key = KEY.fullmatch(path.relative_to(target).as_posix())
        assert key is not None, path
        assert key["stamp"].startswith(key["day"].replace("/", ""))
        delivered = datetime.strptime(key["stamp"], "%Y%m%dT%H%MZ").replace(tzinfo=UTC)
        for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]:
            assert record["awsRegion"] == key["region"]
            age = delivered - _time(record)
            assert timedelta(minutes=-1) <= age <= timedelta(minutes=30)


def test_gzip_headers_hold_no_time_and_no_name(written: tuple[Path, Scenario]) -> None:
    for path in written[1].files:
        header = path.read_bytes()[:10]
        assert header[:4] == b"\x1f\x8b\x08\x00"
        assert header[4:8] == bytes(4)


def test_as_many_events_as_asked_each_with_its_own_id(
    written: tuple[Path, Scenario], records: list[dict[str, Any]]
) -> None:
    assert len(records) == EVENTS == written[1].events
    assert len({r["eventID"] for r in records}) == EVENTS
    requests = [r["requestID"] for r in records if "requestID" in r]
    assert len(set(requests)) == len(requests)


def test_all_events_lie_in_the_window(records: list[dict[str, Any]]) -> None:
    times = [_time(r) for r in records]
    assert END - timedelta(hours=36) <= min(times)
    assert max(times) < END
    assert max(times) - min(times) > timedelta(hours=30)


def _time(record: dict[str, Any]) -> datetime:
    return datetime.strptime(record["eventTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def test_records_have_the_shape_of_cloudtrail(records: list[dict[str, Any]]) -> None:
    always = {
        "eventVersion",
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "sourceIPAddress",
        "userAgent",
        "requestParameters",
        "responseElements",
        "eventID",
        "readOnly",
        "eventType",
        "managementEvent",
        "recipientAccountId",
        "eventCategory",
    }
    uuid = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
    for record in records:
        assert always <= record.keys()
        assert record["eventVersion"] == "1.11"
        assert record["recipientAccountId"] == "111122223333"
        assert uuid.fullmatch(record["eventID"])
        assert isinstance(record["readOnly"], bool)
        assert ("errorCode" in record) == ("errorMessage" in record)
        assert ("requestID" in record) == (record["eventType"] == "AwsApiCall")


def test_every_kind_of_caller_is_there_in_its_own_shape(records: list[dict[str, Any]]) -> None:
    by_type: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        by_type.setdefault(record["userIdentity"]["type"], []).append(record["userIdentity"])

    assert by_type.keys() == {"IAMUser", "AssumedRole", "AWSService", "Root"}
    for identity in by_type["AssumedRole"]:
        issuer = identity["sessionContext"]["sessionIssuer"]
        assert identity["arn"].split("/")[1] == issuer["userName"]
        assert identity["accessKeyId"].startswith("ASIA")
    assert all("arn" not in identity for identity in by_type["AWSService"])
    keys = {i["accessKeyId"] for kind in by_type.values() for i in kind if i.get("accessKeyId")}
    assert {len(key) for key in keys} == {20}


def test_a_session_key_belongs_to_one_session(records: list[dict[str, Any]]) -> None:
    sessions: dict[str, set[tuple[str, str]]] = {}
    for record in records:
        identity = record["userIdentity"]
        if identity["type"] == "AssumedRole":
            began = identity["sessionContext"]["attributes"]["creationDate"]
            sessions.setdefault(identity["accessKeyId"], set()).add((identity["arn"], began))
            assert began <= record["eventTime"]
    assert all(len(owners) == 1 for owners in sessions.values())


def test_addresses_belong_to_nobody(records: list[dict[str, Any]]) -> None:
    for address in {r["sourceIPAddress"] for r in records}:
        if not address.endswith(".amazonaws.com"):
            assert any(ipaddress.ip_address(address) in block for block in DOCUMENTATION)


def test_the_story_is_in_the_events_in_order(
    written: tuple[Path, Scenario], records: list[dict[str, Any]]
) -> None:
    scenario = written[1]
    by_id = {r["eventID"]: r for r in records}
    assert [s.name for s in scenario.story] == list(scenario.attack_event_ids)
    assert [s.time for s in scenario.story] == sorted(s.time for s in scenario.story)
    assert len(scenario.story) >= 8
    for step in scenario.story:
        told = [by_id[i] for i in scenario.attack_event_ids[step.name]]
        assert tuple(dict.fromkeys(r["eventName"] for r in told)) == step.event_names
        assert _time(told[0]) == step.time
        assert [_time(r) for r in told] == sorted(_time(r) for r in told)


def test_only_the_intruder_comes_from_the_intruders_addresses(
    written: tuple[Path, Scenario], records: list[dict[str, Any]]
) -> None:
    strange = {attack.KALI_ADDRESS, attack.BROWSER_ADDRESS}
    bad = {i for ids in written[1].attack_event_ids.values() for i in ids}

    assert {r["eventID"] for r in records if r["sourceIPAddress"] in strange} == bad


def test_the_leaked_key_has_an_honest_life_too(records: list[dict[str, Any]]) -> None:
    used = [r for r in records if r["userIdentity"].get("accessKeyId") == company.CI_KEY]
    addresses = {r["sourceIPAddress"] for r in used}

    assert addresses == {company.BUILD_ADDRESS, attack.KALI_ADDRESS}
    assert sum(r["sourceIPAddress"] == company.BUILD_ADDRESS for r in used) > 50


def test_noise_holds_the_near_misses(
    written: tuple[Path, Scenario], records: list[dict[str, Any]]
) -> None:
    bad = {i for ids in written[1].attack_event_ids.values() for i in ids}
    quiet = [r for r in records if r["eventID"] not in bad]
    names = {(r["eventName"], r["userIdentity"]["type"]) for r in quiet}

    assert ("GetAccountAuthorizationDetails", "AssumedRole") in names
    assert ("PutBucketPolicy", "AssumedRole") in names
    assert ("ConsoleLogin", "Root") in names
    assert any(r.get("errorCode") == "AccessDenied" for r in quiet)


@pytest.mark.parametrize("events", [200, 201, 20_000])
def test_number_of_events_is_exact(tmp_path: Path, events: int) -> None:
    assert sum(1 for _ in _records(write_scenario(tmp_path, end=END, events=events))) == events


def test_a_time_without_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no time zone"):
        write_scenario(tmp_path, end=END.replace(tzinfo=None))
    assert not list(tmp_path.iterdir())


def test_too_few_events_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="199 events"):
        write_scenario(tmp_path, end=END, events=199)


def test_questions_speak_of_this_scenario() -> None:
    texts = " ".join(q.sql for q in QUESTIONS)
    for word in (
        company.CI_KEY,
        company.BUILD_ADDRESS,
        attack.KALI_ADDRESS,
        attack.BROWSER_ADDRESS,
    ):
        assert f"'{word}'" in texts


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda q: q.title)
def test_questions_are_one_select_over_the_cloudtrail_table(question: Any) -> None:
    tree = sqlglot.parse_one(question.sql, dialect="duckdb")
    assert isinstance(tree, sqlglot.exp.Select)
    assert {t.name for t in tree.find_all(sqlglot.exp.Table)} == {"aws_cloudtrail"}
