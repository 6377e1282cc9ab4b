"""Windows events as XML text, and what can be said of evtx files without a real one."""

from __future__ import annotations

import hashlib

import pytest

from support.decoding import outcome

NS = "http://schemas.microsoft.com/win/2004/08/events/event"
ONE = f"<Event xmlns='{NS}'><System><EventID>1</EventID></System><EventData/></Event>".encode()
TWO = f"""<Event xmlns="{NS}">
  <System><EventID>4624</EventID></System>
  <EventData><Data Name="u">é</Data></EventData>
</Event>""".encode()
HEADER = b"ElfFile\0".ljust(4096, b"\0")


@pytest.mark.parametrize("window", [16, 1 << 20])
@pytest.mark.parametrize(
    "text",
    [
        ONE + TWO,
        ONE + b"\r\n" + TWO + b"\r\n",
        b'<?xml version="1.0" encoding="utf-8"?>\n<Events>' + ONE + TWO + b"</Events>\n",
        b"<!-- - exported -->\n<Events>\n" + ONE + b"<!-- x -->" + TWO + b"</Events>",
        b"\xef\xbb\xbf" + ONE + b"\xef\xbb\xbf" + TWO,
    ],
)
def test_xml_events(text: bytes, window: int) -> None:
    assert outcome(text, window=window).good == [ONE, TWO]


def test_xml_in_utf16() -> None:
    text = "\ufeff" + "<?xml version='1.0' encoding='utf-16'?>\n" + (ONE + TWO).decode()
    assert outcome(text.encode("utf-16-le")).good == [ONE, TWO]


def test_text_between_events_is_not_dropped() -> None:
    found = outcome(ONE + b"who wrote this?" + TWO + b"<Events>junk")
    assert found.good == [ONE, TWO]
    assert [bad.raw for bad in found.bad] == [b"who wrote this?", b"<Events>junk"]
    assert found.reasons == ["bad_format"] * 2


def test_a_cut_event() -> None:
    found = outcome(ONE + TWO[:-5])
    assert found.good == [ONE]
    assert [bad.raw for bad in found.bad] == [TWO[:-5]]


def test_an_event_over_the_limit() -> None:
    big = ONE.replace(b"<EventData/>", b"<EventData>" + b"x" * 300_000 + b"</EventData>")
    found = outcome(ONE + big + TWO, max_line=100_000, window=1000)
    assert found.good == [ONE, TWO]
    assert found.reasons == ["line_too_long"]
    assert found.bad[0].sha256 == hashlib.sha256(big).hexdigest()


def test_an_event_that_is_not_utf8() -> None:
    found = outcome(ONE + TWO.replace("é".encode(), b"\xe9") + ONE)
    assert found.good == [ONE, ONE]
    assert found.reasons == ["bad_utf8"]


def test_an_evtx_file_without_events() -> None:
    assert outcome(HEADER).counts == (0, 0, 0)
    assert outcome(HEADER + bytes(3 * 65536)).counts == (0, 0, 0)


def test_damaged_evtx_chunks_are_counted_one_by_one() -> None:
    noise = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(2048))
    found = outcome(HEADER + noise + b"ElfChnk\0" + noise[8:] + noise[:5000])
    assert found.counts[0] == 0
    assert set(found.reasons) == {"bad_format"}
    for number in (1, 2, 3):
        assert any(f"chunk {number}" in bad.detail for bad in found.bad)


def test_a_cut_evtx_header() -> None:
    found = outcome(HEADER[:100])
    assert found.reasons == ["bad_format"]
