"""Names this process, and says whether a process so named is still at work on this machine."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def this_process() -> str:
    """Return `host:pid:start`; the start keeps a reused pid from passing for the old process."""
    pid = os.getpid()
    return f"{socket.gethostname()}:{pid}:{_start(pid)}"


def is_alive(name: str) -> bool:
    """Say whether the named process may still be at work; one of another host always may."""
    host, _, rest = name.partition(":")
    pid, _, start = rest.partition(":")
    if host != socket.gethostname() or not pid.isdigit():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _start(int(pid)) == start


def _start(pid: int) -> str:
    """Return when a process started, in the kernel's ticks; empty where /proc does not exist."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return fields[19]
