"""A function's lock is the part of the development lock that it needs, and nothing else."""

from __future__ import annotations

import ast
from importlib.metadata import packages_distributions

import pytest
from packaging.utils import canonicalize_name

import function_locks
from mantissa.adapters.aws.session import Clients
from mantissa.adapters.packaging.functions import EMBEDDED, FORBIDDEN, FUNCTIONS
from mantissa.adapters.packaging.lock import closure, parse_lock, render_lock
from mantissa.adapters.packaging.target import Target
from mantissa.adapters.packaging.trim import SERVICES
from mantissa.errors import ConfigError
from support.reach import reach, third_party, tree

NEVER = {
    # Triage asks the registry of destinations only which of them follow an alert's state.
    "api": {"httpx", "httpcore"},
}
"""What a function's code names and never imports."""

A, B = "a" * 64, "b" * 64
LOCK = f"""\
app==1.0 \\
    --hash=sha256:{A} \\
    --hash=sha256:{B}
    # via mantissa-log (pyproject.toml:dev)
both==2 \\
    --hash=sha256:{A}
    # via
    #   -c requirements.lock
    #   app
    #   other
fetcher==3 \\
    --hash=sha256:{A}
    # via app
only-fetched==4 \\
    --hash=sha256:{A}
    # via fetcher
other==5 \\
    --hash=sha256:{A}
    # via mantissa-log (pyproject.toml)
ours==6 ; sys_platform == 'win32' \\
    --hash=sha256:{A}
    # via both
newer==7 ; python_full_version >= '3.12' \\
    --hash=sha256:{A}
    # via both
"""


def names(*roots: str, without: tuple[str, ...] = ()) -> list[str]:
    return [pin.name for pin in closure(parse_lock(LOCK, "lock"), roots, without)]


def test_a_pin_is_read_whole() -> None:
    first, second, *_ = parse_lock(LOCK, "lock")
    assert (first.name, first.version, first.hashes) == ("app", "1.0", (A, B))
    assert second.parents == ("app", "other")
    assert first.requirement == f"app==1.0 --hash=sha256:{A} --hash=sha256:{B}"


def test_the_closure_follows_who_asked_for_what() -> None:
    everything = ["app", "both", "fetcher", "only-fetched", "ours", "newer"]
    assert names("app") == everything
    assert names("other") == ["both", "other", "ours", "newer"]


def test_what_is_left_out_takes_what_only_it_needs_along() -> None:
    assert names("app", without=("fetcher",)) == ["app", "both", "ours", "newer"]
    assert "fetcher" in names("app", "fetcher", without=("fetcher",))


def test_a_root_that_is_not_locked_is_named() -> None:
    with pytest.raises(ConfigError, match="absent"):
        names("app", "absent")


def test_a_lock_survives_being_written_and_read() -> None:
    pins = parse_lock(LOCK, "lock")
    again = parse_lock(render_lock(pins, "a head\nof two lines"), "lock")
    assert [pin.requirement for pin in again] == [pin.requirement for pin in pins]
    assert [pin.marker for pin in again] == [pin.marker for pin in pins]


@pytest.mark.parametrize("line", ["requests", "requests>=2 \\", "-r other.txt", "x==1"])
def test_a_line_that_is_not_pinned_by_hash_is_refused(line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_lock(f"# head\n{line}\n", "some.lock")
    assert caught.value.where == "some.lock:2"


def test_markers_are_those_of_the_target_and_not_of_this_machine() -> None:
    pins = {pin.name: pin for pin in parse_lock(LOCK, "lock")}
    old, new = (Target.of("arm64", python).environment for python in ("3.11", "3.13"))
    assert not pins["ours"].applies(old)
    assert not pins["newer"].applies(old)
    assert pins["newer"].applies(new)
    assert pins["app"].applies(old)


@pytest.mark.parametrize(("architecture", "python"), [("arm", "3.13"), ("arm64", "3.10")])
def test_a_target_that_lambda_has_not_is_refused(architecture: str, python: str) -> None:
    with pytest.raises(ConfigError, match="nothing is built for"):
        Target.of(architecture, python)


def test_the_functions_locks_are_current() -> None:
    assert function_locks.stale() == [], "run `make locks`"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_locks_what_none_may_hold(name: str) -> None:
    pins = parse_lock((function_locks.FOLDER / f"{name}.lock").read_text(), name)
    locked = {pin.name for pin in pins}
    assert set(FUNCTIONS[name].requires) <= locked
    assert not locked & FORBIDDEN
    assert (EMBEDDED in locked) == FUNCTIONS[name].embedded
    assert not locked & set(FUNCTIONS[name].without)
    assert all(pin.hashes for pin in pins)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_whatever_a_function_can_come_to_import_is_locked(name: str) -> None:
    function = FUNCTIONS[name]
    needed = third_party(reach(function.handler.rpartition(".")[0]))
    assert "aws_lambda_powertools" in needed
    pins = parse_lock((function_locks.FOLDER / f"{name}.lock").read_text(), name)
    locked = {pin.name for pin in pins}
    known = packages_distributions()
    missing = {
        package: by
        for package, by in needed.items()
        if package not in NEVER.get(name, set())
        and not {canonicalize_name(dist) for dist in known.get(package, [])} & locked
    }
    assert missing == {}


def test_late_imports_and_registries_are_followed() -> None:
    found = reach(FUNCTIONS["ingest"].handler.rpartition(".")[0])
    assert "mantissa.lake.arrivals" in found.modules, "an accessor of the product"
    assert "mantissa.sources.windows.normalise" in found.modules, "named by a registry"
    assert found.packages["defusedxml"] == "mantissa.sources.windows.xml"
    assert "mantissa.detection.load" not in found.modules
    assert "sigma" in reach(FUNCTIONS["detect"].handler.rpartition(".")[0]).packages


@pytest.mark.parametrize("name", FUNCTIONS)
def test_botocore_keeps_every_service_that_a_function_calls(name: str) -> None:
    offered = {n for n, value in vars(Clients).items() if isinstance(value, property)}
    assert {"s3", "dynamodb", "athena"} <= offered
    modules = reach(FUNCTIONS[name].handler.rpartition(".")[0]).modules
    called: set[str] = set()
    for module in modules - {"mantissa.adapters.aws.session"}:
        for node in ast.walk(tree(module)):
            if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("clients"):
                called.add(node.attr)
    assert "s3" in called
    assert called & offered <= set(SERVICES)
