"""Sigma's language as a table: a piece of a rule, events it must fire on, and events it must not.

Every case runs on DuckDB and on Trino. An event that is no mapping is the value of `name`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mantissa.detection.dialects import Dialect
from mantissa.detection.trial import OpenRows, Trial, judge
from support.detection import IDS, prepared, rows_of, rule

NUL = "\0"


@dataclass(frozen=True)
class Case:
    """One rule with the events it must, and must not, fire on.

    Args:
        about: what is asked; the case's name.
        detection: the selection, or whole `detection:` YAML with a condition of its own.
    """

    about: str
    detection: str
    yes: Sequence[Any] = ()
    no: Sequence[Any] = ()

    @property
    def text(self) -> str:
        """The `detection:` part of the rule."""
        if "condition:" in self.detection:
            return self.detection
        return f"s: {self.detection}\ncondition: s\n"

    @property
    def expected(self) -> list[bool]:
        """What is to be answered for each event."""
        return [True] * len(self.yes) + [False] * len(self.no)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All its events, those it fires on first."""
        return [e if isinstance(e, dict) else {"name": e} for e in (*self.yes, *self.no)]


def doc(**fields: Any) -> dict[str, Any]:
    """Return an event with a document."""
    return {"doc": fields}


STRINGS = [
    Case("whole", "{name: foo}", ["foo", "FOO"], ["foob", "xfoo", "", " foo", "foo\n", {}]),
    Case("wildcards", "{name: 'f?o*'}", ["fxo", "FOOxyz", "f\no"], ["fo", "xfoo", {}]),
    Case("escaped wildcard", r"{name: 'a\*b'}", ["a*b"], ["axb", r"a\*b"]),
    Case("backslash and wildcard", r"{name: 'a\\*'}", ["a\\", "a\\b"], ["a*", "ab"]),
    Case("backslash, star", r"{name: 'a\\\*'}", ["a\\*"], ["a\\b", "a*"]),
    Case("four backslashes are two", r"{name: '\\\\srv'}", [r"\\srv"], [r"\srv", r"\\\srv"]),
    Case("one backslash is one", r"{name: 'C:\temp'}", [r"c:\TEMP"], [r"c:\\temp", "c:temp"]),
    Case("contains", "{name|contains: oo}", ["oo", "foo", "xOOx"], ["o", "", {}]),
    Case(
        "contains with specials",
        r"{name|contains: '_%\''}".replace(r"\'", "''"),
        ["x_%'y"],
        ["x1%'y", "x_%"],
    ),
    Case("contains with wildcards inside", "{name|contains: 'a*b'}", ["xaZby", "ab"], ["ba"]),
    Case("contains of nothing", "{name|contains: ''}", ["", "x"], [{}]),
    Case("startswith", "{name|startswith: foo}", ["foo", "FOObar"], ["xfoo", "fo"]),
    Case("startswith wildcard", "{name|startswith: '?oo'}", ["foo", "boox"], ["oo"]),
    Case("endswith", "{name|endswith: foo}", ["foo", "xFOO"], ["foox", "foo\n"]),
    Case("list is any", "{name: [a, b, 'c*']}", ["a", "B", "cd"], ["d", "ab"]),
    Case(
        "list with a common part",
        "{name|contains: [Invoke-Mimi, Invoke-Nine, 'x_invoke-_%', 'in*voke-end', other]}",
        ["a INVOKE-MIMI b", "invoke-nine", "x_Invoke-_%", "in a voke-end", "another"],
        ["invoke-", "invoke-mim", "xinvoke-_%", "x_invoke-a%", "voke-end", "", {}],
    ),
    Case(
        "list with a common part, denied",
        "s: {code: 1}\nf: {name|contains: [one-part, two-part]}\ncondition: s and not f",
        [{"code": 1}, {"code": 1, "name": "-part"}],
        [{"code": 1, "name": "One-part"}, {"name": "x"}],
    ),
    Case(
        "cased list with a common part",
        "{name|contains|cased: [Get-One, Get-Two]}",
        ["Get-One", "xGet-Twox"],
        ["get-one", "GET-TWO", "Get-"],
    ),
    Case(
        "list beyond ASCII",
        "{name|contains: ['😀', '🦆', '–', '—', '―', '“', '”', '€', plain, 'é']}",
        ["a😀", "🦆", "x – y", "€", "PLAIN", "Plain €", "É", "é"],
        ["", "a - b", "🦅", "e", "$", {}],
    ),
    Case(
        "list beyond ASCII, denied",
        "s: {code: 1}\nf: {name: ['*😀', '*–', '*—', '*―', '*“', '*”', '*€', '?¥']}\n"
        "condition: s and not f",
        [{"code": 1}, {"code": 1, "name": "😀a"}, {"code": 1, "name": "¥"}],
        [{"code": 1, "name": "a😀"}, {"code": 1, "name": "a¥"}, {"code": 1, "name": "€"}],
    ),
    Case("all", "{name|contains|all: [a, b, c]}", ["cab", "ABC"], ["ab", "c"]),
    Case("all first", "{name|all|contains: [a, b]}", ["ba"], ["a", "b"]),
    Case("all of one value", "{name|contains|all: a}", ["ba"], ["b"]),
    Case("cased", "{name|cased: Foo}", ["Foo"], ["foo", "FOO"]),
    Case("contains cased", "{name|contains|cased: Oo}", ["fOob"], ["foob"]),
    Case("cased contains", "{name|cased|contains: Oo}", ["fOob"], ["foob"]),
    Case("cased startswith all", "{name|cased|startswith: [Ab, Cd]}", ["Abx", "Cdx"], ["abx"]),
    Case("cased windash", "{name|cased|windash|contains: ' -Ab'}", ["x /Ab"], ["x /ab", "x -ab"]),
    Case("windash cased", "{name|windash|contains|cased: ' -Ab'}", ["x /Ab"], ["x /ab"]),
    Case("cased base64", "{name|cased|base64: foobar}", ["Zm9vYmFy"], ["zm9vymfy"]),
    Case("umlauts", "{name: STRASSE-ÄÖÜ}", ["strasse-äöü"], ["straße-äöü"]),
    Case("sharp s", "{name|contains: ß}", ["aß", "Aẞ"], ["ass"]),
    Case("greek", "{name: ΣΑΣ}", ["σασ"], ["σας"]),
    Case("kelvin is a k", "{name: kelvin}", ["\u212aelvin", "KELVIN"], ["helvin"]),
    Case("ligature", "{name|contains: \ufb01}", ["a\ufb01b"], ["afib"]),
    Case("composed and decomposed differ", "{name: é}", ["É", "é"], ["e\u0301"]),
    Case("dotless i", "{name: ı}", ["ı"], ["i", "I"]),
    Case("astral", "{name|contains: '😀?'}", ["x😀y"], ["x😀"]),
    Case("astral cased", "{name|cased: 'É?😀*.x'}", ["Éy😀.x"], ["éy😀.x", "Éy😀zx"]),
    Case("astral beside an É", "{name: 'É?😀*.X'}", ["éy😀.x"], ["éy😀zx", "é😀.x"]),
    Case("one astral character is one", "{name: 'a?b'}", ["a😀b"], ["a😀😀b"]),
    Case("newlines", '{name|contains: "a\\nb"}', ["xa\nby"], ["ab", "a b"]),
    Case("tab and return", '{name: "a\\tb\\r"}', ["A\tb\r"], ["a b"]),
    Case("nul", '{name|contains: "a\\0b"}', [f"xa{NUL}B"], ["ab", "a"]),
    Case("after a nul", "{name|endswith: tail}", [f"a{NUL}tail"], [f"tail{NUL}"]),
    Case("quotes", "{name: 'it''s \"so\"'}", ['It\'s "so"'], ["its so"]),
    Case("percent", "{name: '100%'}", ["100%"], ["100x", "100"]),
    Case("underscore", "{name|contains: a_b}", ["xA_b"], ["axb"]),
    Case("escape character", "{name|contains: '!_!'}", ["a!_!"], ["a!x!", "_"]),
    Case("very long", "{name|endswith: needle}", ["x" * 70_000 + "NEEDLE"], ["x" * 70_000]),
    Case("line separators", "{name: 'a*b'}", ["a\u2028b", "a\rb", "a\x85b"], []),
]

