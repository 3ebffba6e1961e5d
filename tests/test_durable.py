"""A file is there whole or not at all, whoever dies or writes at the same moment, and no litter."""

import fcntl
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from engine import durable
from engine.durable import cache_folder, remove_leftovers, temporary_path, write

OLD, NEW = b"old" * 1000, b"new" * 2000


def names(folder):
    return sorted(os.listdir(folder))


def made_older(path, seconds):
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


# --- what is written ----------------------------------------------------------------------------


@pytest.mark.parametrize("sync", [True, False])
@pytest.mark.parametrize("content", [b"", NEW, memoryview(NEW)])
def test_a_file_is_created_and_replaced(tmp_path, content, sync):
    for before in (None, OLD):
        path = tmp_path / f"file {before is None}"
        if before:
            path.write_bytes(before)
        write(path, content, sync=sync)
        assert path.read_bytes() == bytes(content)
    assert len(names(tmp_path)) == 2


def test_the_mode_is_asked_for_and_the_umask_takes_from_it(tmp_path):
    previous = os.umask(0o027)
    try:
        write(tmp_path / "default", NEW)
        write(tmp_path / "private", NEW, mode=0o600)
    finally:
        os.umask(previous)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"default": 0o640, "private": 0o600}


def test_a_link_is_replaced_and_not_followed(tmp_path):
    (tmp_path / "elsewhere").write_bytes(OLD)
    (tmp_path / "file").symlink_to(tmp_path / "elsewhere")
    write(tmp_path / "file", NEW)
    assert (tmp_path / "elsewhere").read_bytes() == OLD
    assert not (tmp_path / "file").is_symlink()


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({}, ["file", "replace", "folder"]),
        ({"replace": False}, ["file", "link", "folder"]),
        ({"sync": False}, ["replace"]),
    ],
)
def test_the_file_is_flushed_before_it_is_named_and_the_folder_after(
    tmp_path, monkeypatch, options, order
):
    happened = []
    fsync, replace, link = os.fsync, os.replace, os.link

    def spied_fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        happened.append("folder" if is_folder else "file")
        if not is_folder:
            assert os.fstat(descriptor).st_size == len(NEW), "flushed before all was written"
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", spied_fsync)

    def told(name, function):
        def call(*arguments, **keywords):
            happened.append(name)
            return function(*arguments, **keywords)

        return call

    monkeypatch.setattr(os, "replace", told("replace", replace))
    monkeypatch.setattr(os, "link", told("link", link))
    write(tmp_path / "file", NEW, **options)
    assert happened == order


# --- an existing name ---------------------------------------------------------------------------


