"""`mantissa doctor`: is everything here in order, and if not, what mends it?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from mantissa.entrypoints.cli.booting import boot
from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit
from mantissa.errors import MantissaError
from mantissa.model import Check

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp

WAIT_SECONDS = 600.0
"""Two runs of detection, as it is scheduled."""


@command(
    example="""
    mantissa doctor
    mantissa doctor --aws --no-canary
    mantissa doctor --aws --wait 900 --json
    """
)
def doctor(
    call: Call,
    aws: Annotated[bool, typer.Option("--aws", help="Look at the deployed lake.")] = False,
    canary: Annotated[
        bool,
        typer.Option(
            "--canary/--no-canary", help="Whether to follow an object through the deployed lake."
        ),
    ] = True,
    wait: Annotated[
        float, typer.Option(min=0, metavar="SECONDS", help="How long the canary is waited for.")
    ] = WAIT_SECONDS,
) -> Exit:
    """Check that everything here is in order.

    Looks at settings, engine, sources, rules, the lake's books, health and secrets. Every check
    that does not pass says what mends it.

    With --aws it looks at the deployed lake of the settings: buckets, notifications, queues, state,
    tables, workgroups, keys, secrets, schedules and the last runs. Then it puts a harmless object
    into the raw bucket and follows it to an alert of level informational.
    """
    if aws:
        from mantissa.entrypoints.cli.doctor_aws import deployed_checks

        return tell(call, *deployed_checks(call, wait if canary else None))
    app = boot(call)
    checks = [checked for name, check in CHECKS.items() for checked in _run(name, check, app)]
    return tell(call, checks)


def tell(call: Call, checks: Sequence[Check], more: Mapping[str, object] | None = None) -> Exit:
    """Print what was found out, and whether it needs a look."""
    ok = all(check.ok for check in checks)

    def show() -> None:
        rows = [["ok" if c.ok else "NOT OK", c.name, c.detail, c.fix] for c in checks]
        call.output.table(["", "check", "detail", "fix"], rows)

    call.output.result({"ok": ok, "checks": [asdict(c) for c in checks], **(more or {})}, show)
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


def _exceptions(app: LocalApp) -> Iterator[Check]:
    from mantissa.detection.exceptions import remarks

    known = app.rules.exceptions
    applying = [exception for exception in known if not exception.expired]
    yield Check("exceptions", True, f"{len(applying)} of {len(known)} exceptions of rules apply")
    for remark in remarks([exception for exception in known if exception.expired]):
        detail = f"{remark['path']}:{remark['line']}: {remark['reason']}"
        fix = "delete the file, or write a new one: mantissa rules except"
        yield Check("exception expired", False, detail, fix)


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


def _detection(app: LocalApp) -> Iterator[Check]:
    from mantissa.bootstrap.health import detection_checks

    yield from detection_checks(app)


def _pending(app: LocalApp) -> Iterator[Check]:
    from mantissa.detection.checkup import pending_check

    yield pending_check(app.state, app.clock.now())


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
    "exceptions": _exceptions,
    "rule health": _rule_health,
    "detection": _detection,
    "reconciliation": _books,
    "quarantine": _quarantine,
    "pending": _pending,
    "destinations": _destinations,
}
"""To add a check: a function of the product that yields what it found, and one row here."""