ENCODINGS = [
    Case("base64", "{name|base64: foobar}", ["Zm9vYmFy"], ["foobar", "Zm9vYmFyIA=="]),
    Case("base64 contains", "{name|base64|contains: foo}", ["xxZm9vyy"], ["foo"]),
    Case(
        "base64offset",
        "{name|base64offset|contains: hello}",
        ["aGVsbG8=", "eGhlbGxv", "eHhoZWxsbw=="],
        ["hello", "Z29vZGJ5ZQ=="],
    ),
    Case("wide", "{name|wide|contains: ab}", [f"xa{NUL}b{NUL}"], ["ab"]),
    Case("utf16le", "{name|utf16le|contains: ab}", [f"xa{NUL}b{NUL}"], ["ab", f"{NUL}a{NUL}bx"]),
    Case("utf16be", "{name|utf16be|contains: ab}", [f"x{NUL}a{NUL}b"], ["ab"]),
    Case("utf16", "{name|utf16|contains: ab}", [f"\ufeffa{NUL}b{NUL}"], [f"a{NUL}b{NUL}"]),
    Case("wide base64", "{name|wide|base64offset|contains: IEX}", ["SQBFAFgA"], ["IEX", "SUVY"]),
    Case("utf16le base64", "{name|utf16le|base64offset|contains: IEX}", ["SQBFAFgA"], ["SUVY"]),
    Case("utf16be base64", "{name|utf16be|base64|contains: A}", ["AEE="], ["QQA="]),
    Case("utf16 base64", "{name|utf16|base64|contains: A}", ["//5BAA=="], ["QQA="]),
    Case("wide of other letters", "{name|wide|base64|contains: ÄБ}", ["xAARBA=="], ["w4TQkQ=="]),
    Case(
        "windash",
        "{name|windash|contains: ' -c '}",
        ["x -c y", "x /C y", "x –c y", "x —c y", "x ―c y"],
        ["xc y", "x-c y", "x ‐c y"],
    ),
    Case("windash from a slash", "{name|windash|contains: ' /c'}", ["x -c", "x /c"], ["x c"]),
    Case("windash inside a word", "{name|windash: 'a-b'}", ["a-b"], ["a/b"]),
    Case("windash all", "{name|windash|contains|all: [' -a', ' -b']}", ["x /a -b"], ["x /a"]),
]

