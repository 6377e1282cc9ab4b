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


@contextmanager
def running(
    root: Path, name: str = "ministack", env: Mapping[str, str] | None = None
) -> Iterator[Emulator]:
    """Yield the ministack called `name` under `root`; `env` also reaches its local Lambdas."""

    def start(place: kept.Place) -> kept.State:
        port = kept.free_port()
        keeper = place.run(
            [sys.executable, "-m", "ministack"], _environ(place, port) | dict(env or {})
        )
        place.until(
            lambda: answers(f"http://127.0.0.1:{port}/_ministack/ready"), keeper, START_SECONDS
        )
        return {"port": port, "log": str(place.log)}

    with kept.shared(root, name, start) as state:
        yield Emulator(state["port"], state["log"])


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
