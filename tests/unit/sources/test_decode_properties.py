"""Properties: counts against a naive oracle; packing, reading and windows change nothing."""

from __future__ import annotations

import bz2
import gzip
import json
from collections.abc import Callable

import zstandard
from hypothesis import given
from hypothesis import strategies as st

from support.decoding import Trickle, outcome

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
records = st.dictionaries(st.text("abxyz", min_size=1, max_size=4), values, min_size=1, max_size=4)
good = st.builds(
    lambda record, ascii_: json.dumps(record, ensure_ascii=ascii_).encode(), records, st.booleans()
)
bad = st.sampled_from(
    [
        b"garbage",
        b'{"a":NaN}',
        b'{"a":"open',
        b'{"a":1}}',
        b'{"a":"\xff"}',
        b'{"a":"\\ud800"}',
        b'{"a":' + b"[" * 70 + b"]" * 70 + b"}",
        b'{"a":123456789012345678901}',
        b"]",
        b"7",
    ]
)
lines = st.lists(st.tuples(st.booleans(), good, bad), min_size=1, max_size=30)
sizes = st.lists(st.integers(1, 400), min_size=1, max_size=5)
windows = st.sampled_from([1, 7, 64, 300, 5000])


@given(lines, st.sampled_from([b"\n", b"\r\n", b"\n\n"]), windows, st.booleans())
def test_any_mix_of_lines(mix, end: bytes, window: int, final: bool) -> None:
    chosen = [a if is_good else b for is_good, a, b in mix]
    text = b'{"first":1}\n' + end.join(chosen) + (end if final else b"")
    found = outcome(text, window=window)
    assert found.good == [b'{"first":1}', *(a for is_good, a, _ in mix if is_good)]
    assert [b.raw for b in found.bad] == [b for is_good, _, b in mix if not is_good]
    assert [b.position for b in found.bad] == [n + 1 for n, (ok, _, _) in enumerate(mix) if not ok]


@given(st.lists(records, max_size=20), windows, st.sampled_from([None, 0, 2]), st.booleans())
def test_any_layout_of_a_list(items, window: int, indent: int | None, wrapped: bool) -> None:
    text = json.dumps({"Records": items} if wrapped else items, indent=indent).encode()
    found = outcome(text, window=window)
    assert [json.loads(raw) for raw in found.good] == items
    assert found.bad == []


@given(st.lists(st.tuples(records, st.sampled_from([None, 0, 2])), max_size=12), windows)
def test_values_in_any_layout_one_after_another(items, window: int) -> None:
    text = b"\n".join(json.dumps(r, indent=indent).encode() for r, indent in items)
    found = outcome(text, window=window)
    assert [json.loads(raw) for raw in found.good] == [record for record, _ in items]
    assert found.bad == []


def _members(compress: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    return lambda data: b"".join(compress(data[n : n + 50]) for n in range(0, len(data), 50))


PACKERS: list[Callable[[bytes], bytes]] = [
    gzip.compress,
    _members(gzip.compress),
    zstandard.ZstdCompressor().compress,
    _members(zstandard.ZstdCompressor().compress),
    bz2.compress,
    _members(bz2.compress),
    lambda data: gzip.compress(gzip.compress(data)),
]


@given(st.lists(good | bad, max_size=15), st.sampled_from(PACKERS), sizes, windows)
def test_packing_reading_and_windows_change_nothing(some, pack, reads, window: int) -> None:
    text = b"\n".join(some)
    plain = outcome(text)
    found = outcome(Trickle(pack(text), reads), window=window)  # type: ignore[arg-type]
    assert (found.good, found.bad) == (plain.good, plain.bad)
    assert found.batches == plain.batches


@given(st.binary(max_size=400), windows)
def test_any_bytes_are_decoded_without_an_error(data: bytes, window: int) -> None:
    small, large = outcome(data, window=window), outcome(data)
    assert small == large


@given(
    st.lists(st.sampled_from([*b'{}[]",:\\\n 1aN', 0xC3, 0xA9]), max_size=60).map(bytes), windows
)
def test_any_json_like_bytes(data: bytes, window: int) -> None:
    text = b'{"Records":' + data if len(data) % 2 else b'{"a":1}\n' + data
    small, large = outcome(text, window=window), outcome(text)
    assert (small.good, small.reasons) == (large.good, large.reasons)
    spent = sum(map(len, large.good)) + sum(len(bad.raw) for bad in large.bad)
    assert spent <= len(text)


@given(st.integers(10, 3000), st.sampled_from(PACKERS[:5]))
def test_any_cut_keeps_a_prefix(cut: int, pack) -> None:
    all_lines = [b'{"n":%d,"hex":"%x"}' % (n, n * 2654435761 % 2**32) for n in range(300)]
    packed = pack(b"\n".join(all_lines))
    found = outcome(packed[: min(cut, len(packed) - 1)])
    assert found.good == all_lines[: len(found.good)]
    assert len(found.bad) <= 1