REGEXES = [
    Case("re", r"{name|re: 'fo{2}\d'}", ["xfoo1"], ["FOO1", "fo1", {}]),
    Case("re is case-sensitive", "{name|re: A}", ["bAb"], ["bab"]),
    Case("re i", "{name|re|i: A}", ["bab"], ["b"]),
    Case("re without m", "{name|re: '^b$'}", ["b"], ["a\nb", "b\n"]),
    Case("re m", "{name|re|m: '^b$'}", ["a\nb", "b\nc"], ["ab"]),
    Case("re without s", "{name|re: 'a.b'}", ["axb", "a\rb"], ["a\nb"]),
    Case("re s", "{name|re|s: 'a.b'}", ["a\nb"], ["ab"]),
    Case("re i m s", "{name|re|i|m|s: '^a.b$'}", ["x\nA\nB\ny"], ["xa\nb"]),
    Case("re by long names", "{name|re|ignorecase|dotall: 'a.b'}", ["A\nB"], ["ab"]),
    Case("re with an alternation and a flag", "{name|re|i: 'a|b'}", ["xB"], ["c"]),
    Case("re list", "{name|re: ['^a', 'z$']}", ["ab", "yz"], ["ba"]),
    Case("re all", "{name|re|all: ['^a', 'z$']}", ["az"], ["ab", "yz"]),
    Case("re with quotes", "{name|re: 'it''s \"'}", ["it's \""], ["its"]),
    Case("re with wildcards' characters", r"{name|re: 'a\*b?c\\d'}", [r"a*c\d"], ["ab"]),
    Case("re neq", "{name|re|neq: '^a'}", ["b", {}], ["ab"]),
    Case("re startswith", "{name|re|startswith: 'a|b'}", ["ax", "b"], ["xa", "x\nb"]),
    Case("re endswith", "{name|re|endswith: 'a|b'}", ["xa", "b", "\na"], ["ax", "b\n"]),
    Case("re contains", "{name|re|contains: 'a|b'}", ["xay", "\nb\n"], ["c"]),
    Case("re on an absent field", "{name|re: '.*'}", ["", "x"], [{}]),
    Case("re of nothing", "{name|re: '^$'}", [""], ["x", {}]),
    Case("re on a number", "{code|re: '^46..$'}", [{"code": 4625}], [{"code": 46}, {}]),
    Case("re on a truth value", "{ok|re: '^t'}", [{"ok": True}], [{"ok": False}, {}]),
    Case("re on a document", "{doc.a|re: '^x'}", [doc(a="xy"), doc(a=["n", "xy"])], [doc(a="y")]),
    Case("re unicode", r"{name|re: '^\w+$'}", ["abc_1"], ["é", "a b"]),
    Case("re class", r"{name|re: '[\[\]&&x]'}", ["[", "]", "&", "x"], ["a"]),
    Case("re non-greedy", "{name|re: '^a.*?c$'}", ["abc"], ["ab"]),
    Case("re hex", r"{name|re: '\x41\x{e9}'}", ["Aé"], ["aé"]),
]

NETWORKS = [
    Case(
        "cidr v4",
        "{ip|cidr: 10.0.0.0/8}",
        [{"ip": "10.255.0.1"}, {"ip": "::ffff:10.0.0.1"}],
        [{"ip": "11.0.0.1"}, {"ip": "10.0.0"}, {"ip": "010.0.0.1"}, {"ip": ""}, {"ip": "x"}, {}],
    ),
    Case(
        "cidr one address", "{ip|cidr: 192.0.2.7/32}", [{"ip": "192.0.2.7"}], [{"ip": "192.0.2.70"}]
    ),
    Case(
        "cidr without a length",
        "{ip|cidr: 192.0.2.7}",
        [{"ip": "192.0.2.7"}],
        [{"ip": "192.0.2.8"}],
    ),
    Case(
        "cidr v6",
        "{ip|cidr: 'fd00::/8'}",
        [{"ip": "fd00::1"}, {"ip": "FD12:0:0:0:0:0:0:1"}, {"ip": "fd00::1%eth7"}],
        [{"ip": "fe80::1"}, {"ip": "fe80::1%12"}, {"ip": "10.0.0.1"}, {"ip": "10.0.0.1%eth0"}],
    ),
    Case(
        "cidr of mapped addresses",
        "{ip|cidr: '::ffff:10.0.0.0/104'}",
        [{"ip": "10.1.2.3"}, {"ip": "::ffff:10.0.0.1"}],
        [{"ip": "11.1.2.3"}, {"ip": "::a00:1"}],
    ),
    Case(
        "cidr v6 written at length",
        "{ip|cidr: 'FD00:0:0::/16'}",
        [{"ip": "fd00::1"}],
        [{"ip": "fd01::1"}],
    ),
    Case("cidr v6 all", "{ip|cidr: '::/0'}", [{"ip": "::1"}], [{"ip": "10.0.0.1"}]),
    Case("cidr v4 all", "{ip|cidr: 0.0.0.0/0}", [{"ip": "8.8.8.8"}], [{"ip": "::1"}, {}]),
    Case(
        "cidr list",
        "{ip|cidr: [10.0.0.0/8, 'fd00::/8']}",
        [{"ip": "10.1.1.1"}, {"ip": "fd00::2"}],
        [{"ip": "11.1.1.1"}],
    ),
    Case(
        "cidr neq",
        "{ip|cidr|neq: 10.0.0.0/8}",
        [{"ip": "11.1.1.1"}, {"ip": "x"}, {}],
        [{"ip": "10.1.1.1"}],
    ),
    Case(
        "cidr in a list of a document",
        "{doc.ips|cidr: 10.0.0.0/8}",
        [doc(ips=["x", "10.1.1.1"]), doc(ips="10.0.0.1")],
        [doc(ips=[]), doc(ips=["8.8.8.8"]), {}],
    ),
    Case(
        "cidr with a port",
        "{ip|cidr: 10.0.0.0/8}",
        [],
        [{"ip": "10.0.0.1:443"}, {"ip": "10.0.0.1/8"}, {"ip": " 10.0.0.1"}],
    ),
]

