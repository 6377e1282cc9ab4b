"""What Trino's functions make of text, in plain Python: numbers, addresses, URLs, bases.

Each of these is a shim for the embedded engine, which lacks the function or means another thing by
it. They were held against Trino 476. A ValueError stops the query.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
import zlib
from collections.abc import Iterator
from urllib.parse import quote_plus, unquote_plus

_URL = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_AUTHORITY = re.compile(r"(?:([^@]*)@)?(\[[0-9A-Fa-f:.]+\]|[^:@\[\]]*)(?::([0-9]*))?")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.?"
    r"|(?:[0-9]{1,3}\.){3}[0-9]{1,3}|\[[0-9A-Fa-f:.]+\]"
)
_ILLEGAL = re.compile(r"[\x00-\x20\x7f-\xa0\"<>\\^`{|}\u2028\u2029]")
_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_LEADS = ((2, 0xC0, 0xDF), (3, 0xE0, 0xEF), (4, 0xF0, 0xF7), (5, 0xF8, 0xFB), (6, 0xFC, 0xFD))
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def double_text(value: float | None) -> str | None:
    """Return a double as `CAST(x AS varchar)` writes it: `1.0E-1`."""
    if value is None:
        return None
    if value != value or value in (float("inf"), float("-inf")):
        return _odd(value)
    if value == 0:
        return "-0E0" if str(value).startswith("-") else "0E0"
    sign, digits, exponent = _decimal(value)
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"


def java_double(value: float) -> str:
    """Return a double as Java's `Double.toString` writes it: `0.1`, `1.0E10`."""
    if value != value or value in (float("inf"), float("-inf")):
        return _odd(value)
    if value == 0:
        return str(value)
    sign, digits, exponent = _decimal(value)
    if not -3 <= exponent < 7:
        return f"{sign}{digits[0]}.{digits[1:] or '0'}E{exponent}"
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    whole = digits.ljust(exponent + 1, "0")
    return f"{sign}{whole[: exponent + 1]}.{whole[exponent + 1 :] or '0'}"


def _odd(value: float) -> str:
    if value != value:
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _decimal(value: float) -> tuple[str, str, int]:
    """Return the sign, the shortest digits that read back as the value, and the exponent."""
    mantissa, _, power = f"{value!r}".lower().partition("e")
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, part = mantissa.lstrip("-").partition(".")
    digits = (whole + part).lstrip("0")
    exponent = int(power or 0) + len(whole) - 1 - (len(whole + part) - len(digits))
    return sign, digits.rstrip("0") or "0", exponent


def address_bytes(text: str | None) -> bytes | None:
    """Return an address's 16 bytes as Trino keeps them, None for what is no address."""
    if text is None:
        return None
    bare, mark, scope = text.partition("%")
    if mark and not (":" in bare and scope.isdecimal()):
        return None
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return None
    if address.version == 4:
        return b"\x00" * 10 + b"\xff\xff" + address.packed
    return address.packed


def address_text(packed: bytes | None) -> str | None:
    """Return an address as text: IPv4 in dots, IPv6 shortened."""
    if packed is None:
        return None
    address = ipaddress.IPv6Address(packed)
    return str(address.ipv4_mapped or address)


def from_utf8(data: bytes | None) -> str | None:
    """Return bytes as text; each broken sequence becomes one U+FFFD, as Trino counts them."""
    if data is None:
        return None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(_mended(data))


def _mended(data: bytes) -> Iterator[str]:
    at = 0
    while at < len(data):
        length, whole = _sequence(data, at)
        yield data[at : at + length].decode("utf-8") if whole else "\ufffd"
        at += length


def _sequence(data: bytes, at: int) -> tuple[int, bool]:
    """Return the length of the sequence that begins here, and whether it is a character."""
    first = data[at]
    if first < 0x80:
        return 1, True
    wanted = next((n for n, low, high in _LEADS if low <= first <= high), 0)
    if wanted == 0:
        return 1, False
    for n in range(1, wanted):
        if at + n >= len(data) or data[at + n] & 0xC0 != 0x80:
            return n, False
    try:
        data[at : at + wanted].decode("utf-8")
    except UnicodeDecodeError:
        return wanted, False
    return wanted, True


def from_hex(text: str | None) -> bytes | None:
    """Return the bytes that a text writes in hexadecimal."""
    if text is None:
        return None
    if len(text) % 2 or not re.fullmatch("[0-9A-Fa-f]*", text):
        raise ValueError("this text is not hexadecimal")
    return bytes.fromhex(text)


