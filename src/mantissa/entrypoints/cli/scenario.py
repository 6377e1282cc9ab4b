"""Write the demo's CloudTrail files: a day and a half of a small company with an intrusion in it.

The same seed, end and number of events give the same bytes, so the demo, its tests and its docs
tell one story. Files lie under the keys that CloudTrail uses in its bucket.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson

from mantissa.entrypoints.cli.scenario_attack import LENGTH, Act, intrusion, timed
from mantissa.entrypoints.cli.scenario_noise import Timed, ordinary_day
from mantissa.entrypoints.cli.scenario_record import ACCOUNT, Json, Mint, record
from mantissa.errors import ConfigError

_SPAN = timedelta(hours=36)
_AFTER_ATTACK = timedelta(minutes=95)
_SLOT = timedelta(minutes=30)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_FEWEST = 200


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the intrusion as it is told.

    Args:
        name: key of the step in `Scenario.attack_event_ids`.
        time: when its first call was made, UTC.
        event_names: its calls in order, each name once.
    """

    name: str
    time: datetime
    title: str
    event_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What was written.

    Args:
        files: paths of the written files, sorted.
        events: number of records in them, the intrusion's included.
        attack_event_ids: CloudTrail `eventID`s of each step, in order.
    """

    files: tuple[Path, ...]
    events: int
    attack_event_ids: Mapping[str, tuple[str, ...]]
    account: str
    story: tuple[Step, ...]


def write_scenario(target: Path, *, seed: int = 7, end: datetime, events: int = 20_000) -> Scenario:
    """Write the scenario's files under target.

    Args:
        end: aware time just after the last record; 36 hours before it the first one is made.
        events: number of records in all, at least 200.

    Raises:
        ConfigError: `end` has no time zone or `events` is too small to hold the story.
    """
    end = _checked(end, events)
    mint = Mint(seed)
    start = end - _AFTER_ATTACK - LENGTH
    acts = intrusion(mint, start)
    attack = {act.name: _perform(mint, act, start) for act in acts}
    noise = events - sum(map(len, attack.values()))
    timeline = [*ordinary_day(mint, end - _SPAN, end, noise)]
    timeline.extend(happening for step in attack.values() for happening in step)
    files = _write(target, mint, timeline, end)
    return Scenario(
        files=files,
        events=len(timeline),
        attack_event_ids={name: _event_ids(step) for name, step in attack.items()},
        account=ACCOUNT,
        story=tuple(_told(act, attack[act.name]) for act in acts),
    )


def _checked(end: datetime, events: int) -> datetime:
    if end.tzinfo is None:
        raise ConfigError("the scenario's end has no time zone", fix="give an aware time in UTC")
    if events < _FEWEST:
        raise ConfigError(
            f"{events} events cannot hold the scenario", fix=f"ask for {_FEWEST} or more"
        )
    return end.astimezone(UTC).replace(microsecond=0)


def _perform(mint: Mint, act: Act, start: datetime) -> list[Timed]:
    return [(when, record(mint, when, who, what)) for when, who, what in timed(act, start)]


def _event_ids(step: Iterable[Timed]) -> tuple[str, ...]:
    return tuple(str(body["eventID"]) for _, body in step)


def _told(act: Act, step: list[Timed]) -> Step:
    names = dict.fromkeys(str(body["eventName"]) for _, body in step)
    return Step(act.name, step[0][0], act.title, tuple(names))


def _write(target: Path, mint: Mint, timeline: list[Timed], end: datetime) -> tuple[Path, ...]:
    """Write one file per region and half hour, as a quiet account gets them."""
    parcels: dict[tuple[datetime, str], list[Json]] = defaultdict(list)
    for when, body in sorted(timeline, key=lambda happening: happening[0]):
        parcels[min(_delivered(when), end), body["awsRegion"]].append(body)
    return tuple(
        sorted(
            _write_file(target / _key(mint, delivered, region), records)
            for (delivered, region), records in sorted(parcels.items(), key=lambda p: p[0])
        )
    )


def _delivered(when: datetime) -> datetime:
    """Return the end of the half hour in which a record is collected."""
    into = timedelta(minutes=when.minute % 30, seconds=when.second)
    return when - into + _SLOT


def _key(mint: Mint, delivered: datetime, region: str) -> str:
    """Return the key of a file (AWS CloudTrail user guide, "CloudTrail log file name format")."""
    unique = "".join(mint.chance.choices(_LETTERS, k=16))
    name = f"{ACCOUNT}_CloudTrail_{region}_{delivered:%Y%m%dT%H%MZ}_{unique}.json.gz"
    return f"AWSLogs/{ACCOUNT}/CloudTrail/{region}/{delivered:%Y/%m/%d}/{name}"


def _write_file(path: Path, records: list[Json]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(orjson.dumps({"Records": records}), compresslevel=6, mtime=0))
    return path