NUMBERS = [
    Case("number on a number", "{code: 5}", [{"code": 5}, {"code": "5"}], [{"code": 50}, {}]),
    Case("numbers on a number", "{code: [5, 6]}", [{"code": 6}], [{"code": 7}]),
    Case("text on a number", "{code: '5'}", [{"code": 5}], [{"code": 50}]),
    Case(
        "text that is no number on a number",
        "{code: [five, '05', '5.0', ' 5', '1_0', '0x5']}",
        [],
        [{"code": 5}, {"code": 10}],
    ),
    Case("wildcard on a number", "{code: '46*'}", [{"code": 4625}], [{"code": 5}, {}]),
    Case("contains on a number", "{code|contains: '62'}", [{"code": 4625}], [{"code": 5}]),
    Case("fraction on a whole number", "{code: 5.5}", [], [{"code": 5}]),
    Case(
        "greater than any number",
        "{code: [99999999999999999999, -99999999999999999999]}",
        [],
        [{"code": 5}],
    ),
    Case(
        "compared with more than any number", "{code|lt: 99999999999999999999}", [{"code": 5}], [{}]
    ),
    Case(
        "compared with less than any number",
        "{code|lte: -99999999999999999999}",
        [],
        [{"code": 5}, {}],
    ),
    Case("great text on a number", "{code: '99999999999999999999'}", [], [{"code": 5}]),
    Case("negative", "{code: -5}", [{"code": -5}], [{"code": 5}]),
    Case("number on a text", "{name: 403}", ["403", 403], ["4030", "0403", "x", {}]),
    Case("number on a text that writes its fraction", "{name: 2}", ["2", "2.0"], ["2.5", "20"]),
    Case("number on a text, with a fraction", "{name: 1.5}", ["1.5"], ["1", "15", "1,5"]),
    Case("number on a double", "{score: 1.5}", [{"score": 1.5}], [{"score": 1}]),
    Case(
        "whole number on a double", "{score: 2}", [{"score": 2}, {"score": 2.0}], [{"score": 2.5}]
    ),
    Case("text on a double", "{score: '1.50'}", [{"score": 1.5}], [{"score": 1}]),
    Case(
        "odd texts on a double",
        "{score: [nan, inf, '-inf', '1_0', ' 1', '', x]}",
        [],
        [{"score": 1}, {"score": 10}, {}],
    ),
    Case("any double", "{score: '*'}", [{"score": 1}], [{}]),
    Case(
        "tiny and huge",
        "{score: [1.0e-7, 1.0e+300]}",
        [{"score": 1e-7}, {"score": 1e300}],
        [{"score": 1}],
    ),
    Case("gt", "{code|gt: 5}", [{"code": 6}], [{"code": 5}, {}]),
    Case("gte", "{code|gte: 5}", [{"code": 5}], [{"code": 4}]),
    Case("lt", "{code|lt: 5}", [{"code": 4}], [{"code": 5}, {}]),
    Case("lte", "{code|lte: 5}", [{"code": 5}], [{"code": 6}]),
    Case("gt a fraction", "{code|gt: 5.5}", [{"code": 6}], [{"code": 5}]),
    Case(
        "gt on text",
        "{name|gt: 9}",
        ["10", "9.5", "1e1", "+10", "10."],
        ["9", "x", "", "1_0", "NaN", "inf", "0x10", " 10", {}],
    ),
    Case("lt on text", "{name|lt: -1.5}", ["-2", "-1.6"], ["-1", "x", "-inf", {}]),
    Case("gt list is any", "{code|gt: [5, 9]}", [{"code": 6}], [{"code": 5}]),
    Case("gt all", "{code|gt|all: [5, 9]}", [{"code": 10}], [{"code": 6}]),
    Case("gt neq", "{code|gt|neq: 5}", [{"code": 5}, {}], [{"code": 6}]),
    Case("gt on a double", "{score|gt: 0.25}", [{"score": 0.5}], [{"score": 0.25}]),
    Case(
        "gt in a document",
        "{doc.n|gt: 5}",
        [doc(n=6), doc(n="6.5"), doc(n=[1, 7])],
        [doc(n=5), doc(n="x"), doc(n=True), {}],
    ),
    Case(
        "number in a document",
        "{doc.n: 5}",
        [doc(n=5), doc(n="5"), doc(n=[5]), doc(n=5.0)],
        [doc(n=50), doc(n=5.5), {}],
    ),
    Case("fraction in a document", "{doc.n: 1.5}", [doc(n=1.5), doc(n="1.5")], [doc(n=1)]),
    Case(
        "text on a number in a document", "{doc.n: '12345678901'}", [doc(n=12345678901)], [doc(n=1)]
    ),
]

