"""`mantissa alerts`: what people are told, what they say of it, and whether it arrived."""

from __future__ import annotations

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.booting import boot
from mantissa.entrypoints.cli.command import Call, command, noun
from mantissa.entrypoints.cli.exits import Exit
from mantissa.entrypoints.cli.layout import facts, moment
from mantissa.entrypoints.cli.output import Column
from mantissa.errors import ConfigError

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp
    from mantissa.model import Alert

alerts = noun("What people are told, what they say of it, and whether it arrived.")

_COLUMNS: dict[str, Column] = {
    "id": lambda alert: alert["id"][:12],
    "last event": lambda alert: moment(alert["last_event"]),
    "level": "level",
    "status": "status",
    "count": "count",
    "title": "title",
}
AlertId = Annotated[str, typer.Argument(metavar="ID", help="The alert's id or its beginning.")]


@alerts.command("list")
@command(
    example="mantissa alerts list\nmantissa alerts list --status open --level high", lists=True
)
def list_alerts(
    call: Call,
    status: Annotated[str | None, typer.Option(help="open, acknowledged or closed.")] = None,
    level: Annotated[str | None, typer.Option(help="Of this level or above.")] = None,
    rule: Annotated[str | None, typer.Option(metavar="ID", help="Only this rule's.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 1000,
) -> None:
    """List alerts, the latest event first."""
    from mantissa.alerts.listing import AlertFilter
    from mantissa.alerts.listing import list_alerts as matching
    from mantissa.model import AlertStatus, Severity

    app = boot(call)
    wanted = AlertFilter(
        status=_one_of(AlertStatus, status, "--status"),
        min_level=_one_of(Severity, level, "--level") or Severity.INFORMATIONAL,
        rule=rule,
    )
    found = [_document(app, alert) for alert in matching(app.state, wanted, limit)]
    call.output.listing("alerts", found, _COLUMNS)


@alerts.command("show")
@command(example="mantissa alerts show $(mantissa alerts list --jsonl | head -1 | jq -r .id)")
def show(call: Call, alert_id: AlertId) -> None:
    """Show one alert with its samples, deliveries and history."""
    from mantissa.alerts.listing import find

    app = boot(call)
    document = _document(app, find(app.state, alert_id))

    def tell() -> None:
        from mantissa.entrypoints.cli.alert_view import alert_text

        call.output.say(alert_text(document))

    call.output.result(document, tell)


@alerts.command("ack")
@command(example="mantissa alerts ack $(mantissa alerts list --jsonl | head -1 | jq -r .id)")
def ack(call: Call, alert_id: AlertId) -> None:
    """Say that you are on it."""
    app = boot(call)
    found = _find(app, alert_id)
    _tell_change(call, _document(app, app.triage.acknowledge(found.id, person())))


@alerts.command("close")
@command(
    example="mantissa alerts close $(mantissa alerts list --jsonl | head -1 | jq -r .id)"
    " --as false_positive --note 'backup job'"
)
def close(
    call: Call,
    alert_id: AlertId,
    verdict: Annotated[
        str, typer.Option("--as", metavar="VERDICT", help="true_positive, false_positive, benign.")
    ],
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Say what it was and close it."""
    from mantissa.model import Verdict

    app = boot(call)
    chosen = _one_of(Verdict, verdict, "--as")
    assert chosen is not None
    found = _find(app, alert_id)
    _tell_change(call, _document(app, app.triage.close(found.id, chosen, person(), note)))


@alerts.command("deliver")
@command(example="mantissa alerts deliver\nmantissa alerts deliver --json")
def deliver(
    call: Call,
    limit: Annotated[int, typer.Option(min=1, help="At most so many to each destination.")] = 100,
) -> Exit:
    """Send what is due to its destinations."""
    from dataclasses import asdict

    app = boot(call)
    report = asdict(app.delivery.run_due(limit))

    def tell() -> None:
        call.output.say(
            f"{report['sent']:,} sent, {report['retry']:,} to try again, {report['dead']:,} given "
            f"up, {report['waiting']:,} waiting"
        )
        if not app.alert_settings.destinations:
            call.output.note("No destination is configured: add [[destinations]] to mantissa.toml.")

    call.output.result(report, tell)
    return Exit.ATTENTION if report["dead"] or report["retry"] else Exit.DONE


@alerts.command("test")
@command(example="mantissa alerts test slack")
def test(call: Call, destination: Annotated[str, typer.Argument(metavar="DESTINATION")]) -> Exit:
    """Send a harmless message to one destination and show what came back."""
    from dataclasses import asdict

    trial = boot(call).delivery.test(destination)

    def tell() -> None:
        verdict = "took the message" if trial.ok else "did not take the message"
        call.output.table(
            ["destination", "result", "status", "detail"],
            [[trial.destination, verdict, trial.status, trial.detail]],
        )

    call.output.result(asdict(trial), tell)
    return Exit.DONE if trial.ok else Exit.FAILED


@alerts.command("stats")
@command(example="mantissa alerts stats")
def stats(call: Call) -> None:
    """Count alerts by status, level and rule, with each rule's precision."""
    from mantissa.alerts.listing import stats as counted

    app = boot(call)
    numbers = counted(app.state)
    call.output.result(numbers, lambda: _tell_stats(call, app, numbers))


def _tell_stats(call: Call, app: LocalApp, numbers: dict[str, Any]) -> None:
    titles = {rule.info.id: rule.info.title for rule in app.rules.rules}
    call.output.say(f"{numbers['alerts']:,} alerts")
    for name in ("by_status", "by_level"):
        counts = numbers[name]
        call.output.say(facts([(name.replace("_", " "), _listed(counts))]))
    verdicts = ["alerts", "true_positive", "false_positive", "benign", "precision"]
    rows = [[titles.get(i, i), *(r[v] for v in verdicts)] for i, r in numbers["by_rule"].items()]
    if rows:
        call.output.say()
        call.output.table(["rule", *(v.replace("_", " ") for v in verdicts)], rows)
        call.output.say()
    for name, row in numbers["deliveries"].items():
        counts = {k: v for k, v in row.items() if k != "circuit"}
        call.output.say(facts([(f"sent to {name}", _listed(counts))]))


def _listed(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _find(app: LocalApp, alert_id: str) -> Alert:
    from mantissa.alerts.listing import find

    return find(app.state, alert_id)


def _document(app: LocalApp, alert: Alert) -> dict[str, Any]:
    from mantissa.alerts.outbox import all_rows
    from mantissa.alerts.record import alert_json

    return alert_json(alert, all_rows(app.state, alert.id))


def _tell_change(call: Call, document: dict[str, Any]) -> None:
    def tell() -> None:
        from mantissa.entrypoints.cli.alert_view import alert_line

        call.output.say(alert_line(document))

    call.output.result(document, tell)


def person() -> str:
    """Return the name under which this person signed in to the machine."""
    return getpass.getuser()


def _one_of(kind: Any, word: str | None, option: str) -> Any:
    if word is None:
        return None
    if word not in list(kind):
        known = ", ".join(kind)
        raise ConfigError(f"{option} does not know {word!r}", fix=f"one of: {known}")
    return kind(word)
