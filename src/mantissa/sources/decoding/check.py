"""Which JSON texts may become records, decided without building their values.

The traps, each with its decision: text that is not UTF-8 and escapes of lone surrogates are
`bad_utf8`; nesting over the limit is `depth`; an integer outside 64 bits is `bigint`; NaN,
Infinity and everything else outside RFC 8259 are `bad_json`. Of a key given twice the last counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import msgspec

from mantissa.model import Reason
from mantissa.sources.decoding.pieces import Bounds, Fault, Piece, Rows, fault
from mantissa.sources.decoding.scan import depth_of

decode_raw = msgspec.json.Decoder(msgspec.Raw).decode
"""Takes one JSON text, whatever its value; raises `msgspec.DecodeError` or `RecursionError`."""

decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
"""Takes one JSON array and splits it, with the errors of `decode_raw`."""

_STRIDE = 4
_DIGITS = bytes(
    ord("0") if byte in b"0123456789" else byte if byte in b'":,[' else ord(" ")
    for byte in range(256)
)
_BLANKS_AND_SIGN = b" \t\r\n-"
_LONG_DIGITS = tuple(before + b"0" * 19 for before in (b'":', b",", b"["))
_STRINGS = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_LONG_NUMBER = re.compile(rb"(?<![0-9.eE+-])-?([0-9]{19,})(?![0-9])([.eE])?")
_HIGH_THEN_LOW = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_MOST_DIGITS = 308


def vet(raws: list[bytes], window: bytes, limits: Bounds) -> Iterator[Piece]:
    """Yield valid JSON texts that a later stage can work with, the others as faults.

    Args:
        window: bytes that contain all of `raws`; what can be told of them together is not asked
            of every text again.
    """
    most = limits.max_depth
    plain = is_utf8(window) and not any(raw.count(b"{") + raw.count(b"[") > most for raw in raws)
    if plain and not _may_hold_long_number(window):
        yield Rows(raws)
        return
    find = _long_number_fault if plain else partial(judge, limits=limits)
    good: list[bytes] = []
    for raw in raws:
        found = find(raw)
        if found is None:
            good.append(raw)
            continue
        if good:
            yield Rows(good)
            good = []
        yield found
    if good:
        yield Rows(good)


def judge(raw: bytes, limits: Bounds) -> Fault | None:
    """Return what is wrong with one valid JSON text."""
    if not is_utf8(raw):
        return fault(Reason.BAD_UTF8, _where_not_utf8(raw), raw)
    if _is_deep(raw, limits):
        return fault(Reason.DEPTH, f"nested deeper than {limits.max_depth} levels", raw)
    return _long_number_fault(raw)


def _long_number_fault(raw: bytes) -> Fault | None:
    if _may_hold_long_number(raw) and (number := _too_big(raw)):
        return fault(Reason.BIGINT, f"the integer {number}… needs more than 64 bits", raw)
    return None


def diagnose(raw: bytes, limits: Bounds, *, tail: bool = False) -> Fault:
    """Return what is wrong with a text that is not valid JSON."""
    reason, detail = _diagnosis(raw, limits)
    return fault(reason, detail, raw, tail=tail)


def _diagnosis(raw: bytes, limits: Bounds) -> tuple[Reason, str]:
    if not is_utf8(raw):
        return Reason.BAD_UTF8, _where_not_utf8(raw)
    if _is_deep(raw, limits):
        return Reason.DEPTH, f"nested deeper than {limits.max_depth} levels"
    try:
        decode_raw(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        if b"\\u" in raw and _is_valid_without_lone_surrogates(raw):
            return Reason.BAD_UTF8, "half of a surrogate pair in an escape (\\ud800 to \\udfff)"
        return Reason.BAD_JSON, str(error)
    return Reason.BAD_JSON, "more follows on the line after a JSON value"


def _is_deep(raw: bytes, limits: Bounds) -> bool:
    most = limits.max_depth
    return raw.count(b"{") + raw.count(b"[") > most and depth_of(raw) > most


def is_utf8(raw: bytes) -> bool:
    """Say whether bytes are UTF-8."""
    if raw.isascii():
        return True
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def is_json(raw: bytes) -> bool:
    """Say whether bytes are one JSON text."""
    try:
        decode_raw(raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True


def _where_not_utf8(raw: bytes) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start} (0x{raw[error.start]:02x}) is not UTF-8: {error.reason}"
    return "not UTF-8"


def _may_hold_long_number(window: bytes) -> bool:
    """Say whether 19 digits may stand where a number can; most often a quarter of the bytes tells.

    A number follows the colon of a member, a comma or a bracket. Digits within a text do so only
    after a comma or a bracket of the text's own, which is rare, so that identifiers do not count.
    """
    if b"0000" not in window[::_STRIDE].translate(_DIGITS):
        return False
    digits = b"," + window.translate(_DIGITS, _BLANKS_AND_SIGN)
    return any(long in digits for long in _LONG_DIGITS)


def _too_big(raw: bytes) -> str:
    """Return the first digits of an integer outside 64 bits, if there is one."""
    for match in _LONG_NUMBER.finditer(_STRINGS.sub(b'""', raw)):
        digits, fraction = match[1], match[2]
        if fraction and len(digits) <= _MOST_DIGITS:
            continue
        if len(digits) > 20 or not -(1 << 63) <= int(match[0].rstrip(b".eE")) < 1 << 64:
            return match[0][:21].decode()
    return ""


def _is_valid_without_lone_surrogates(raw: bytes) -> bool:
    if not _SURROGATE.search(raw):
        return False
    paired = _HIGH_THEN_LOW.sub(b"  ", raw)
    return is_json(_SURROGATE.sub(b"  ", paired))
