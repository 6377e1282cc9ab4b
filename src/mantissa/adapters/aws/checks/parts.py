"""The parts of one deployment by name, and what follows from the names."""

from __future__ import annotations

from dataclasses import dataclass

from mantissa.adapters.aws.checks.look import Flaw

STATE = "-state"
FUNCTIONS = ("ingest", "detect", "alert", "api", "sweep")
SCHEDULES = ("detect", "alert", "sweep")


@dataclass(frozen=True, slots=True)
class Parts:
    """One deployment, as its settings name it.

    Args:
        raw_buckets: the deployment's own first, then those that the user brought.
        ingest_queue: the queue's URL, as are `alert_queue` and `detect_queue`.
        detect_queue: empty where only the clock wakes detection.
    """

    raw_buckets: tuple[str, ...]
    lake_bucket: str
    results_bucket: str
    state_table: str
    database: str
    workgroup: str
    ingest_queue: str
    alert_queue: str
    secret_prefix: str
    detect_queue: str = ""

    @property
    def named(self) -> bool:
        """Whether the deployment's name can be told."""
        return self.state_table.endswith(STATE)

    @property
    def name(self) -> str:
        """What every name of the deployment begins with, `mantissa-dev`. Raises `Flaw`."""
        if not self.named:
            raise Flaw(
                f"the table {self.state_table!r} does not end in {STATE!r}: schedules, queues of "
                "failed calls and the detection workgroup are not looked at",
                fix="name the table that the deployment made: `terraform output state_table`",
            )
        return self.state_table.removesuffix(STATE)