KINDS = [
    Case("true on a truth value", "{ok: true}", [{"ok": True}], [{"ok": False}, {}]),
    Case("false on a truth value", "{ok: false}", [{"ok": False}], [{"ok": True}, {}]),
    Case("text on a truth value", "{ok: 'TRUE'}", [{"ok": True}], [{"ok": False}]),
    Case("number on a truth value", "{ok: 1}", [], [{"ok": True}]),
    Case("truth value on a text", "{name: true}", ["true", "TRUE"], ["1", "yes", {}]),
    Case("truth value on a number", "{code: true}", [], [{"code": 1}]),
    Case(
        "truth value in a document",
        "{doc.b: true}",
        [doc(b=True), doc(b="True")],
        [doc(b=False), doc(b=1), {}],
    ),
    Case("null", "{name: null}", [{}, {"name": None}], ["", "null"]),
    Case(
        "null in a document", "{doc.a: null}", [doc(a=None), doc(b=1), {}], [doc(a=""), doc(a=[])]
    ),
    Case("null in a list", "{name: [null, x]}", [{}, "x"], ["y"]),
    Case("no value", "{name: []}", [{}], ["x"]),
    Case("empty text", "{name: ''}", [""], [{}, " "]),
    Case("empty text in a document", "{doc.a: ''}", [doc(a="")], [doc(a=None), {}]),
    Case("anything", "{name: '*'}", ["", "x"], [{}]),
    Case("at least one character", "{name: '?*'}", ["x"], ["", {}]),
    Case("exists", "{name|exists: true}", ["", "x"], [{}]),
    Case("exists not", "{name|exists: false}", [{}], ["", "x"]),
    Case(
        "exists in a document",
        "{doc.a|exists: true}",
        [doc(a=""), doc(a=[]), doc(a=0)],
        [doc(b=1), {}],
    ),
    Case("exists of a number", "{code|exists: true}", [{"code": 0}], [{}]),
    Case("exists of a time", "{at|exists: false}", [{}], [{"at": "2026-01-01T00:00:00Z"}]),
    Case("neq", "{name|neq: a}", ["b", "", {}], ["a", "A"]),
    Case("neq list", "{name|neq: [a, b]}", ["c", {}], ["a", "B"]),
    Case("neq all", "{name|neq|contains|all: [a, b]}", ["a", "b", {}], ["ab"]),
    Case("neq number", "{code|neq: 5}", [{"code": 6}, {}], [{"code": 5}]),
    Case("neq null", "{name|neq: null}", ["", "x"], [{}]),
    Case("contains neq", "{name|contains|neq: a}", ["b", {}], ["ba"]),
    Case("not", "s: {name: a}\ncondition: not s", ["b", {}], ["a"]),
    Case(
        "not with two fields",
        "s: {name: a, cmd: b}\ncondition: not s",
        [{}, "a", {"name": "a", "cmd": "c"}],
        [{"name": "a", "cmd": "b"}],
    ),
    Case(
        "not 1 of",
        "s1: {name: a}\ns2: {cmd: b}\ncondition: not 1 of s*",
        [{}, "x"],
        ["a", {"cmd": "b"}],
    ),
    Case(
        "not all of",
        "s1: {name: a}\ns2: {cmd: b}\ncondition: not all of s*",
        [{}, "a"],
        [{"name": "a", "cmd": "b"}],
    ),
    Case(
        "underscored selections are not of them",
        "s: {name: a}\n_s: {cmd: b}\ncondition: 1 of them",
        ["a"],
        [{"cmd": "b"}],
    ),
    Case("list of maps", "s: [{name: a}, {cmd: b}]\ncondition: s", ["a", {"cmd": "b"}], [{}]),
    Case(
        "precedence",
        "a: {name: a}\nb: {cmd: b}\nc: {code: 1}\ncondition: a or b and not c",
        ["a", {"cmd": "b"}, {"name": "a", "code": 1}],
        [{"cmd": "b", "code": 1}],
    ),
    Case(
        "several conditions",
        "a: {name: a}\nb: {cmd: b}\ncondition: [a, b]",
        ["a", {"cmd": "b"}],
        [{}],
    ),
]

WHEN = "2026-03-04T23:30:00-02:00"
OTHER = "2025-12-29 06:07:08.123456"
TIMES = [
    Case("minute", "{name|minute: 30}", [WHEN], [OTHER, "30", "x", {}]),
    Case("hour", "{name|hour: [1, 2]}", [WHEN], [OTHER]),
    Case("day", "{name|day: 5}", [WHEN], [OTHER]),
    Case("week", "{name|week: 1}", [OTHER], [WHEN]),
    Case("month", "{name|month: 12}", [OTHER], [WHEN]),
    Case("year", "{name|year: 2026}", [WHEN], [OTHER]),
    Case("hour of a time", "{at|hour: 1}", [{"at": WHEN}], [{"at": OTHER}, {}]),
    Case("week of a time", "{at|week: 1}", [{"at": OTHER}], [{"at": WHEN}]),
    Case(
        "hour in a document", "{doc.t|hour: 1}", [doc(t=WHEN), doc(t=["x", WHEN])], [doc(t="x"), {}]
    ),
    Case("hour from", "{at|hour|gte: 20}", [{"at": "2026-01-01T20:00:00Z"}], [{"at": WHEN}, {}]),
    Case("hour of text below", "{name|hour|lt: 6}", [WHEN], [OTHER, "x", {}]),
    Case("hour of a document below", "{doc.t|hour|lt: 6}", [doc(t=WHEN)], [doc(t=OTHER), doc(t=1)]),
    Case("hour neq", "{at|hour|neq: 1}", [{"at": OTHER}, {}], [{"at": WHEN}]),
    Case("a date alone is no time", "{name|year: 2026}", [], ["2026-03-04", "20260304T000000Z"]),
    Case("no such time", "{name|hour: 1}", [], ["2026-13-04T01:00:00Z", "2026-02-30T01:00:00Z"]),
]


def two(name: Any, cmd: Any) -> dict[str, Any]:
    """Return an event with two texts."""
    return {"name": name, "cmd": cmd}


