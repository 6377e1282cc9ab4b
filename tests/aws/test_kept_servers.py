"""Servers that tests share: one for all who ask, gone when nobody is left, however they went."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from support import kept
from support.kept import NotStarted, Place, State
from support.ministack import answers
from support.requirements import ROOT

SECONDS = 20.0


def serve(place: Place) -> State:
    """Start Python's own web server; what tells two of them apart is their folder."""
    port = kept.free_port()
    argv = [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"]
    keeper = place.run(argv, os.environ)
    place.until(lambda: answers(f"http://127.0.0.1:{port}/"), keeper, SECONDS)
    return {"port": port, "folder": place.folder.name}


def ends(port: int) -> bool:
    end = time.monotonic() + SECONDS
    while kept.listens(port) and time.monotonic() < end:
        time.sleep(0.05)
    return not kept.listens(port)


def test_all_who_ask_share_one_and_the_last_one_ends_it(tmp_path: Path) -> None:
    with kept.shared(tmp_path, "web", serve) as first:
        with kept.shared(tmp_path, "web", serve) as second:
            assert second == first
        assert urllib.request.urlopen(f"http://127.0.0.1:{first['port']}/").status == 200
    assert not kept.listens(first["port"])
    with kept.shared(tmp_path, "web", serve) as third:
        assert third["folder"] != first["folder"]
    assert not kept.listens(third["port"])


def test_many_at_once_start_one(tmp_path: Path) -> None:
    seen: list[int] = []
    all_in = threading.Barrier(4)

    def ask() -> None:
        with kept.shared(tmp_path, "web", serve) as state:
            seen.append(state["port"])
            all_in.wait(SECONDS)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4 and len(set(seen)) == 1
    assert ends(seen[0])


def holder(root: Path) -> tuple[subprocess.Popen[str], int]:
    """Run a process that takes the server and then hangs; returns it and the server's port."""
    program = (
        "import signal, sys, time; from pathlib import Path; from support import kept\n"
        # A shell starts what runs in the background with this signal ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "import importlib.util as u\n"
        f"spec = u.spec_from_file_location('asked', {__file__!r})\n"
        "asked = u.module_from_spec(spec); spec.loader.exec_module(asked)\n"
        f"with kept.shared(Path({str(root)!r}), 'web', asked.serve) as state:\n"
        "    print(state['port'], flush=True)\n"
        "    time.sleep(600)\n"
    )
    paths = os.pathsep.join(str(ROOT / folder) for folder in ("tests", "tools"))
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, int(process.stdout.readline())


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_session_that_dies_leaves_no_server(tmp_path: Path, sign: signal.Signals) -> None:
    process, port = holder(tmp_path)
    with process:
        assert kept.listens(port)
        process.send_signal(sign)
        try:
            process.wait(SECONDS)
        finally:
            process.kill()
    assert process.returncode in (-sign, 1), "it ended by the signal, or by KeyboardInterrupt"
    assert ends(port)


def test_who_is_left_keeps_the_server_of_one_who_died(tmp_path: Path) -> None:
    process, port = holder(tmp_path)
    with process, kept.shared(tmp_path, "web", serve) as state:
        assert state["port"] == port
        process.kill()
        process.wait()
        # Longer than the keeper waits between two looks.
        time.sleep(5 * kept.POLL)
        assert urllib.request.urlopen(f"http://127.0.0.1:{port}/").status == 200
    assert ends(port)


def test_a_server_that_died_is_started_again_for_the_next(tmp_path: Path) -> None:
    process, port = holder(tmp_path)
    with process:
        process.kill()
    assert ends(port)
    with kept.shared(tmp_path, "web", serve) as state:
        assert kept.listens(state["port"])


def test_what_a_server_started_ends_with_it(tmp_path: Path) -> None:
    port = kept.free_port()
    child = f"[sys.executable, '-m', 'http.server', '{port}', '--bind', '127.0.0.1']"
    program = f"import signal, subprocess, sys; subprocess.Popen({child}); signal.pause()"

    def with_child(place: Place) -> State:
        keeper = place.run([sys.executable, "-c", program], os.environ)
        place.until(lambda: kept.listens(port), keeper, SECONDS)
        return {"port": port}

    with kept.shared(tmp_path, "parent", with_child):
        assert kept.listens(port)
    assert ends(port)


def test_a_server_that_does_not_come_up_says_why(tmp_path: Path) -> None:
    def broken(place: Place) -> State:
        argv = [sys.executable, "-c", "import sys; sys.exit('no such luck')"]
        place.until(lambda: False, place.run(argv, os.environ), SECONDS)
        return {"port": 1}

    with (
        pytest.raises(NotStarted, match=r"(?s)ended with 1.*no such luck"),
        kept.shared(tmp_path, "web", broken),
    ):
        pass


def test_a_server_that_is_too_slow_is_ended(tmp_path: Path) -> None:
    begun: list[int] = []

    def slow(place: Place) -> State:
        keeper = place.run([sys.executable, "-c", "import time; time.sleep(600)"], os.environ)
        begun.append(keeper.pid)
        place.until(lambda: False, keeper, 0.3)
        return {"port": 1}

    with pytest.raises(NotStarted, match="too slow"), kept.shared(tmp_path, "web", slow):
        pass
    with pytest.raises(ProcessLookupError):
        os.killpg(begun[0], 0)
