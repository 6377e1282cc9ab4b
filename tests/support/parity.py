"""One form for what Terraform and CloudFormation make, so that the two can be compared.

Each side is a list of *facts*: (kind, name) → settings. `parity_kinds` says, kind by kind, which
attribute of the provider is which property of CloudFormation. An attribute or property that is set
and that no row reads is an error of its own: nothing is left out in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Fact = dict[str, Any]
Facts = dict[tuple[str, str], Fact]
Prepare = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Item:
    """A resource of either side before it is a fact."""

    type: str
    address: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is written on both sides.

    Args:
        name: the attribute and the property that tell two of a kind apart.
        same: setting → (attribute, property). A dotted path enters lists of one by itself.
        made: attributes and properties that nobody sets, or that say nothing about the system.
        prepare: what first brings the values of either side into the other's shape.
        joined: a setting that several resources of one name add to.
    """

    kind: str
    terraform: str
    cloudformation: str
    name: tuple[str, str]
    same: Mapping[str, tuple[str, str]]
    made: tuple[str, ...] = ()
    prepare: tuple[Prepare | None, Prepare | None] = (None, None)
    joined: str = ""


@dataclass
class Side:
    """What one side makes."""

    facts: Facts = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)


def terraform_items(shown: Mapping[str, Any]) -> list[Item]:
    """List the managed resources of `terraform show -json`, of a state or of a plan."""
    return [
        Item(found["type"], found["address"], found["values"])
        for found in resources(shown)
        if found["mode"] == "managed"
    ]


