"""Servers that outlive no test session: started once, shared by its workers, always stopped.

Each worker of a session holds a shared lock on one lease file. A keeper process runs the server
and waits for the exclusive lock, which the kernel grants when the last worker has ended, however
it ended: there is no count to get wrong, and nothing is left behind by a session that was killed.

    with kept.shared(folder, "emulator", start) as state: ...
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

POLL = 0.1
PATIENCE = 20.0
"""Seconds that a server has between being asked to stop and being killed."""

State = dict[str, Any]

_KEEPERS: dict[str, subprocess.Popen[bytes]] = {}
# The keepers that this process started, by their servers' folders. One whose server others still
# need is not this process's to wait for, so it stays here.


class NotStarted(RuntimeError):
    """A server did not come up; the message ends with the last lines of its log."""


@dataclass(frozen=True)
class Place:
    """What a starting server is given: a folder of its own, and whose life bounds its own."""

    folder: Path
    lease: Path

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def run(self, argv: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Run a program under a keeper; what ends with it is the keeper."""
        with self.log.open("ab") as log:
            keeper = subprocess.Popen(
                [sys.executable, str(Path(__file__)), str(self.lease), "--", *argv],
                cwd=self.folder,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _KEEPERS[str(self.folder)] = keeper
        return keeper

    def until(
        self, ready: Callable[[], bool], keeper: subprocess.Popen[bytes], seconds: float
    ) -> None:
        """Wait until the server is ready; raises `NotStarted` when it ends or takes too long."""
        end = time.monotonic() + seconds
        while not ready():
            ended = keeper.poll()
            if ended is not None or time.monotonic() > end:
                _end_group(keeper)
                del _KEEPERS[str(self.folder)]
                how = "was too slow" if ended is None else f"ended with {ended}"
                raise NotStarted(f"{keeper.args} {how}\n{self.tail()}")
            time.sleep(POLL)

    def tail(self, size: int = 4000) -> str:
        return self.log.read_bytes()[-size:].decode("utf-8", "replace") if self.log.exists() else ""


def free_port() -> int:
    """Return a loopback port that nothing listens on now.

    It is below those that systems give to outgoing connections: a server takes seconds to come
    up, and some client would have the port by then.
    """
    for port in random.sample(range(20_000, 32_768), 100):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise NotStarted("no port between 20000 and 32767 is free on 127.0.0.1")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def shared(root: Path, name: str, start: Callable[[Place], State]) -> Iterator[State]:
    """Yield the state of the one server `name` under `root`, started by whoever comes first.

    `start` returns a JSON object with `port`. When no caller is left the server ends, and the
    last one waits for that.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / f"{name}.lease").open("a") as lease:
        fcntl.flock(lease, fcntl.LOCK_SH)
        with (root / f"{name}.start").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            state = _running(root / f"{name}.json") or _started(root, name, start)
        try:
            yield state
        finally:
            if _is_last(lease):
                _await_end(state)


def _is_last(lease: TextIO) -> bool:
    """Give the lease back, and say whether nobody else holds it."""
    try:
        fcntl.flock(lease, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False
    finally:
        fcntl.flock(lease, fcntl.LOCK_UN)


def _await_end(state: State) -> None:
    end = time.monotonic() + 2 * PATIENCE
    while listens(state["port"]) and time.monotonic() < end:
        time.sleep(POLL)
    keeper = _KEEPERS.get(state["home"])
    if keeper is not None:
        with suppress(subprocess.TimeoutExpired):
            keeper.wait(PATIENCE)
            del _KEEPERS[state["home"]]


def _started(root: Path, name: str, start: Callable[[Place], State]) -> State:
    number = len(list(root.glob(f"{name}-*")))
    folder = root / f"{name}-{number}"
    folder.mkdir()
    state = start(Place(folder, root / f"{name}.lease"))
    state["home"] = str(folder)
    written = folder / "state.json"
    written.write_text(json.dumps(state), encoding="utf-8")
    written.replace(root / f"{name}.json")
    return state


def _running(path: Path) -> State | None:
    with suppress(FileNotFoundError):
        state: State = json.loads(path.read_text(encoding="utf-8"))
        if listens(state["port"]):
            return state
    return None


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a keeper and the server with it: they are a process group of their own."""
    for sign, patience in ((signal.SIGTERM, PATIENCE), (signal.SIGKILL, None)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        with suppress(subprocess.TimeoutExpired):
            process.wait(patience)
            return


def _keep(lease: Path, argv: Sequence[str]) -> int:
    """Run `argv` until it ends or nobody holds the lease; returns its exit code."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # A burst of clients is no error.
    server = subprocess.Popen(argv)
    signal.signal(signal.SIGTERM, lambda *_: server.terminate())
    with lease.open("a") as file:
        while server.poll() is None:
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _stop(server)
            time.sleep(POLL)
    # What the server left behind is in this group, too, which the keeper leads.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(os.getpgrp(), signal.SIGTERM)
    return server.returncode


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


if __name__ == "__main__":
    raise SystemExit(_keep(Path(sys.argv[1]), sys.argv[sys.argv.index("--") + 1 :]))
