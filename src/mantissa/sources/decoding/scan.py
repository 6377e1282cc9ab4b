"""Where a JSON value ends, found by its brackets and strings only.

For what the fast ways cannot split: values over several lines, damaged ones, ones too large to
hold. Works through regular expressions without backtracking, so that time and memory stay linear
on any bytes.
"""

from __future__ import annotations

import re

_NEXT = re.compile(rb'(?:[^"{}\[\]]*+"[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+")*+[^"{}\[\]]*+', re.DOTALL)
_STRING = re.compile(rb'[^"\\\n]*+(?:\\[^\n][^"\\\n]*+)*+', re.DOTALL)
_PAIRS = {ord("}"): ord("{"), ord("]"): ord("[")}
_OPENERS = b"{["
_SPACE = b" \t\r\n"
_HOPELESS = 1024
_QUOTE, _NEWLINE, _BACKSLASH = b'"\n\\'


class Scanner:
    """Finds the end of one object or array, fed with a growing or a moving window.

    `done` counts the bytes looked at; `broken` tells that no value can begin and go on like this:
    a line break in a string, brackets that do not pair, a bracket where none may stand, or nesting
    that no reader takes.
    """

    def __init__(self, *, strict: bool = True) -> None:
        self.done = 0
        self.depth = 0
        self.broken = False
        self._strict = strict
        self._stack = bytearray()
        self._in_string = False

    def feed(self, data: bytes, start: int) -> int | None:
        """Look on at `data[start + done:]`; return the index after the value once it ends."""
        pos = start + self.done
        while pos < len(data) and not self.broken:
            if self._in_string:
                pos = self._string(data, pos)
                if self._in_string:
                    break
            pos = _NEXT.match(data, pos).end()  # type: ignore[union-attr]
            if pos == len(data):
                break
            pos += 1
            if data[pos - 1] == _QUOTE:
                self._in_string = True
            elif self._bracket(data, start, pos - 1):
                self.done = pos - start
                return pos
        self.done = pos - start
        return None

    def drop(self, count: int) -> None:
        """Forget the first bytes of the window: they are consumed and will not be fed again."""
        self.done -= count
        self._strict = False

    def _string(self, data: bytes, pos: int) -> int:
        pos = _STRING.match(data, pos).end()  # type: ignore[union-attr]
        if pos == len(data):
            return pos
        if data[pos] == _QUOTE:
            self._in_string = False
            return pos + 1
        self.broken = data[pos] == _NEWLINE or pos + 1 < len(data)
        return pos

    def _bracket(self, data: bytes, start: int, at: int) -> bool:
        """Take one bracket; True if it closes the value."""
        bracket = data[at]
        if bracket in _OPENERS:
            if self._strict and self._stack and not self._may_open(data, start, at):
                self.broken = True
            self._stack.append(bracket)
            self.depth = max(self.depth, len(self._stack))
            self.broken = self.broken or self.depth > _HOPELESS
            return False
        if not self._stack or self._stack.pop() != _PAIRS[bracket]:
            self.broken = True
            return False
        return not self._stack

    def _may_open(self, data: bytes, start: int, at: int) -> bool:
        """A value in an object follows a colon; in an array, a comma or the opening bracket.

        This notices early that the value went on into the next record, because its own line was
        cut outside a string.
        """
        before = at - 1
        while before > start and data[before] in _SPACE:
            before -= 1
        allowed = b":" if self._stack[-1] == ord("{") else b"[,"
        return data[before] in allowed


def depth_of(raw: bytes) -> int:
    """Return how deeply the brackets of a value are nested."""
    scanner = Scanner(strict=False)
    scanner.feed(raw, 0)
    return scanner.depth