def test_an_existing_name_is_refused_where_it_may_not_be_replaced(tmp_path):
    path = tmp_path / "file"
    write(path, OLD, replace=False)
    with pytest.raises(FileExistsError):
        write(path, NEW, replace=False)
    assert path.read_bytes() == OLD and path.stat().st_nlink == 1
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("exists", [True, False])
def test_a_file_system_without_hard_links_keeps_the_rule(tmp_path, monkeypatch, exists):
    def no_links(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    path = tmp_path / "file"
    if exists:
        path.write_bytes(OLD)
        with pytest.raises(FileExistsError):
            write(path, NEW, replace=False)
    else:
        write(path, NEW, replace=False)
    assert path.read_bytes() == (OLD if exists else NEW)
    assert names(tmp_path) == ["file"]


# --- two writers --------------------------------------------------------------------------------


def _at_once(count, act):
    start = threading.Barrier(count)

    def run(number):
        start.wait()
        act(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_many_that_create_a_name_one_succeeds(tmp_path):
    path, outcomes = tmp_path / "file", []

    def create(number):
        try:
            write(path, bytes([number]) * 10_000, replace=False)
            outcomes.append(number)
        except FileExistsError:
            outcomes.append(None)

    _at_once(8, create)
    (winner,) = (number for number in outcomes if number is not None)
    assert len(outcomes) == 8
    assert path.read_bytes() == bytes([winner]) * 10_000
    assert names(tmp_path) == ["file"]


def test_of_many_that_replace_a_file_a_reader_sees_whole_ones_only(tmp_path):
    path, seen, over = tmp_path / "file", set(), threading.Event()
    write(path, bytes(100_000))

    def act(number):
        if number == 0:
            while not over.is_set():
                seen.add(path.read_bytes())
            return
        for _ in range(20):
            write(path, bytes([number]) * 100_000, sync=False)
        over.set()

    _at_once(4, act)
    assert seen <= {bytes([number]) * 100_000 for number in range(4)}
    assert names(tmp_path) == ["file"]


# --- failures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["fsync", "replace", "link"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failure_leaves_the_former_file_and_nothing_else(tmp_path, monkeypatch, step, error):
    path = tmp_path / "file"
    if step != "link":
        write(path, OLD)
    before = names(tmp_path)

    def fail(*_, **__):
        raise error

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(type(error)):
        write(path, NEW, replace=step != "link")
    monkeypatch.undo()
    assert names(tmp_path) == before
    assert step == "link" or path.read_bytes() == OLD


def test_a_disk_that_is_full_in_the_middle_leaves_the_former_file(tmp_path):
    """The kernel itself refuses to write on: here by a limit of the size of files."""
    path = tmp_path / "file"
    write(path, OLD)
    script = """
import resource, signal, sys
from pathlib import Path
from engine.durable import write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    write(Path(sys.argv[1]), bytes(1_000_000))
except OSError as error:
    print(error.strerror)
"""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    done = _python(script, path)
    assert done.stdout == "File too large\n", done.stderr
    assert path.read_bytes() == OLD
    assert names(tmp_path) == ["file"]


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        write(tmp_path / "no" / "file", NEW)


KILLED = """
import itertools, os, signal, sys
from pathlib import Path
from engine.durable import write

root, replace = Path(sys.argv[1]), sys.argv[2] == "replace"

def arm(fatal, moment):
    calls = 0
    def deadly(function):
        def call(*args, **options):
            nonlocal calls
            calls += 1
            mine = calls == fatal
            if mine and moment == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **options)
            if mine:
                os.kill(os.getpid(), signal.SIGKILL)
            return result
        return call
    for name in ("open", "fsync", "replace", "link", "unlink"):
        setattr(os, name, deadly(getattr(os, name)))

for fatal, moment in itertools.product(range(1, 20), ("before", "after")):
    folder = root / f"{fatal}-{moment}"
    folder.mkdir()
    if replace:
        write(folder / "file", b"old" * 1000)
    child = os.fork()
    if child == 0:
        arm(fatal, moment)
        write(folder / "file", b"new" * 2000, replace=replace)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    print(fatal, moment, status, flush=True)
    if status != -signal.SIGKILL:
        break
"""


@pytest.mark.parametrize(
    ("act", "former", "calls"),
    [
        # open and fsync of the file, replace, open and fsync of the folder
        ("replace", OLD, 5),
        # the same with a link, and the removal of the temporary name
        ("create", None, 6),
    ],
)
def test_a_writer_killed_anywhere_leaves_the_former_file_or_the_new_one(
    tmp_path, act, former, calls
):
    done = _python(KILLED, tmp_path, act)
    *deaths, last = [line.split() for line in done.stdout.splitlines()]
    assert last[1:] == ["before", "0"], "the last process has no call left to die at, and ends well"
    assert len(deaths) == 2 * calls
    for fatal, moment, status in deaths:
        assert int(status) == -signal.SIGKILL
        path = tmp_path / f"{fatal}-{moment}" / "file"
        assert (path.read_bytes() if path.exists() else None) in (former, NEW), (fatal, moment)
        for entry in path.parent.iterdir():
            made_older(entry, durable.STALE_AFTER + 60)
        write(path, b"the next")
        assert path.read_bytes() == b"the next"
        assert names(path.parent) == ["file"], "the next write removes what the killed one left"


def _python(script, *arguments):
    return subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=Path(durable.__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=60,
    )


# --- leftovers ----------------------------------------------------------------------------------


def test_leftovers_are_removed_when_they_are_old_and_nothing_else_is(tmp_path):
    hour = durable.STALE_AFTER
    foreign = {".hidden", "file.tmp", ".file.tmp", ".file.1.00000000.tmp.json", ".lock", "file"}
    for name in foreign:
        (tmp_path / name).write_bytes(b"")
        made_older(tmp_path / name, 2 * hour)
    young = temporary_path(tmp_path / "file")
    young.write_bytes(b"half")
    old = [temporary_path(tmp_path / name) for name in ("file", "another", "a.b c\n")]
    for path in old:
        path.write_bytes(b"half")
        made_older(path, hour + 60)
    folder = temporary_path(tmp_path / "folder")
    (folder / "inside").mkdir(parents=True)
    made_older(folder, hour + 60)
    remove_leftovers(tmp_path)
    assert set(names(tmp_path)) == foreign | {young.name}
    remove_leftovers(tmp_path, older_than=0.0)
    assert set(names(tmp_path)) == foreign
    remove_leftovers(tmp_path / "no such folder")


def test_a_write_removes_old_leftovers_of_its_own_name_only(tmp_path):
    mine, others = temporary_path(tmp_path / "a"), temporary_path(tmp_path / "a.b")
    for path in (mine, others):
        path.write_bytes(b"half")
        made_older(path, durable.STALE_AFTER + 60)
    write(tmp_path / "a", NEW)
    assert names(tmp_path) == sorted(["a", others.name])


def test_a_write_removes_what_is_older_than_a_day_of_any_name(tmp_path):
    others = temporary_path(tmp_path / "b")
    others.write_bytes(b"half")
    made_older(others, durable.DAY + 60)
    write(tmp_path / "a", NEW)
    assert names(tmp_path) == ["a"]


def test_a_folder_for_a_while_goes_and_takes_those_of_the_dead_along(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    dead = tmp_path / "kessai-scratch-query-of-the-dead"
    dead.mkdir()
    (dead / "file").write_bytes(b"half")
    young = tmp_path / "kessai-scratch-query-young"
    young.mkdir()
    foreign = tmp_path / "kessai-tests-of-somebody"
    foreign.mkdir()
    with durable.scratch("export") as mine:
        made_older(mine.parent, durable.DAY)
        made_older(dead, durable.DAY)
        made_older(foreign, durable.DAY)
        assert stat.S_IMODE(mine.stat().st_mode) == 0o700
        with durable.scratch("query"):
            assert mine.exists(), "who is alive keeps it, however old"
        assert not dead.exists()
    assert names(tmp_path) == sorted([young.name, foreign.name])


def test_a_training_may_lock_a_folder_for_a_while():
    with durable.scratch("speed") as mine:
        descriptor = os.open(mine, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # as a checkpoint's folder is held
        os.close(descriptor)


def test_temporary_names_lie_beside_and_differ(tmp_path):
    made = {temporary_path(tmp_path / "file") for _ in range(100)}
    assert len(made) == 100
    assert {path.parent for path in made} == {tmp_path}


# --- the cache folder ---------------------------------------------------------------------------


def test_the_variable_comes_first(monkeypatch, tmp_path):
    monkeypatch.delenv("KESSAI_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "kessai"
    monkeypatch.setenv("KESSAI_CACHE", str(tmp_path / "ours"))
    assert cache_folder() == tmp_path / "ours"


def test_without_one_it_lies_in_the_users_cache(monkeypatch):
    for name in ("KESSAI_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder() == Path.home() / ".cache" / "kessai"