def from_base64(text: str | None) -> bytes | None:
    """Return the bytes that a text writes in Base64; `=` at the end may be missing."""
    if text is None:
        return None
    bare = text.rstrip("=")
    padded = bare + "=" * (-len(bare) % 4)
    if text not in (bare, padded) or len(bare) % 4 == 1:
        raise ValueError("this text is not Base64")
    try:
        return base64.b64decode(padded, validate=True)
    except binascii.Error as error:
        raise ValueError("this text is not Base64") from error


def sha512(data: bytes | None) -> bytes | None:
    """Return the SHA-512 of bytes."""
    return None if data is None else hashlib.sha512(data).digest()


def levenshtein(one: str | None, other: str | None) -> int | None:
    """Return how many characters must be changed to turn one text into the other."""
    if one is None or other is None:
        return None
    before = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        now = [row]
        for place, right in enumerate(other, 1):
            now.append(min(before[place] + 1, now[-1] + 1, before[place - 1] + (left != right)))
        before = now
    return before[-1]


def crc32(data: bytes | None) -> int | None:
    """Return the CRC-32 of bytes."""
    return None if data is None else zlib.crc32(data)


def url_part(text: str | None, part: str) -> str | None:
    """Return a part of a URL as `java.net.URI` sees it, None if it is none or lacks the part."""
    parts = _uri(text)
    return parts.get(part) if parts is not None else None


def url_parameter(text: str | None, name: str | None) -> str | None:
    """Return the first parameter of that name in a URL's query."""
    parts = _uri(text)
    if parts is None or name is None or not parts["query"]:
        return None
    for pair in _raw_query(text or "").split("&"):
        key, mark, value = pair.partition("=")
        if key == name:
            return _decoded(value) if mark else ""
    return None


def _raw_query(text: str) -> str:
    found = _URL.fullmatch(text)
    return (found[4] or "") if found else ""


def _uri(text: str | None) -> dict[str, str | None] | None:
    """Return the parts as Trino tells them: what is missing is empty, or NULL for some."""
    if text is None or _ILLEGAL.search(text) or _ESCAPE.search(text):
        return None
    found = _URL.fullmatch(text)
    if found is None or (found[1] is not None and not _SCHEME.fullmatch(found[1])):
        return None
    scheme, authority, path, query, fragment = found.groups()
    if scheme is not None and authority is None and not path:
        return None
    if scheme is None and authority is None and ":" in path.partition("/")[0]:
        return None
    if authority is not None and not authority and not path:
        return None
    opaque = scheme is not None and authority is None and not path.startswith("/")
    host, port = _server(authority)
    return {
        "protocol": scheme or "",
        "host": host or "",
        "port": port,
        "path": "" if opaque else _decoded(path),
        "query": "" if opaque else _decoded(query or ""),
        "fragment": _decoded(fragment or ""),
    }


def _server(authority: str | None) -> tuple[str | None, str | None]:
    found = _AUTHORITY.fullmatch(authority or "")
    if found is None or not _HOST.fullmatch(found[2]):
        return None, None
    return found[2], found[3] or None


def _decoded(text: str | None) -> str | None:
    """Undo %XX, leaving + alone."""
    return None if text is None else unquote_plus(text.replace("+", "%2B"))


def url_encode(text: str | None) -> str | None:
    """Return text as a form field is sent."""
    return None if text is None else quote_plus(text, safe="*-._").replace("~", "%7E")


def url_decode(text: str | None) -> str | None:
    """Undo `url_encode`."""
    if text is None:
        return None
    if _ESCAPE.search(text):
        raise ValueError("this text is not URL-encoded")
    return unquote_plus(text)


def from_base(text: str | None, radix: int | None) -> int | None:
    """Return the whole number that a text writes in a base."""
    if text is None or radix is None:
        return None
    if not 2 <= radix <= 36 or not re.fullmatch("[+-]?[0-9A-Za-z]+", text):
        raise ValueError("this text is no number in that base")
    value = int(text, radix)
    if not -(2**63) <= value < 2**63:
        raise ValueError("this number does not fit bigint")
    return value


def to_base(value: int | None, radix: int | None) -> str | None:
    """Return a whole number in a base."""
    if value is None or radix is None:
        return None
    if not 2 <= radix <= 36:
        raise ValueError("a base is 2 to 36")
    digits: list[str] = []
    rest = abs(value)
    while rest or not digits:
        rest, digit = divmod(rest, radix)
        digits.append(_DIGITS[digit])
    return ("-" if value < 0 else "") + "".join(reversed(digits))