def resources(shown: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the resources of `terraform show -json`, of all modules."""
    values = shown.get("planned_values") or shown["values"]
    todo = [values["root_module"]]
    while todo:
        module = todo.pop()
        yield from module.get("resources", ())
        todo += module.get("child_modules", ())


def side(items: Iterable[Item], kinds: Sequence[Kind], which: int) -> Side:
    """Turn the resources of one side (0 Terraform, 1 CloudFormation) into facts."""
    made = Side()
    by_type: dict[str, list[Kind]] = {}
    for kind in kinds:
        by_type.setdefault((kind.terraform, kind.cloudformation)[which], []).append(kind)
    for item in items:
        if item.type not in by_type:
            made.unread.append(f"{item.address}: no row for {item.type}")
            continue
        _add(made, item, by_type[item.type], which)
    return made


def _add(made: Side, item: Item, kinds: Sequence[Kind], which: int) -> None:
    read, there = set(), _set(item.values)
    for kind in kinds:
        prepare = kind.prepare[which]
        values = prepare(dict(item.values)) if prepare else item.values
        # What `prepare` has taken apart is read part by part.
        there = (there & values.keys()) | _set(values)
        read |= {kind.name[which], *kind.made, *(paths[which] for paths in kind.same.values())}
        fact = {}
        for setting, paths in kind.same.items():
            value = canonical(find(values, paths[which]))
            if not is_empty(value):
                fact[setting] = value
        if fact or len(kinds) == 1:
            _put(made, kind, str(find(values, kind.name[which])), fact)
    tops = {path.split(".")[0] for path in read}
    made.unread += [f"{item.address}: {item.type}.{name}" for name in sorted(there - tops)]


def _set(values: Mapping[str, Any]) -> set[str]:
    return {name for name, value in values.items() if not is_empty(canonical(value))}


def _put(made: Side, kind: Kind, name: str, fact: Fact) -> None:
    known = made.facts.setdefault((kind.kind, name), {})
    if kind.joined and known:
        known[kind.joined] |= fact[kind.joined]
        return
    assert not known, f"two of {kind.kind} {name}"
    known.update(fact)


def find(values: Any, path: str) -> Any:
    """Return what a dotted path leads to, or None. Lists of one are entered."""
    for part in path.split(".") if path else ():
        if isinstance(values, list) and len(values) == 1:
            values = values[0]
        if not isinstance(values, Mapping):
            return None
        values = values.get(part)
    return values


def canonical(value: Any) -> Any:
    """Return a value without what the two languages write differently.

    Keys lose case and underscores; lists of one become their item; other lists of scalars are
    sorted; unset, empty and false are the same; policies become one line a permission.
    """
    if isinstance(value, str):
        return _scalar(value)
    if isinstance(value, Mapping):
        if isinstance(value.get("Statement"), list):
            return sorted(set(permissions(value)))
        pairs = {str(k).replace("_", "").lower(): canonical(v) for k, v in value.items()}
        return {key: pairs[key] for key in sorted(pairs) if not is_empty(pairs[key])}
    if isinstance(value, list | tuple):
        items = [item for item in map(canonical, value) if not is_empty(item)]
        if len(items) == 1:
            return items[0]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True))
    return value


def is_empty(value: Any) -> bool:
    return value is None or value is False or value == "" or value == [] or value == {}


def _scalar(text: str) -> Any:
    if text[:1] in "{[" and text[1:]:
        try:
            return canonical(json.loads(text))
        except ValueError:
            return text
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if re.fullmatch(r"-?(0|[1-9]\d{0,17})(\.\d+)?", text):
        return float(text) if "." in text else int(text)
    return text


def permissions(policy: Mapping[str, Any]) -> Iterator[str]:
    """Yield a policy as lines `Allow ACTION on RESOURCE by PRINCIPAL if CONDITION`."""
    for statement in _list(policy["Statement"]):
        for key in ("NotAction", "NotResource", "NotPrincipal"):
            assert key not in statement, f"{key} is never needed here"
        condition = json.dumps(_conditions(statement.get("Condition", {})), sort_keys=True)
        for action in _list(statement["Action"]):
            for resource in _list(statement.get("Resource", "this")):
                for principal in _principals(statement.get("Principal")):
                    yield f"{statement['Effect']} {action} on {resource} by {principal} if {condition}"


def _conditions(given: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, list[str]]]:
    return {
        test: {key: sorted(str(v) for v in _list(values)) for key, values in keys.items()}
        for test, keys in given.items()
    }


def _principals(given: Any) -> list[str]:
    if given is None:
        return ["role"]
    if isinstance(given, str):
        return [given]
    found = [f"{kind} {name}" for kind, names in given.items() for name in _list(names)]
    # Terraform writes the world as {"AWS": "*"} where a template says "*": the same to IAM.
    return ["*" if name == "AWS *" else name for name in found]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def rename(items: Iterable[Item], names: Mapping[str, str]) -> list[Item]:
    """Replace what AWS or an emulator made up by a name that both sides have."""
    found = []
    for item in items:
        text = json.dumps(item.values)
        for made_up in sorted(names, key=len, reverse=True):
            text = text.replace(json.dumps(made_up)[1:-1], names[made_up])
        text = re.sub(r"(:secret:[\w/.-]+?)-([A-Za-z0-9]{6}|<random>)(?=\")", r"\1-<random>", text)
        found.append(Item(item.type, item.address, json.loads(text)))
    return found


@dataclass(frozen=True)
class Difference:
    """One setting that is not the same; `path` is kind/name/setting, or kind/name alone."""

    path: str
    terraform: Any
    cloudformation: Any

    def __str__(self) -> str:
        return f"{self.path}\n  terraform:      {self.terraform}\n  cloudformation: {self.cloudformation}"


def differences(terraform: Facts, cloudformation: Facts) -> Iterator[Difference]:
    """Yield everything that one side has or says and the other does not."""
    for kind, name in sorted(terraform.keys() | cloudformation.keys()):
        ours, theirs = terraform.get((kind, name)), cloudformation.get((kind, name))
        path = f"{kind}/{name}"
        if ours is None or theirs is None:
            yield Difference(path, _there(ours), _there(theirs))
            continue
        for setting in sorted(ours.keys() | theirs.keys()):
            one, other = ours.get(setting), theirs.get(setting)
            if one != other:
                yield Difference(f"{path}/{setting}", *_apart(one, other))


def _there(fact: Fact | None) -> str:
    return "missing" if fact is None else "there"


def _apart(one: Any, other: Any) -> tuple[Any, Any]:
    """Of two lists show only what is not in both."""
    if isinstance(one, list) and isinstance(other, list):
        return [i for i in one if i not in other], [i for i in other if i not in one]
    return one, other
