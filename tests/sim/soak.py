"""Live through fresh seeds for some minutes (`make soak MINUTES=30`).

Prints a line for each seed that fails, with what is wrong; ends with 1 if there was one.
"""

from __future__ import annotations

import secrets
import sys
import time
from itertools import count

from sim.stores import quick
from sim.world import CASES, live, replay_line


def soak(minutes: float) -> int:
    """Return how many of the worlds failed."""
    end, start, failed, lived = time.monotonic() + 60 * minutes, secrets.randbits(40), 0, 0
    print(f"seeds from {start} for {minutes:g} minutes")
    with quick():
        for seed in count(start):
            if time.monotonic() > end:
                break
            lived += 1
            world, problems = live(seed, list(CASES)[seed % len(CASES)])
            if problems:
                failed += 1
                print(replay_line(world), *problems, sep="\n    ", flush=True)
    print(f"{lived:,} worlds, {failed} of them failed")
    return failed


if __name__ == "__main__":
    sys.exit(1 if soak(float(sys.argv[1])) else 0)
