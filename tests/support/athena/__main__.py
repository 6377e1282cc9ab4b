"""Run the endpoint as a process.

    PYTHONPATH=tests:tools python -m support.athena TRINO_URL EMULATOR_PORT [PORT]

It prints its URL, and takes orders for trouble as JSON by POST to /_troubles.
"""

from __future__ import annotations

import signal
import sys
import threading

from support.athena.server import Endpoint
from support.emulators import Emulator


def main(trino_url: str, emulator_port: str, port: str = "0") -> None:
    """Serve until asked to end."""
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    with Endpoint(trino_url, Emulator(int(emulator_port), ""), port=int(port)) as endpoint:
        print(endpoint.url, flush=True)
        ended.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
