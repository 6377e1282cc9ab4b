"""Files, folders, globs and archive members as objects, whatever they are called."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from mantissa.adapters.local.files import FileObjects
from mantissa.adapters.local.inputs import FileInputs, expand
from mantissa.adapters.memory import ManualClock, MemoryState
from mantissa.errors import ConfigError, Conflict, ObjectNotFound, StoreTransient
from mantissa.lake.ingest import Ingest, IngestSettings, LakePorts
from mantissa.lake.ledger import SUPERSEDED, Ledger
from mantissa.sources.record import Limits
from support.lakes import NOW, SOURCES, assert_reconciled, cloudtrail, records, rows_of

LIMITS = Limits()
needs_permissions = pytest.mark.skipif(os.geteuid() == 0, reason="the owner of all files reads all")


def keys(*patterns: Path | str) -> list[str]:
    return list(expand([str(p) for p in patterns], LIMITS))


def names(root: Path, *patterns: Path | str) -> list[str]:
    return [k.removeprefix(f"{root.resolve().as_posix()}/") for k in keys(*patterns)]


def fill(root: Path, *files: str) -> None:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def zip_of(path: Path, members: dict[str, bytes]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)


def tar_of(path: Path, members: dict[str, bytes], mode: str = "w:gz") -> None:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))


def test_a_folder_is_its_files_in_order_without_hidden_ones(tmp_path: Path) -> None:
    fill(tmp_path, "b/2", "b/1", "a", ".hidden", ".git/x", "b/.x", "c/d/e")
    assert names(tmp_path, tmp_path) == ["a", "b/1", "b/2", "c/d/e"]


def test_a_glob_is_what_it_matches_in_order(tmp_path: Path) -> None:
    fill(tmp_path, "b/2.log", "b/1.log", "a.log", "a.txt", "c/d/e.log")
    assert names(tmp_path, f"{tmp_path}/**/*.log") == ["a.log", "b/1.log", "b/2.log", "c/d/e.log"]
    assert names(tmp_path, f"{tmp_path}/[bc]*") == ["b/1.log", "b/2.log", "c/d/e.log"]


def test_each_file_comes_once_however_often_it_is_named(tmp_path: Path) -> None:
    fill(tmp_path, "b/1", "a")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    found = names(tmp_path, tmp_path, f"{tmp_path}/*", tmp_path / "b", tmp_path / "b/../a")
    assert found == ["a", "b/1"]


def test_links_to_folders_are_not_followed_round_and_round(tmp_path: Path) -> None:
    fill(tmp_path, "in/a")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in", target_is_directory=True)
    assert names(tmp_path, tmp_path / "in") == ["in/a"]
    assert names(tmp_path, tmp_path / "in/loop", tmp_path / "in") == ["in/a"]


@pytest.mark.parametrize("pattern", ["nothing", "none*.log", "x" * 5000, "a\0b"])
def test_what_is_not_there_is_an_error_that_names_it(tmp_path: Path, pattern: str) -> None:
    with pytest.raises(ConfigError) as caught:
        keys(f"{tmp_path}/{pattern}")
    assert pattern in str(caught.value.where)


ODD_NAMES = [
    "a!b.log",
    "a!b/c!d.log",
    "per%20cent.log",
    "per%FF.log",
    "new\nline.log",
    "[1].log",
    "é ü",
]


@pytest.mark.parametrize("name", ODD_NAMES)
def test_any_name_can_be_read_back(tmp_path: Path, name: str) -> None:
    fill(tmp_path, name)
    (key,) = keys(tmp_path)
    inputs = FileInputs(LIMITS)
    assert inputs.head(key).identity == hashlib.sha256(name.encode()).hexdigest()
    with inputs.open(key) as stream:
        assert stream.read() == name.encode()


def test_a_name_that_is_not_utf_8_has_a_key_that_is(tmp_path: Path) -> None:
    place = os.fsencode(tmp_path) + b"/odd-\xff\xfe.log"
    with open(place, "wb") as stream:
        stream.write(b"content")
    (key,) = keys(tmp_path)
    assert key.encode().endswith(b"/odd-%FF%FE.log")
    with FileInputs(LIMITS).open(key) as stream:
        assert stream.read() == b"content"


@pytest.mark.parametrize("make", [zip_of, tar_of])
@pytest.mark.parametrize("folder", ["in", "a!b"])
def test_members_are_objects_named_by_their_content(tmp_path: Path, make, folder: str) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / folder).mkdir()
    members = {"x/1.log": b"one", "x/2!3.log": b"two", "é/" + "n" * 400: b"three"}
    make(tmp_path / folder / "all.bin", members)
    found = keys(tmp_path)
    assert [k.split("all.bin!")[1] for k in found] == list(members)
    inputs = FileInputs(LIMITS)
    for key, data in zip(found, members.values(), strict=True):
        info = inputs.head(key)
        assert (info.identity, info.size) == (hashlib.sha256(data).hexdigest(), len(data))
        for _ in range(2):
            with inputs.open(key) as stream:
                assert stream.read() == data


def test_members_can_be_asked_for_in_any_order(tmp_path: Path) -> None:
    members = {f"{n}.log": f"content {n}".encode() for n in range(6)}
    tar_of(tmp_path / "a.tgz", members)
    inputs = FileInputs(LIMITS)
    for key in [*reversed(keys(tmp_path)), *keys(tmp_path)]:
        with inputs.open(key) as stream:
            assert stream.read() == members[key.split("!")[1]]
    with pytest.raises(ObjectNotFound, match=r"no member 9\.log"):
        inputs.head(f"{tmp_path}/a.tgz!9.log")


def test_an_archive_is_read_once_when_its_members_are_asked_for_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mantissa.adapters.local import members as module

    tar_of(tmp_path / "a.tgz", {f"{n}.log": b"x" * n for n in range(20)})
    walks = []
    real = module.members
    monkeypatch.setattr(module, "members", lambda *a: walks.append(a) or real(*a))
    inputs = FileInputs(LIMITS)
    for key in keys(tmp_path):
        inputs.head(key)
        inputs.open(key).close()
        inputs.open(key).close()
    assert len(walks) == 1


def test_an_archive_that_changes_between_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    zip_of(path, {"1": b"old", "2": b"old"})
    inputs = FileInputs(LIMITS)
    inputs.head(f"{path}!1")
    zip_of(path, {"1": b"new content", "2": b"old"})
    with pytest.raises(Conflict, match="changed"):
        inputs.open(f"{path}!1")
    assert inputs.head(f"{path}!1").size == 11
    with inputs.open(f"{path}!1") as stream:
        assert stream.read() == b"new content"


def test_what_is_gone_is_told_by_name(tmp_path: Path) -> None:
    inputs = FileInputs(LIMITS)
    for key in (f"{tmp_path}/gone.log", f"{tmp_path}/gone.zip!a"):
        with pytest.raises(ObjectNotFound):
            inputs.head(key)
        with pytest.raises(ObjectNotFound):
            inputs.open(key)


def test_a_folder_that_cannot_be_listed_is_no_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(tmp_path, "a", "b/1")
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("/b"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(ConfigError, match="permission denied") as caught:
        keys(tmp_path)
    assert str(caught.value.where).endswith("/b")


@needs_permissions
def test_an_unreadable_file_is_an_error_of_its_own(tmp_path: Path) -> None:
    fill(tmp_path, "a", "b")
    (tmp_path / "a").chmod(0)
    first, second = keys(tmp_path)
    with pytest.raises(ConfigError, match="permission denied"):
        FileInputs(LIMITS).head(first)
    assert FileInputs(LIMITS).head(second).size == 1


# A file that changes while it is read (F-04)

TRAIL = "111122223333_CloudTrail_eu-west-1_x.json.gz"


def lake_at(home: Path, inputs: FileInputs) -> tuple[Ingest, FileObjects, MemoryState]:
    objects, state = FileObjects(home), MemoryState()
    ports = LakePorts(objects, state, ManualClock(NOW))
    return Ingest(inputs, ports, SOURCES, IngestSettings(split_rows=1)), objects, state


class Changing(FileInputs):
    """Changes a file after it was described, as often as it is told to."""

    def __init__(self, path: Path, contents: list[bytes]) -> None:
        super().__init__(LIMITS)
        self._path, self._contents, self._opened = path, contents, 0

    def open(self, key: str):  # type: ignore[no-untyped-def]
        self._opened += 1
        stream = super().open(key)
        if self._opened % 2 == 0 and self._contents:
            # In place, while it is open for parsing: what was buffered is of both versions.
            with self._path.open("r+b") as file:
                file.write(self._contents.pop())
                file.truncate()
        return stream


def test_a_file_that_changed_is_taken_back_and_ingested_as_it_is_now(tmp_path: Path) -> None:
    path = tmp_path / TRAIL
    path.write_bytes(records(cloudtrail(n) for n in range(4)))
    new = records(cloudtrail(n) for n in range(30, 36))
    ingest, objects, state = lake_at(tmp_path / "home", Changing(path, [new]))
    (tmp_path / "home").mkdir()
    done = ingest.one(str(path))
    assert done.counts.rows == 6
    assert [r["eventid"] for r in rows_of(objects)] == [
        cloudtrail(n)["eventID"] for n in range(30, 36)
    ]
    states = [e.state for e in Ledger(state).entries()]
    assert sorted(states) == ["DONE", SUPERSEDED]
    assert_reconciled(objects, state)
    path.write_bytes(records(cloudtrail(n) for n in range(4)))
    assert ingest.one(str(path)).counts.rows == 4
    assert_reconciled(objects, state)


def test_a_file_that_never_rests_is_left_for_later(tmp_path: Path) -> None:
    path = tmp_path / TRAIL
    path.write_bytes(records([cloudtrail(0)]))
    contents = [records([cloudtrail(n)]) for n in range(1, 9)]
    (tmp_path / "home").mkdir()
    ingest, objects, state = lake_at(tmp_path / "home", Changing(path, contents))
    with pytest.raises(StoreTransient, match="keeps changing"):
        ingest.one(str(path))
    assert rows_of(objects) == []
    assert_reconciled(objects, state)


def test_a_file_moved_after_a_crash_is_finished_where_it_is_now(tmp_path: Path) -> None:
    from support.faults import Faults, Faulty, Killed

    path = tmp_path / TRAIL
    path.write_bytes(records(cloudtrail(n) for n in range(4)))
    (tmp_path / "home").mkdir()
    objects, state = FileObjects(tmp_path / "home"), MemoryState()
    faulty = Faulty(objects, Faults(at=2, kind="kill_after"), "objects")
    clock = ManualClock(NOW)
    with pytest.raises(Killed):
        Ingest(FileInputs(LIMITS), LakePorts(faulty, state, clock), SOURCES, IngestSettings()).one(
            str(path)
        )
    moved = path.rename(tmp_path / "moved.json.gz")
    ports = LakePorts(objects, state, clock)
    done = Ingest(FileInputs(LIMITS), ports, SOURCES, IngestSettings()).one(str(moved))
    assert done.counts.rows == 4
    assert {r["source_object"] for r in rows_of(objects)} == {str(path)}
    assert_reconciled(objects, state)
