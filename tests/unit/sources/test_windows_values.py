"""Values and data of Windows events are made uniform without losing what they say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mantissa.sources.windows import values
from mantissa.sources.windows.data import hashes, powershell_pairs, uniform
from mantissa.sources.windows.fields import names_of
from mantissa.sources.windows.names import CHANNELS, channel


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("0x8020000000000000", "0x8020000000000000"),
        (-9214364837600034816, "0x8020000000000000"),
        (36028797018963968, "0x80000000000000"),
        ("-9223372036854775808", "0x8000000000000000"),
        (["Audit Failure"], "0x8010000000000000"),
        ("AUDIT_SUCCESS", "0x8020000000000000"),
        (["Classic", "Response Time"], "Classic, Response Time"),
        ("0x0", "0x0"),
        ("", None),
    ],
)
def test_keywords(given_: Any, expected: str | None) -> None:
    assert values.keywords(given_) == expected


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("4624", 4624),
        (4624, 4624),
        (4624.0, 4624),
        ("0x1210", 4624),
        ({"#text": "4624", "#attributes": {"Qualifiers": 0}}, 4624),
        ({"Value": 4624}, 4624),
        (0x40000000 + 7036, 7036),
        (True, None),
        ("x", None),
        (None, None),
        ("0x", None),
        (4.5, None),
    ],
)
def test_event_id(given_: Any, expected: int | None) -> None:
    assert values.event_id(given_) == expected


@pytest.mark.parametrize(("given_", "expected"), [("Information", 4), ("2", 2), ("odd", None)])
def test_level(given_: str, expected: int | None) -> None:
    assert values.level(given_) == expected


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("2026-03-04T09:17:31.4829134Z", "2026-03-04T09:17:31.482913Z"),
        ("2026-03-04t09:17:31.482913z", "2026-03-04T09:17:31.482913Z"),
        ("2026-03-04 09:17:31.455", "2026-03-04T09:17:31.455000Z"),
        ("2026-03-04 10:17:31 +0100", "2026-03-04T09:17:31.000000Z"),
        ("2026-03-04T04:17:31-05:00", "2026-03-04T09:17:31.000000Z"),
        ("2026-03-04 09:17:31.5 UTC", "2026-03-04T09:17:31.500000Z"),
        ("/Date(1772615851482)/", "2026-03-04T09:17:31.482000Z"),
        (1772615851.5, "2026-03-04T09:17:31.500000Z"),
        (1772615851482, "2026-03-04T09:17:31.482000Z"),
    ],
)
def test_moment(given_: Any, expected: str) -> None:
    found = values.moment(given_)

    assert found is not None
    assert values.stamp(found) == expected


@pytest.mark.parametrize(
    "given_", ["", "soon", "2026-13-01T00:00:00Z", True, [], 1e300, float("nan")]
)
def test_no_moment(given_: Any) -> None:
    assert values.moment(given_) is None


def test_a_time_without_zone_can_be_refused() -> None:
    assert values.moment("2026-03-04 09:17:31", naive=False) is None


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001
    st.integers(-12 * 60, 14 * 60),
)
def test_zones_are_turned_into_utc(naive: datetime, minutes: int) -> None:
    local = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))

    assert values.moment(local.isoformat()) == local.astimezone(UTC)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.lists(st.text())))
def test_no_cleaner_falls_over(value: Any) -> None:
    for clean in values.CLEANERS.values():
        clean(value)
    values.moment(value)


def test_guids_get_one_form() -> None:
    bare = "0197231E-8BFF-6926-1308-000000000D00"

    assert values.guid(bare) == values.guid(f"{{{bare.lower()}}}") == f"{{{bare.lower()}}}"
    assert values.guid("-") == "-"


@pytest.mark.parametrize("name", CHANNELS)
def test_channels_get_their_registered_spelling(name: str) -> None:
    assert channel(name.upper()) == channel(name.lower()) == name


def test_unknown_channels_stay() -> None:
    assert channel("Contoso-Thing/Admin") == "Contoso-Thing/Admin"


CLASSIC = {"Channel": "Windows PowerShell", "Provider_Name": "PowerShell"}
DETAILS = (
    "\tNewEngineState=Available\n\tPreviousEngineState=None\n\n\tSequenceNumber=13\n\n"
    "\tHostName=ConsoleHost\n\tHostVersion=5.1.1\n\tHostId=aa\n"
    "\tHostApplication=powershell.exe -c $x=1;\n$y = 2\n\tEngineVersion=5.1.1\n\tRunspaceId=bb\n"
    "\tPipelineId=\n\tCommandLine="
)


def test_classic_powershell_lines_become_fields() -> None:
    found = uniform({"Data": ["Available", "None", DETAILS]}, CLASSIC, "")

    assert found["Data"] == f"Available\nNone\n{DETAILS}"
    assert found["param3"] == DETAILS
    assert found["HostApplication"] == "powershell.exe -c $x=1;\n$y = 2"
    assert found["EngineVersion"] == "5.1.1"
    assert found["CommandLine"] == ""


def test_classic_powershell_is_read_from_the_message_when_nothing_else_came() -> None:
    message = f"Engine state is changed from None to Available. \r\n\r\nDetails: \r\n{DETAILS}"

    found = uniform({}, CLASSIC, message)

    assert found == uniform({"Data": ["Available", "None", DETAILS]}, CLASSIC, "")


def test_a_key_value_pair_in_a_command_is_no_field() -> None:
    assert powershell_pairs("\tHostApplication=a\nEnv=b\n") == {"HostApplication": "a\nEnv=b"}


@pytest.mark.parametrize("details", ["", "Get-Date", "$a = 1; $b = 2"])
def test_a_classic_event_without_pairs_is_a_row_like_any_other(details: str) -> None:
    assert powershell_pairs(details) == {}
    system = {"Channel": "Windows PowerShell", "EventID": 800}
    assert uniform({"Data": details}, system, "")["Data"] == details


def test_unnamed_data_and_params_are_the_same() -> None:
    unnamed = uniform({"Data": ["stopped", "auto"]}, {}, "")

    assert unnamed == uniform({"param1": "stopped", "param2": "auto"}, {}, "")
    assert unnamed == {"Data": "stopped\nauto", "param1": "stopped", "param2": "auto"}


def test_params_keep_their_order_beyond_nine() -> None:
    data = {f"param{n}": str(n) for n in (10, 2, 1, *range(3, 10))}

    assert uniform(dict(data), {}, "")["Data"] == "\n".join(str(n) for n in range(1, 11))


def test_values_are_text_and_empty_ones_stay() -> None:
    data = {"A": True, "B": 7, "C": "", "D": None, "E": "-", "F": [1, "x"]}

    assert uniform(data, {}, "") == {"A": "true", "B": "7", "C": "", "E": "-", "F": '[1,"x"]'}


def test_names_with_blanks_can_be_named_in_rules() -> None:
    found = uniform({"New Value": "x"}, {}, "")

    assert found == {"New Value": "x", "NewValue": "x", "New_Value": "x"}


def test_sysmons_event_type_is_recovered_from_the_message() -> None:
    system = {"Provider_Name": "Microsoft-Windows-Sysmon"}
    message = "Registry value set:\r\nRuleName: -\r\nEventType: SetValue\r\nDetails: x"

    assert uniform({"RuleName": "-"}, system, message) == {"RuleName": "-", "EventType": "SetValue"}


def test_sysmon_is_read_from_the_message_when_nothing_else_came() -> None:
    system = {"Provider_Name": "Microsoft-Windows-Sysmon"}
    message = "Process Create:\r\nRuleName: -\r\nImage: C:\\a b.exe\r\nUser: CORP\\x"

    found = uniform({}, system, message)

    assert found["Image"] == "C:\\a b.exe"
    assert found["User"] == "CORP\\x"


def test_hashes_of_a_list() -> None:
    md5, sha256 = "A" * 32, "B" * 64

    found = hashes({"Hashes": f"SHA256={sha256},MD5={md5}"})

    assert found == {"sha256": "b" * 64, "md5": "a" * 32}
    assert hashes({"Hashes": "-"}) == {}


@pytest.mark.parametrize(
    ("event", "count", "last"),
    [
        (4624, 20, "IpPort"),
        (4624, 27, "ElevatedToken"),
        (4688, 9, "CommandLine"),
        (4688, 15, "MandatoryLabel"),
    ],
)
def test_older_versions_have_fewer_strings(event: int, count: int, last: str) -> None:
    system = {"Provider_Name": "Microsoft-Windows-Security-Auditing", "EventID": event}

    names = names_of(system, count)

    assert len(names) == count
    assert names[-1] == last


@pytest.mark.parametrize("count", [0, 28])
def test_strings_that_do_not_fit_get_no_names(count: int) -> None:
    system = {"Provider_Name": "Microsoft-Windows-Security-Auditing", "EventID": "4624"}

    assert names_of(system, count) == []