REFERENCES = [
    Case(
        "fieldref",
        "{name|fieldref: cmd}",
        [two("Ab", "aB"), two("", "")],
        [two("a", "ab"), "a", {"cmd": "a"}, {}],
    ),
    Case("fieldref cased", "{name|fieldref|cased: cmd}", [two("Ab", "Ab")], [two("Ab", "ab")]),
    Case("cased fieldref", "{name|cased|fieldref: cmd}", [two("Ab", "Ab")], [two("Ab", "ab")]),
    Case("fieldref neq", "{name|fieldref|neq: cmd}", [two("a", "b"), {}, "a"], [two("a", "A")]),
    Case(
        "fieldref contains",
        "{name|fieldref|contains: cmd}",
        [two("xaby", "AB")],
        [two("ab", "xab"), "x"],
    ),
    Case(
        "fieldref startswith",
        "{name|fieldref|startswith: cmd}",
        [two("abx", "AB")],
        [two("xab", "ab")],
    ),
    Case(
        "fieldref endswith", "{name|fieldref|endswith: cmd}", [two("xab", "AB")], [two("abx", "ab")]
    ),
    Case(
        "fieldref contains cased",
        "{name|fieldref|contains|cased: cmd}",
        [two("xAby", "Ab")],
        [two("xaby", "Ab")],
    ),
    Case(
        "fieldref startswith cased",
        "{name|fieldref|startswith|cased: cmd}",
        [two("Abx", "Ab")],
        [two("abx", "Ab")],
    ),
    Case(
        "fieldref endswith cased",
        "{name|fieldref|endswith|cased: cmd}",
        [two("xAb", "Ab")],
        [two("xab", "Ab")],
    ),
    Case(
        "fieldref with specials",
        "{name|fieldref|contains: cmd}",
        [two("a%_'b", "%_'")],
        [two("axyzb", "%_'")],
    ),
    Case(
        "fieldref list",
        "{name|fieldref: [cmd, ip]}",
        [{"name": "a", "ip": "a"}, two("a", "a")],
        [two("a", "b")],
    ),
    Case(
        "fieldref text and number",
        "{name|fieldref: code}",
        [{"name": "12", "code": 12}],
        [{"name": "012", "code": 12}],
    ),
    Case(
        "fieldref number and text",
        "{code|fieldref: name}",
        [{"name": "12", "code": 12}],
        [{"name": "x", "code": 12}],
    ),
    Case(
        "fieldref number and double",
        "{code|fieldref: score}",
        [{"code": 2, "score": 2.0}],
        [{"code": 2, "score": 2.5}, {"code": 2}],
    ),
    Case(
        "fieldref truth value and text",
        "{ok|fieldref: name}",
        [{"ok": True, "name": "True"}],
        [{"ok": False, "name": "True"}],
    ),
    Case(
        "fieldref times",
        "{at|fieldref: event_time}",
        [{"at": "2026-03-04T05:06:07Z"}],
        [{"at": "2026-03-04T05:06:08Z"}, {}],
    ),
    Case(
        "fieldref into a document",
        "{name|fieldref: doc.a}",
        [{"name": "X", "doc": {"a": ["y", "x"]}}],
        [{"name": "x", "doc": {}}],
    ),
    Case(
        "fieldref of documents",
        "{doc.a|fieldref: doc.b}",
        [doc(a=["p", "q"], b="Q")],
        [doc(a="p", b="q"), doc(a="p")],
    ),
    Case("fieldref to itself", "{name|fieldref: name}", ["x", ""], [{}]),
]

KEYWORDS = [
    Case(
        "keywords", "s: [alpha, 'be?a']\ncondition: s", ["xALPHAx", {"cmd": "beTa"}], ["gamma", {}]
    ),
    Case(
        "keywords all",
        "s: {'|all': [alpha, beta]}\ncondition: s",
        [two("alpha", "BETA")],
        ["alpha"],
    ),
    Case("one keyword", "s: alpha\ncondition: s", ["alpha"], ["beta"]),
    Case("not keywords", "s: [alpha]\ncondition: not s", ["beta", {}], ["alpha"]),
    Case("keyword wildcard", "s: ['al*ha']\ncondition: s", ["alxxha"], ["haal"]),
    Case("keyword with an escaped wildcard", "s: ['al\\*ha']\ncondition: s", ["al*ha"], ["alxha"]),
    Case("keyword contains", "s: {'|contains': alpha}\ncondition: s", ["xalphax"], ["beta"]),
    Case("keyword cased", "s: {'|cased': Alpha}\ncondition: s", ["xAlpha"], ["xalpha"]),
    Case("keyword re", "s: {'|re': 'al[p]ha\\d'}\ncondition: s", ["alpha1"], ["ALPHA1", "alpha"]),
    Case("keyword re i", "s: {'|re|i': 'al[p]ha\\d'}\ncondition: s", ["ALPHA1"], ["alpha"]),
    Case(
        "keyword re all",
        "s: {'|re|all': ['a\\d', 'b\\d']}\ncondition: s",
        [two("a1", "b1")],
        ["a1"],
    ),
    Case(
        "keyword number",
        "s: [4625]\ncondition: s",
        [{"code": 4625}, "x 4625 y"],
        ["46251", "a4625"],
    ),
    Case("keyword neq", "s: {'|neq': alpha}\ncondition: s", ["beta"], ["alpha"]),
    Case("keyword windash", "s: {'|windash|contains': ' -c'}\ncondition: s", ["x /c"], ["x c"]),
    Case(
        "keyword base64",
        "s: {'|base64offset|contains': hello}\ncondition: s",
        ["aGVsbG8="],
        ["hello"],
    ),
    Case(
        "keyword with quotes and backslashes",
        "s: ['say \"hi\"', 'c:\\temp']\ncondition: s",
        ['SAY "hi"', r"C:\temp\x"],
        ["say hi"],
    ),
    Case(
        "keyword and a field",
        "s: [alpha]\nf: {code: 1}\ncondition: s and f",
        [{"name": "alpha", "code": 1}],
        ["alpha"],
    ),
    Case(
        "keywords mixed with maps",
        "s: [alpha, {code: 1}]\ncondition: s",
        ["alpha", {"code": 1}],
        ["beta"],
    ),
    Case(
        "keyword of other letters",
        "s: [straße, Élan]\ncondition: s",
        ["STRAßE", "élan", "ÉLAN", doc(a="Élan")],
        ["strasse", "elan"],
    ),
    Case(
        "keyword that JSON may escape",
        "s: ['a/b<c>&d']\ncondition: s",
        ["xA/B<C>&D"],
        ["a/b"],
    ),
]

