"""A moto server on a free loopback port: for IAM enforcement and Glue expressions."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support import kept
from support.emulators import Emulator, bare_environ
from support.ministack import answers

START_SECONDS = 60.0


@contextmanager
def running(
    root: Path,
    name: str = "moto",
    env: Mapping[str, str] | None = None,
    module: str = "moto.server",
) -> Iterator[Emulator]:
    """Yield the moto server called `name` under `root`; one that judges IAM is not to be shared.

    Args:
        module: what is run as the server.
    """

    def start(place: kept.Place) -> kept.State:
        port = kept.free_port()
        argv = [sys.executable, "-m", module, "-H", "127.0.0.1", "-p", str(port)]
        keeper = place.run(argv, _environ(place) | dict(env or {}))
        place.until(lambda: answers(f"http://127.0.0.1:{port}/moto-api/"), keeper, START_SECONDS)
        return {"port": port, "log": str(place.log)}

    with kept.shared(root, name, start) as state:
        yield Emulator(state["port"], state["log"])


def _environ(place: kept.Place) -> dict[str, str]:
    return bare_environ(os.environ) | {"TMPDIR": str(place.folder)}
