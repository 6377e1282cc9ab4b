"""`mantissa demo`: the guided tour, from CloudTrail files to a delivered alert."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mantissa.entrypoints.cli.command import Call, command
from mantissa.entrypoints.cli.exits import Exit

if TYPE_CHECKING:
    from mantissa.bootstrap.local import LocalApp
    from mantissa.entrypoints.cli.receiver import LocalReceiver, Received
    from mantissa.entrypoints.cli.scenario import Scenario

KEPT = "mantissa-demo"
RAW = "raw"
"""The folder of the scenario's files in the home."""
_TRY_SQL = "SELECT eventname, count(*) FROM aws_cloudtrail GROUP BY 1 ORDER BY 2 DESC LIMIT 9"


@command(example="mantissa demo\nmantissa demo --keep")
def demo(
    call: Call,
    keep: Annotated[
        bool, typer.Option("--keep", help=f"Keep the lake, in ./{KEPT} or the folder of --home.")
    ] = False,
    events: Annotated[int, typer.Option(min=200, help="Events of the scenario.")] = 20_000,
) -> Exit:
    """See an attack found, explained and delivered.

    Writes a day and a half of CloudTrail of a small company with an intrusion in it, ingests it,
    judges it with the rule library, delivers the alerts to a receiver on this machine that stands
    for Slack and PagerDuty, and asks the lake three questions. Nothing leaves this machine.
    """
    started = time.monotonic()
    with ExitStack() as stack:
        home = stack.enter_context(_home(call, keep=keep))
        receiver = stack.enter_context(_receiver())
        app = _app(home, receiver)
        stack.callback(app.close)
        document = Tour(call, app, receiver, events).run()
    seconds = round(time.monotonic() - started, 3)
    document |= {"home": str(home) if keep else None, "seconds": seconds}
    call.output.result(document, lambda: _farewell(call, document, home if keep else None))
    return Exit.DONE if all(step["found_by"] for step in document["story"]) else Exit.FAILED


class Tour:
    """One walk through the product; each method shows one stop and returns what it showed."""

    def __init__(self, call: Call, app: LocalApp, receiver: LocalReceiver, events: int) -> None:
        self._out = call.output
        self._call = call
        self._app = app
        self._receiver = receiver
        self._events = events

    def run(self) -> dict[str, Any]:
        """Walk the whole way."""
        scenario = self._write()
        ingested = self._ingest()
        detected = self._detect()
        story = self._explain(scenario)
        delivered = self._deliver()
        return {
            "events": scenario.events,
            "ingest": ingested,
            "detect": detected,
            "story": story,
            "deliveries": delivered,
            "questions": self._ask(),
        }

    def _write(self) -> Scenario:
        from mantissa.entrypoints.cli.scenario import write_scenario

        self._title("1", "A small company's CloudTrail, with an intruder in it")
        raw = self._app.home / RAW
        scenario = write_scenario(raw, end=self._app.clock.now(), events=self._events)
        self._say(
            f"Wrote {scenario.events:,} events in {len(scenario.files):,} gzip files as AWS lays "
            f"them out, for account {scenario.account}."
        )
        return scenario

    def _ingest(self) -> dict[str, Any]:
        from mantissa.entrypoints.cli.ingest import ingest_all, tell_ingest

        self._title("2", "Ingest: every record a row, or in quarantine with its reason")
        report = ingest_all(self._call, self._app, [str(self._app.home / RAW)], None)
        if self._out.for_people:
            tell_ingest(self._call, report)
        return report.to_json()

    def _detect(self) -> dict[str, Any]:
        from mantissa.entrypoints.cli.detect import run_detection

        self._title("3", "Detect: Sigma rules as SQL over those rows")
        report = run_detection(self._call, self._app)
        self._say(
            f"{report['rules']['evaluated']} rules judged {report['objects_judged']:,} files in "
            f"{report['seconds']:.1f} s: {report['findings']:,} findings, "
            f"{report['alerts']:,} alerts."
        )
        return report

    def _explain(self, scenario: Scenario) -> list[dict[str, Any]]:
        from mantissa.entrypoints.cli.demo_findings import explain, story_text

        self._title("4", "Findings: each step of the intrusion, and the rules that saw it")
        story, others = explain(self._app, scenario)
        self._say(story_text(story))
        self._say(f"\nFindings about anything else than the intrusion: {others}.")
        return story

    def _deliver(self) -> dict[str, Any]:
        self._title("5", "Alerts: delivered to Slack and PagerDuty (both on this machine)")
        report = self._app.delivery.run_due(limit=100)
        received = self._receiver.received
        slack = [r for r in received if r.service == "slack"]
        pages = [r for r in received if r.service == "pagerduty"]
        self._say(f"{len(slack)} messages in Slack, {len(pages)} incidents in PagerDuty. One:\n")
        if self._out.for_people and slack:
            self._show(_worst(slack))
        return {"sent": report.sent, "slack": len(slack), "pagerduty": len(pages)}

    def _show(self, message: Received) -> None:
        from mantissa.entrypoints.cli.slack_view import slack_text

        self._out.say(slack_text(message.body))

    def _ask(self) -> list[dict[str, Any]]:
        from mantissa.entrypoints.cli.query import answer, show_answer
        from mantissa.entrypoints.cli.scenario_questions import QUESTIONS

        self._title("6", "Questions: one SELECT each, its cost known before it runs")
        asked = []
        for question in QUESTIONS:
            found = answer(self._app, question.sql)
            self._say(f"\n{question.title}")
            if self._out.for_people:
                show_answer(self._call, found)
            asked.append({"title": question.title, "sql": question.sql, **found.summary()})
        return asked

    def _title(self, number: str, text: str) -> None:
        self._say(f"\n── {number}. {text}")

    def _say(self, text: str) -> None:
        if self._out.for_people:
            self._out.say(text)


