"""What an extended condition means when members must match in order.

The specification does not say; this is what has one meaning. `a and (b or c) and not d` is a
chain: a, then b or c, and no d within the timespan, before or after. An `or` of chains is any of
them. The order is the one in which the condition names the steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from mantissa.detection.correlation import Expression, Joined, Negated, Seen


class Unordered(Exception):
    """A condition has no clear meaning as an order; the text says why."""


@dataclass(frozen=True, slots=True)
class Chain:
    """Steps that follow one another, and what must not be seen meanwhile.

    Args:
        steps: ids of the members that do for each step.
        absent: expressions of which none may hold over the timespan.
    """

    steps: tuple[frozenset[str], ...]
    absent: tuple[Expression, ...] = ()


def chains(expression: Expression) -> tuple[Chain, ...]:
    """Return the chains of which any makes the condition true. Raises `Unordered`."""
    found = tuple(_chain(part) for part in _flat(expression, "or"))
    if all(len(chain.steps) < 2 for chain in found):
        raise Unordered("temporal_ordered needs two rules or more that follow one another")
    return found


def _flat(expression: Expression, operator: str) -> list[Expression]:
    """Return what one operator joins, through directly nested ones."""
    if isinstance(expression, Joined) and expression.operator == operator:
        return [leaf for part in expression.parts for leaf in _flat(part, operator)]
    return [expression]


def _chain(expression: Expression) -> Chain:
    steps: list[frozenset[str]] = []
    absent: list[Expression] = []
    for part in _flat(expression, "and"):
        if isinstance(part, Negated):
            absent.append(part.part)
        else:
            steps.append(_step(part))
    if not steps:
        raise Unordered("an order needs a rule that must match, not only rules that must not")
    if len(frozenset().union(*steps)) < sum(map(len, steps)):
        raise Unordered("a rule stands at two places of the order")
    return Chain(tuple(steps), tuple(absent))


def _step(expression: Expression) -> frozenset[str]:
    members = _flat(expression, "or")
    if all(isinstance(member, Seen) for member in members):
        return frozenset(member.member for member in members if isinstance(member, Seen))
    raise Unordered("a step of an order is a rule, or an `or` of rules")