DOCUMENTS = [
    Case("path", "{doc.a.b: x}", [doc(a={"b": "X"})], [doc(a="x"), doc(b="x"), {}]),
    Case("space in a name", "{doc.a b: x}", [{"doc": {"a b": "x"}}], [{"doc": {"a": "x"}}]),
    Case("dash in a name", "{doc.a-b: x}", [{"doc": {"a-b": "x"}}], [{"doc": {"ab": "x"}}]),
    Case(
        "umlaut in a name", "{doc.größe: x}", [{"doc": {"größe": "x"}}], [{"doc": {"grösse": "x"}}]
    ),
    Case(
        "quotes in a name",
        "{'doc.a\"b''c': x}",
        [{"doc": {"a\"b'c": "x"}}],
        [{"doc": {"abc": "x"}}],
    ),
    Case(
        "backslash in a name", "{'doc.a\\b': x}", [{"doc": {"a\\b": "x"}}], [{"doc": {"ab": "x"}}]
    ),
    Case(
        "dollar and brackets in a name",
        "{'doc.$a[0]': x}",
        [{"doc": {"$a[0]": "x"}}],
        [doc(a=["x"])],
    ),
    Case("star within a name", "{'doc.a*b': x}", [{"doc": {"a*b": "x"}}], [{"doc": {"axb": "x"}}]),
    Case("at and colon in a name", "{'doc.@a:b': x}", [{"doc": {"@a:b": "x"}}], [doc(a="x")]),
    Case("digits as a name", "{doc.0: x}", [{"doc": {"0": "x"}}], [{"doc": ["x"]}]),
    Case("list", "{doc.l: b}", [doc(l=["a", "B"])], [doc(l=["ab"]), doc(l=[])]),
    Case(
        "list of objects",
        "{doc.l.k: b}",
        [doc(l=[{"k": "a"}, {"k": "b"}]), doc(l={"k": "b"})],
        [doc(l=[{"j": "b"}])],
    ),
    Case(
        "lists in lists of objects",
        "{doc.l.k: b}",
        [doc(l=[{"k": ["a", "b"]}])],
        [doc(l=[{"k": ["ab"]}])],
    ),
    Case("list neq", "{doc.l|neq: b}", [doc(l=["a"]), {}], [doc(l=["a", "b"])]),
    Case("a list as text", '{doc.l|contains: \'"a","b"\'}', [doc(l=["a", "b"])], [doc(l=["a"])]),
    Case("an object as text", "{doc.a|contains: '\"b\":1'}", [doc(a={"b": 1})], [doc(a={"b": 2})]),
    Case("whole document", "{doc|contains: needle}", [doc(a={"b": ["Needle"]})], [doc(a=1), {}]),
    Case("document that is a text", "{doc: x}", [{"doc": "X"}], [{"doc": "y"}]),
    Case("document that is a list", "{doc: x}", [{"doc": ["y", "X"]}], [{"doc": ["y"]}]),
    Case("escapes in a document", '{doc.a: "q\\"\\\\\\\\é\\n"}', [doc(a='Q"\\É\n')], [doc(a='q"')]),
    Case("unicode escapes", "{doc.a: é😀}", [doc(a="É😀")], [doc(a="é")]),
    Case("null in a list of a document", "{doc.l: null}", [{}], [doc(l=[None]), doc(l=[1])]),
    Case(
        "long list in a document",
        "{doc.l: x999}",
        [doc(l=[f"x{n}" for n in range(1000)])],
        [doc(l=["x"])],
    ),
    Case(
        "case of names",
        "{DOC.a: x, NAME: y}",
        [{"doc": {"a": "x"}, "name": "y"}],
        [{"doc": {"A": "x"}, "name": "y"}],
    ),
    Case(
        "wide text in a document",
        "{doc.a|wide|contains: ab}",
        [doc(a=f"xa{NUL}b{NUL}")],
        [doc(a="ab")],
    ),
]

