"""Many processes in one: a seeded scheduler decides who goes on, and what goes wrong, at each port call.

Each simulated process runs on a thread of its own, but only the one that holds the baton moves, so a
seed fixes everything that happens. A process that is killed is abandoned: it never gets the baton
again while anybody looks, so no `finally` of it does anything. When the world is over its thread is
unwound with ports that do nothing, to be used again.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mantissa.adapters.memory import ManualClock
from mantissa.errors import Conflict, MantissaError

KINDS = ("kill_before", "kill_after", "refuse", "ambiguous", "twice", "freeze", "clock", "late")
JUMPS = (0.5, 20, 301, 4_000, 100_000, 432_000)
"""Seconds that the clock moves at once: within a lease, past it, past a wait, past five days."""
MOST_STEPS = 6_000


class Gone(BaseException):
    """The process is no more; no handler of the product sees it before the world is over."""


class Stuck(AssertionError):
    """A schedule did not come to its end."""


class Thread:
    """A thread that runs one job after the other, and only while it has the baton."""

    _idle: ClassVar[list[Thread]] = []

    def __init__(self) -> None:
        self._go, self._back = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._back.acquire()
        self._job: Callable[[], None] = lambda: None
        threading.Thread(target=self._serve, daemon=True).start()

    @classmethod
    def take(cls, job: Callable[[], None]) -> Thread:
        """Return a thread that will do the job when it gets the baton."""
        thread = cls._idle.pop() if cls._idle else cls()
        thread._job = job
        return thread

    def give_back(self) -> None:
        """Let others use the thread; its job has ended."""
        self._idle.append(self)

    def go(self) -> None:
        """Hand over the baton until the thread parks or its job ends."""
        self._go.release()
        self._back.acquire()

    def park(self) -> None:
        """Hand the baton back until it is this thread's turn again; called by the thread itself."""
        self._back.release()
        self._go.acquire()

    def _serve(self) -> None:
        while True:
            self._go.acquire()
            self._job()
            self._back.release()


@dataclass(eq=False)
class Process:
    """One simulated process.

    Args:
        ended: it came to its end by itself; `error` says how.
        dead: it was killed.
        frozen: it does not get the baton until it is thawed, however long that takes.
    """

    name: str
    thread: Thread
    ended: bool = False
    dead: bool = False
    frozen: bool = False
    error: BaseException | None = None
    result: Any = None

    @property
    def alive(self) -> bool:
        """Whether an operating system would still list it."""
        return not self.ended and not self.dead

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        """Keep whatever ended the process, unless nobody is there any more."""
        if not isinstance(error, Gone):
            self.ended, self.error = True, error
        return True


class Scheduler:
    """Who goes on and what goes wrong.

    Args:
        seed: decides everything.
        weather: kind of fault → how probable it is at each port call.
        pace: how probable it is that another process goes on at a port call.
    """

    def __init__(
        self, seed: int | str, clock: ManualClock, weather: Mapping[str, float], pace: float
    ) -> None:
        self.random = random.Random(seed)
        self.clock, self.pace = clock, pace
        self.fate: Mapping[int, str] = {}  # number of the port call → what goes wrong there
        self.processes: list[Process] = []
        self.trace: list[str] = []
        self.steps = 0
        self.closing = False
        self._late: list[tuple[str, Callable[[], Any]]] = []
        self.set_weather(weather)

    def set_weather(self, weather: Mapping[str, float]) -> None:
        """Say what goes wrong from now on, and how often."""
        self._weather = [(kind, weather[kind]) for kind in KINDS if weather.get(kind)]
        self._storm = sum(weather.values())

    def start(self, name: str, job: Callable[[Process], Any]) -> Process:
        """Begin a process; it moves when the scheduler lets it."""
        process = Process(
            f"{name}#{len(self.processes)}", Thread.take(lambda: self._run(process, job))
        )
        self.processes.append(process)
        return process

    def _run(self, process: Process, job: Callable[[Process], Any]) -> None:
        with process:
            if not self.closing:
                process.result = job(process)

    def runnable(self) -> list[Process]:
        """Return who may go on."""
        return [p for p in self.processes if p.alive and not p.frozen]

    def turn(self) -> bool:
        """Let one process go on until it parks; False when none may."""
        ready = self.runnable()
        if not ready:
            return False
        if self._late and self.random.random() < 0.05:
            self.arrive()
        self.random.choice(ready).thread.go()
        if self.steps > MOST_STEPS:
            raise Stuck(f"more than {MOST_STEPS} port calls")
        return True

    def settle(self) -> None:
        """Let everybody go on who can, until all have ended, died or frozen."""
        while self.turn():
            pass

    def thaw(self) -> None:
        """Wake what was frozen."""
        for process in self.processes:
            process.frozen = False

    def arrive(self) -> None:
        """Carry out the oldest request that was given up while it was under way."""
        name, effect = self._late.pop(0)
        self.trace.append(f"late {name}")
        try:
            effect()
        except MantissaError as error:
            self.trace.append(f"  in vain: {error}")

    def all_arrive(self) -> None:
        """Let no request be under way any longer."""
        while self._late:
            self.arrive()

    def close(self) -> None:
        """End every thread that still waits; nothing it does has an effect any more."""
        self.closing = True
        for process in self.processes:
            if not process.ended:
                process.dead = True
                process.thread.go()
            process.thread.give_back()

    def call(
        self, process: Process, name: str, effect: Callable[[], Any], error: type[MantissaError]
    ) -> Any:
        """Carry out one port call of a process, or what fate makes of it.

        Args:
            error: what the port raises when it is worth trying again.
        """
        if process.dead:
            raise Gone
        if self.random.random() < self.pace:
            self._park(process)
        self.steps += 1
        kind = self.fate.get(self.steps) or self._draw()
        self.trace.append(f"{process.name} {name}{f' !{kind}' if kind else ''}")
        try:
            return effect() if kind is None else self._befall(process, kind, name, effect, error)
        except Conflict:
            self.trace.append(f"{process.name} fenced at {name}")
            raise

    def _draw(self) -> str | None:
        if not self._storm or (luck := self.random.random()) >= self._storm:
            return None
        for kind, rate in self._weather:
            if luck < rate:
                return kind
            luck -= rate
        return None

    def _befall(
        self, process: Process, kind: str, name: str, effect: Callable[[], Any], error: type[Any]
    ) -> Any:
        reads = name.rpartition(".")[2] in ("get", "list", "query", "run")
        if kind == "refuse" or (reads and kind in ("ambiguous", "late")):
            raise error("injected", where=name)
        if kind == "late":
            self._late.append((name, effect))
            raise error("given up while it is under way", where=name)
        if kind == "clock":
            self.clock.advance(self.random.choice(JUMPS))
        if kind == "freeze":
            process.frozen = True
            if self.random.random() < 0.7:
                self.clock.advance(self.random.choice(JUMPS[2:]))
            self._park(process)
        if kind == "kill_before":
            self._abandon(process)
        result = effect()
        if kind == "kill_after":
            self._abandon(process)
        if kind == "ambiguous":
            raise error("injected after the effect", where=name)
        return effect() if kind == "twice" and not reads else result

    def _park(self, process: Process) -> None:
        process.thread.park()
        if process.dead:
            raise Gone

    def _abandon(self, process: Process) -> None:
        process.dead = True
        self._park(process)
