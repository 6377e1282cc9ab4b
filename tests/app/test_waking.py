"""A commit wakes detection: once for what was new, and never at the price of what was ingested."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from mantissa.bootstrap.aws import AwsApp
from mantissa.config.reading import settings_of
from mantissa.errors import StoreTransient

QUEUE = "https://sqs.example/123456789012/mantissa-dev-detect"


@dataclass
class Sent:
    """A queue that remembers, or fails."""

    bodies: list[str] = field(default_factory=list)
    fails: bool = False

    def send(self, body: str) -> None:
        if self.fails:
            raise StoreTransient("no answer", where=QUEUE)
        self.bodies.append(body)


def app(queue: Sent, **environ: str) -> AwsApp:
    made = AwsApp(settings_of({"MANTISSA_AWS_DETECT_QUEUE": QUEUE, **environ}))
    made.__dict__["detect_queue"] = queue
    return made


@pytest.mark.parametrize(("rows", "sent"), [(0, 0), (1, 1), (1000, 1)])
def test_one_message_for_a_call_that_brought_rows(rows: int, sent: int) -> None:
    queue, warned = Sent(), list[str]()
    app(queue).wake_detection(rows, warned.append)
    assert (len(queue.bodies), warned) == (sent, [])


def test_where_the_clock_is_enough_nothing_is_sent() -> None:
    queue, warned = Sent(), list[str]()
    app(queue, MANTISSA_DETECTION_IMMEDIATE="false").wake_detection(5, warned.append)
    AwsApp(settings_of({})).wake_detection(5, warned.append)
    assert (queue.bodies, warned) == ([], [])


def test_a_queue_that_gives_no_answer_is_a_warning_and_no_failure() -> None:
    warned: list[str] = []
    app(Sent(fails=True)).wake_detection(5, warned.append)
    assert warned == ["detection was not woken: store_transient: no answer"]


@pytest.mark.parametrize(
    ("engine", "always", "chosen"),
    [("auto", False, True), ("duckdb", True, True), ("athena", False, False)],
)
def test_a_deployed_lake_takes_the_engine_of_its_settings(
    engine: str, always: bool, chosen: bool
) -> None:
    environ = {"MANTISSA_DETECTION_SMALL_BYTES": "1MiB", "MANTISSA_DETECTION_SMALL_FILES": "7"}
    quick = app(Sent(), **environ).quick(engine)
    assert (quick is not None) == chosen
    if quick is not None:
        assert (quick.most_bytes, quick.most_files, quick.always) == (1 << 20, 7, always)