PLACEHOLDERS = {
    "admins": ["root", "adm*"],
    "users": ["o'neil", "a_b"],
    "nets": ["10.0.0.0/8", "fd00::/8"],
    "word": ["fo+", "bar"],
    "many": [f"h{n}" for n in range(300)],
}
EXPANSIONS = [
    Case("placeholder", "{name|expand: '%admins%'}", ["ROOT", "admin"], ["x", "%admins%"]),
    Case("placeholder in a text", "{name|expand: 'x%users%y'}", ["xo'Neily", "xA_By"], ["xazby"]),
    Case(
        "two placeholders",
        "{name|expand: '%users%-%admins%'}",
        ["a_b-root", "o'neil-adm"],
        ["root"],
    ),
    Case("placeholder contains", "{name|contains|expand: '%users%'}", ["xa_by"], ["xazby"]),
    Case("expand before contains", "{name|expand|contains: '%users%'}", ["xa_by"], ["xazby"]),
    Case("placeholder cased", "{name|expand|cased: '%users%'}", ["a_b"], ["A_b"]),
    Case("cased placeholder", "{name|cased|expand: '%users%'}", ["a_b"], ["A_b"]),
    Case("placeholder all", "{name|contains|expand|all: ['%users%', z]}", ["a_bz"], ["a_b"]),
    Case("placeholder neq", "{name|expand|neq: '%users%'}", ["x", {}], ["A_B"]),
    Case(
        "placeholder cidr",
        "{ip|cidr|expand: '%nets%'}",
        [{"ip": "10.1.1.1"}, {"ip": "fd00::1"}],
        [{"ip": "11.1.1.1"}],
    ),
    Case(
        "expand before cidr",
        "{ip|expand|cidr: ['%nets%', 192.0.2.0/24]}",
        [{"ip": "10.1.1.1"}, {"ip": "192.0.2.9"}],
        [{"ip": "11.1.1.1"}],
    ),
    Case("placeholder re", "{name|re|expand: '^%word%$'}", ["foo", "bar"], ["f", "fooo+", "xbar"]),
    Case("placeholder re i", "{name|re|i|expand: '^%word%$'}", ["FOO"], ["f"]),
    Case(
        "placeholder in windash",
        "{name|windash|expand|contains: ' -u %users%'}",
        ["x /u A_B"],
        ["x u a_b"],
    ),
    Case(
        "escaped percent", r"{name|expand: '\%plain%users%'}", ["%plaina_b"], ["a_b", r"\%plaina_b"]
    ),
    Case("percent without expand", "{name: '%users%'}", ["%users%"], ["a_b"]),
    Case("one percent", "{name|expand: '50% %users%'}", ["50% a_b"], ["50"]),
    Case("long placeholder", "{name|expand: '%many%'}", ["h299", "H0"], ["h300"]),
    Case(
        "placeholder among keywords", "s: {'|expand': ['%users%']}\ncondition: s", ["xa_by"], ["b"]
    ),
]

TABLE = {
    "strings": STRINGS,
    "encodings": ENCODINGS,
    "regexes": REGEXES,
    "networks": NETWORKS,
    "numbers": NUMBERS,
    "kinds": KINDS,
    "times": TIMES,
    "references": REFERENCES,
    "keywords": KEYWORDS,
    "documents": DOCUMENTS,
    "placeholders": EXPANSIONS,
}
"""Part of the language → its cases."""
CASES = [case for cases in TABLE.values() for case in cases]

REFUSED = [
    ("{nmae: x}", "did you mean name"),
    ("{name|contians: x}", "Unknown modifier"),
    ("{name|re: '(?=a)b'}", "is invalid"),
    ("{name|re: '('}", "is invalid"),
    ("{name|exists: x}", "SigmaExists"),
    ("{name|contains: 5}", "'5'"),
    ("{name|gt: x}", "'x'"),
    ("{name|hour: x}", "'x'"),
    ("{name|base64: 'a*'}", "wildcards"),
    ("{name|fieldref: 'a*'}", "wildcards"),
    ("{name|fieldref: nmae}", "no field 'nmae'"),
    ("{ip|cidr: 10.0.0.1/8}", "host bits"),
    ("{ip|cidr: x}", "x"),
    ("{name|wide|contains: ä}", "base64"),
    ("{name|expand: '%nobody%'}", "%nobody%"),
    ("{name|re|expand: '%nobody%'}", "%nobody%"),
    ("{ip|cidr|expand: '%nobody%'}", "%nobody%"),
    ("{ip|cidr|expand: '%admins%'}", "root"),
    ("{name|re|expand: '(%word%'}", "is invalid"),
    ("{name|expand|base64: '%admins%'}", "placeholders"),
    ("{name|expand|fieldref: '%admins%'}", "placeholders"),
    ("{name|expand: '%many%%many%'}", "10,000"),
    ("{name|windash: ' -a -b -c -d'}", "three"),
    ("{doc.*: x}", "'*'"),
    ("s: [null]\ncondition: s", "field"),
    ("s: [true]\ncondition: s", "field"),
    ("s: {'|cidr': 10.0.0.0/8}\ncondition: s", "field"),
    ("s: {'|exists': true}\ncondition: s", "field"),
    ("s: {'|fieldref': name}\ncondition: s", "field"),
    ("s: {'|gt': 5}\ncondition: s", "field"),
    ("s: {'|hour': 5}\ncondition: s", "field"),
]
"""What no engine can be asked, or not alike, and a word of the reason."""


def answers(open_rows: OpenRows, dialect: Dialect) -> dict[str, list[bool]]:
    """Judge the events of all cases by the rules of all; return each case's own answers."""
    texts = [rule(c.text, number=1).replace(IDS[1], _id(n)) for n, c in enumerate(CASES)]
    ready = prepared(*texts, dialect=dialect, placeholders=PLACEHOLDERS)
    assert ready.refused == ()
    trial = Trial()
    rows = rows_of(event for case in CASES for event in case.events)
    judge({"gate": rows}, ready.predicates, dialect, open_rows, trial)
    failed = {CASES[int(f.rule_id[24:])].about: f.reason for f in trial.failures}
    assert not failed, failed
    answers, row = {}, 0
    for number, case in enumerate(CASES):
        places = range(row, row := row + len(case.events))
        answers[case.about] = [_id(number) in trial.fired.get(place, ()) for place in places]
    assert row == rows.num_rows
    return answers


def _id(number: int) -> str:
    return f"00000000-0000-4000-9000-{number:012d}"
