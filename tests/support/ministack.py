"""ministack on a free loopback port: the AWS that tests deploy to, with Lambdas that run."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from support import kept
from support.emulators import Emulator, bare_environ

START_SECONDS = 60.0
KEEP_ALIVE_SECONDS = 3600
"""For how long an idle connection stays open.

ministack's own start closes it after 75 seconds, while Terraform's connections stay in their pool
for 90: a request that meets the closing loses its answer, is sent again, and what it had made is
then "already there".
"""


@contextmanager
def running(
    root: Path, name: str = "ministack", env: Mapping[str, str] | None = None
) -> Iterator[Emulator]:
    """Yield the ministack called `name` under `root`; `env` also reaches its local Lambdas."""

    def start(place: kept.Place) -> kept.State:
        port = kept.free_port()
        keeper = place.run(_program(port), _environ(place, port) | dict(env or {}))
        place.until(
            lambda: answers(f"http://127.0.0.1:{port}/_ministack/ready"), keeper, START_SECONDS
        )
        return {"port": port, "log": str(place.log)}

    with kept.shared(root, name, start) as state:
        yield Emulator(state["port"], state["log"])


def _program(port: int) -> list[str]:
    """Return the server that `ministack` starts in the background, with more patience."""
    served = [sys.executable, "-m", "hypercorn", "ministack.app:app", "--workers", "0"]
    return [*served, "--bind", f"127.0.0.1:{port}", "--keep-alive", str(KEEP_ALIVE_SECONDS)]


def _environ(place: kept.Place, port: int) -> dict[str, str]:
    return bare_environ(os.environ) | {
        # Its default binds every interface, and opens one more port for IoT on all of them.
        "BIND_HOST": "127.0.0.1",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "GATEWAY_PORT": str(port),
        "LAMBDA_EXECUTOR": "local",
        "LOG_LEVEL": "WARNING",
        # Its process file, unpacked functions and saved state stay in the test's folder.
        "TMPDIR": str(place.folder),
        "STATE_DIR": str(place.folder / "state"),
        "S3_DATA_DIR": str(place.folder / "s3"),
    }


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as reply:
            return bool(reply.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False