@contextmanager
def _home(call: Call, *, keep: bool) -> Iterator[Path]:
    """Yield an empty home: one to keep, or one that goes with the tour."""
    from mantissa.adapters.local.home import create_home
    from mantissa.bootstrap.local import STATE_FILE
    from mantissa.config.reading import FILE
    from mantissa.config.template import SECRETS, render_template
    from mantissa.errors import ConfigError

    with tempfile.TemporaryDirectory(prefix="mantissa-demo-") as temporary:
        home = (call.home_option or Path(KEPT)).resolve() if keep else Path(temporary).resolve()
        if (home / STATE_FILE).exists() or (home / RAW).exists():
            fix = "remove the folder, or name another with --home"
            raise ConfigError("a lake is here already", where=str(home), fix=fix)
        create_home(home, settings={FILE: render_template()}, secrets=SECRETS)
        yield home


def _receiver() -> LocalReceiver:
    from mantissa.entrypoints.cli.receiver import LocalReceiver

    return LocalReceiver()


def _app(home: Path, receiver: LocalReceiver) -> LocalApp:
    """Boot the product with the receiver as its destinations, in memory only."""
    from mantissa.adapters.local.secrets import variable_of
    from mantissa.alerts.route import AlertSettings
    from mantissa.bootstrap.local import LocalApp
    from mantissa.config.reading import load_settings

    environ = {variable_of(name): value for name, value in receiver.secrets().items()}
    app = LocalApp(load_settings(home, {}), environ)
    app.alert_settings = AlertSettings(destinations=receiver.destinations())
    return app


def _worst(messages: list[Received]) -> Received:
    """Choose the message to show, the same whatever the time of day: the first by level and title.

    A header begins with its level's coloured mark, and those sort with the worst first.
    """
    return min(messages, key=lambda message: _header(message).casefold())


def _header(message: Received) -> str:
    blocks = message.body.get("blocks", ())
    return next((str(b["text"]["text"]) for b in blocks if b.get("type") == "header"), "")


def _farewell(call: Call, document: dict[str, Any], home: Path | None) -> None:
    say = call.output.say
    found = sum(1 for step in document["story"] if step["found_by"])
    say(f"\nFound {found} of {len(document['story'])} steps in {document['seconds']:.1f} s.")
    if home is None:
        say("\nThe lake of this tour is gone again. Keep one and look around:\n")
        say(f"  mantissa demo --keep\n  export MANTISSA_HOME={KEPT}")
    else:
        say(f"\nThe lake is in {home}. Look around:\n\n  export MANTISSA_HOME={home}")
    say(f'  mantissa alerts list\n  mantissa query "{_TRY_SQL}"\n  mantissa lake reconcile')
    say("\nThen your own logs:\n")
    say("  mantissa ingest PATH --home my-lake\n  mantissa detect --home my-lake")
