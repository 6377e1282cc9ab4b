"""The deployed half of `mantissa doctor`: what `bootstrap/doctor.py` finds out, told as it comes."""

from __future__ import annotations

import secrets
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from mantissa.entrypoints.cli.booting import boot_deployed
from mantissa.model import Check

if TYPE_CHECKING:
    from mantissa.bootstrap.doctor import Doctor
    from mantissa.entrypoints.cli.command import Call

Found = tuple[list[Check], dict[str, object]]


def deployed_checks(call: Call, wait: float | None) -> Found:
    """Look at the deployed lake.

    Args:
        wait: seconds for which a canary is followed; None lets none go.
    """
    from mantissa.bootstrap.doctor import Doctor

    app = boot_deployed(call)
    folder = Path(call.at_end.enter_context(tempfile.TemporaryDirectory(prefix="mantissa-")))
    doctor = Doctor(app, folder)
    with call.output.progress("looking", unit="checks") as progress:
        checks = []
        for check in doctor.checks():
            checks.append(check)
            progress.advance(title=check.name)
    signed_in = checks[0].ok
    if wait is None or not signed_in:
        return checks, {}
    passed, more = _canary(call, doctor, wait)
    return [*checks, *passed], more


def _canary(call: Call, doctor: Doctor, wait: float) -> Found:
    """Let a canary go; tell each stage at once, for it may take minutes."""
    checks: list[Check] = []
    seconds: dict[str, float] = {}
    for timed in doctor.canary(wait, secrets.token_hex(8)):
        check = timed.check
        checks.append(check)
        call.output.note(f"{check.name}: {check.detail}")
        if timed.seconds is not None and check.ok:
            seconds[check.name.removeprefix("canary ")] = round(timed.seconds, 1)
    return checks, {"canary": {"seconds": seconds}}
