"""`mantissa doctor`: is everything here in order, and if not, what mends it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from mantissa.entrypoints.cli.booting import boot
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit
from mantissa.errors import MantissaError

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


@command(example="mantissa doctor\nmantissa doctor --json")
def doctor(call: Call) -> Exit:
    """Check that everything here is in order.

    Looks at settings, engine, sources, rules, the lake's books, health and secrets. Every check
    that does not pass says what mends it.
    """
    app = boot(call)
    checks = [checked for name, check in CHECKS.items() for checked in _run(name, check, app)]
    ok = all(check.ok for check in checks)

    def tell() -> None:
        rows = [["ok" if c.ok else "NOT OK", c.name, c.detail, c.fix] for c in checks]
        call.output.table(["", "check", "detail", "fix"], rows)

    call.output.result({"ok": ok, "checks": [asdict(c) for c in checks]}, tell)
    return Exit.DONE if ok else Exit.ATTENTION


def _run(name: str, check: Callable[[LocalApp], Iterator[Check]], app: LocalApp) -> Iterator[Check]:
    """Run one check; an error of the product is what it found out."""
    try:
        yield from check(app)
    except MantissaError as error:
        yield Check(name, False, str(error), error.fix or "")


def _settings(app: LocalApp) -> Iterator[Check]:
    file = app.settings.file
    yield Check("settings", True, str(file) if file else "defaults; there is no mantissa.toml")


def _engine(app: LocalApp) -> Iterator[Check]:
    app.engine.run("SELECT 1", limits=app.query_limits)
    app.query_engine.run("SELECT 1", limits=app.query_limits)
    yield Check("engine", True, "DuckDB answers, in this process and in one of its own")


def _sources(app: LocalApp) -> Iterator[Check]:
    yield Check("sources", True, f"{len(app.sources)} log sources: {', '.join(app.sources)}")


def _rules(app: LocalApp) -> Iterator[Check]:
    refused = app.prepared.refused
    detail = f"{len(app.prepared.rules)} run, {len(app.prepared.waiting)} wait for a source"
    yield Check("rules", True, detail)
    for refusal in refused:
        place = f"{refusal.path}:{refusal.line}" if refusal.line else refusal.path
        yield Check("rule refused", False, f"{place}: {refusal.reason}", "mantissa rules check")


def _rule_health(app: LocalApp) -> Iterator[Check]:
    from mantissa.detection.journal import HEALTH

    failing = [i for i in app.state.query(HEALTH) if i.value.get("failing_since")]
    yield Check("rule health", not failing, f"{len(failing)} rules failed at their last run")
    for item in failing:
        detail = f"{item.key} since {item.value['failing_since']}: {item.value.get('last_error')}"
        yield Check("rule failing", False, detail, "mend the rule; what it missed is remembered")


def _books(app: LocalApp) -> Iterator[Check]:
    differences = app.reconcile.run()
    for difference in differences:
        detail = f"{difference.check} {difference.where}: {difference.detail}"
        yield Check("reconciliation", False, detail, difference.fix)
    if not differences:
        yield Check("reconciliation", True, "records in = rows + quarantined + filtered")


def _quarantine(app: LocalApp) -> Iterator[Check]:
    waiting = sum(1 for _ in app.quarantine.entries())
    fix = "mantissa quarantine list" if waiting else ""
    yield Check("quarantine", not waiting, f"{waiting:,} records in quarantine", fix)


def _pending(app: LocalApp) -> Iterator[Check]:
    from mantissa.lake.books import PENDING

    waiting = sum(1 for _ in app.state.query(PENDING))
    fix = "mantissa detect" if waiting else ""
    yield Check("pending", True, f"{waiting:,} objects are not judged yet", fix)


def _destinations(app: LocalApp) -> Iterator[Check]:
    configured = app.alert_settings.destinations
    if not configured:
        yield Check("destinations", True, "none configured: alerts stay here")
    for destination in configured:
        yield from _run(f"destination {destination.name}", _secret(destination.secret), app)


def _secret(name: str) -> Callable[[LocalApp], Iterator[Check]]:
    def check(app: LocalApp) -> Iterator[Check]:
        app.secrets.get(name)
        yield Check(f"secret {name}", True, "it is there")

    return check


CHECKS: dict[str, Callable[[LocalApp], Iterator[Check]]] = {
    "settings": _settings,
    "engine": _engine,
    "sources": _sources,
    "rules": _rules,
    "rule health": _rule_health,
    "reconciliation": _books,
    "quarantine": _quarantine,
    "pending": _pending,
    "destinations": _destinations,
}
"""To add a check: a function of the product that yields what it found, and one row here."""
