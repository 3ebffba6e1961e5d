import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from engine.accounting.accountant import certified_epsilon
from engine.accounting.mechanism import Mechanism
from engine.errors import InputError
from engine.pilot.dpsgd.ledger import Ledger, epsilon_spent
from tests.pilot.fake_training import settings
from tests.pilot.ledgers import charged_steps

PLAN = settings(iterations=20)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.jsonl"


def charge(path, *blocks, plan=PLAN):
    with Ledger(path, plan) as opened:
        return [opened.reserve(block) for block in blocks]


def test_it_grants_what_was_promised_and_no_more(path):
    assert charge(path, 3, 10, 10, 10) == [3, 10, 7, 0]
    assert charge(path, 1) == [0]
    assert charged_steps(path) == 20


def test_a_new_process_finds_the_charges(path):
    charge(path, 3)
    with Ledger(path, PLAN) as opened:
        assert (opened.charged, opened.left) == (3, 17)


@pytest.mark.parametrize("count", [0, -3])
def test_no_steps_cost_nothing(path, count):
    assert charge(path, count) == [0]
    assert charged_steps(path) == 0


def test_steps_never_begun_are_given_back_once(path):
    with Ledger(path, PLAN) as opened:
        opened.reserve(8)
        opened.settle(5)
        assert opened.charged == charged_steps(path) == 3
        with pytest.raises(ValueError, match="Expected 0 to 0 unused steps, got 1"):
            opened.settle(1)
        opened.reserve(4)
        opened.settle(0)
        with pytest.raises(ValueError, match="unused"):
            opened.settle(4)
        assert opened.charged == 7


@pytest.mark.parametrize("unused", [-1, 9])
def test_no_more_is_given_back_than_the_block_had(path, unused):
    with Ledger(path, PLAN) as opened:
        opened.reserve(8)
        opened.reserve(8)
        with pytest.raises(ValueError, match="Expected 0 to 8 unused steps"):
            opened.settle(unused)


def test_a_later_process_cannot_give_back_what_an_earlier_one_was_granted(path):
    charge(path, 8)
    with Ledger(path, PLAN) as opened, pytest.raises(ValueError, match="Expected 0 to 0"):
        opened.settle(1)


@limits(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.floats(0, 1), st.sampled_from(["goes on", "dies", "stops"]))
    )
)
@pytest.mark.slow
def test_whatever_happens_no_step_is_forgotten_and_none_is_overspent(tmp_path_factory, story):
    """Blocks are granted; of each some steps are taken, then the process goes on, dies or stops."""
    path = tmp_path_factory.mktemp("ledger") / "ledger.jsonl"
    opened, taken = Ledger(path, PLAN), 0
    for count, share, event in story:
        granted = opened.reserve(count)
        assert granted <= count
        begun = granted if event == "goes on" else round(share * granted)
        taken += begun
        assert taken <= opened.charged == charged_steps(path) <= PLAN.config.iterations
        if event == "stops":
            opened.settle(granted - begun)
            assert opened.charged >= taken
        if event != "goes on":
            opened.close()
            opened = Ledger(path, PLAN)
    assert taken <= opened.charged <= PLAN.config.iterations
    opened.close()


def test_the_disk_holds_a_charge_before_it_is_granted(path, monkeypatch):
    seen = []
    real = os.fsync

    def fsync(descriptor):
        seen.append(path.read_text())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    with Ledger(path, PLAN) as opened:
        seen.clear()
        opened.reserve(6)
        last = json.loads(seen[-1].splitlines()[-1])
        assert (last["charged"], last["before"]) == (6, 0)


def head(path):
    return path.with_name(f"{path.name}.head")


@pytest.mark.slow
def test_killed_anywhere_it_counts_every_whole_line(path):
    """Between two grants the file may hold any part of the next line, and the head the last."""
    charge(path, 3)
    states = [(path.read_bytes(), head(path).read_bytes(), 3)]
    for block in (4, 5):
        charge(path, block)
        states.append((path.read_bytes(), head(path).read_bytes(), states[-1][2] + block))
    for (before, counted, total), (after, _, next_total) in pairwise(states):
        for cut in range(len(before), len(after) + 1):
            path.write_bytes(after[:cut])
            head(path).write_bytes(counted)
            expected = next_total if cut == len(after) else total
            assert charged_steps(path) == expected
            assert charge(path, 2) == [2]
            assert charged_steps(path) == expected + 2, "what comes after a torn line is whole"


def test_a_line_lost_at_the_end_is_noticed(path):
    charge(path, 3, 4, 5)
    content = path.read_bytes()
    for cut in range(len(content)):
        path.write_bytes(content[:cut])
        with pytest.raises(InputError, match="Expected a whole privacy ledger"):
            Ledger(path, PLAN)
    path.write_bytes(b"".join(content.splitlines(keepends=True)[:3]))
    with pytest.raises(InputError, match="damaged at line 4"):  # the first that is missing
        Ledger(path, PLAN)
    path.unlink()
    with pytest.raises(InputError, match="Expected a whole privacy ledger"):
        Ledger(path, PLAN)


@pytest.mark.parametrize("content", [None, b"", b"{}", b"[1]", b'{"lines": 2, "check": "0"}'])
def test_a_head_lost_or_edited_is_refused(path, content):
    charge(path, 3, 4)
    head(path).unlink()
    if content is not None:
        head(path).write_bytes(content)
    with pytest.raises(InputError, match="Expected a whole privacy ledger"):
        Ledger(path, PLAN)


def test_it_may_die_before_its_first_head(path):
    Ledger(path, PLAN).close()
    head(path).unlink()
    assert charge(path, 2) == [2]


def test_a_ledger_of_an_earlier_version_goes_on(path):
    header = {
        "format": "kessai privacy ledger 1",
        "promised": 20,
        "noise_multiplier": PLAN.noise_batch_ratio * PLAN.config.batch_size,
        "sampling_probability": PLAN.config.batch_size / PLAN.data_budget,
    }
    lines = [header, {"charged": 3, "before": 0}, {"charged": 7, "before": 3}]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert charge(path, 9, 9) == [9, 4]
    assert charged_steps(path) == 20
    path.write_text("".join(json.dumps(line) + "\n" for line in (lines[0], lines[2])))
    with pytest.raises(InputError, match="damaged at line 2"):
        Ledger(path, PLAN)


@pytest.mark.parametrize("line", [0, 1, 2])
@pytest.mark.parametrize(
    "edit",
    [
        lambda line: b"",
        lambda line: b"nonsense\n",
        lambda line: b"[1]\n",
        lambda line: line.replace(b"3", b"2"),
        lambda line: line.replace(b"ledger 2", b"ledger 9").replace(b'"charged": 7', b'"charged": '
            b'99'),
        lambda line: line + line,
    ],
)  # fmt: skip
def test_a_line_lost_or_edited_is_refused(path, line, edit):
    charge(path, 3, 4, 5)
    lines = path.read_bytes().splitlines(keepends=True)
    edited = edit(lines[line])
    if edited == lines[line]:
        pytest.skip("this edit does not touch this line")
    path.write_bytes(b"".join([*lines[:line], edited, *lines[line + 1 :]]))
    with pytest.raises(InputError, match="Expected a whole privacy ledger, got one damaged"):
        Ledger(path, PLAN)


def test_another_trainings_ledger_is_refused_and_left_alone(path):
    charge(path, 3)
    before = path.read_bytes()
    for other in (
        replace(PLAN, noise_batch_ratio=0.06),
        replace(PLAN, data_budget=49),
        settings(iterations=21),
    ):
        with pytest.raises(InputError, match="got that of another one"):
            Ledger(path, other)
    assert path.read_bytes() == before


def test_two_processes_cannot_spend_one_promise(path):
    with Ledger(path, PLAN):
        with pytest.raises(InputError, match="whose privacy ledger is in use"):
            Ledger(path, PLAN)
        assert charged_steps(path) == 0, "looking is free"
    Ledger(path, PLAN).close()


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_charge_that_is_not_durable_grants_nothing(path, monkeypatch, call):
    opened = Ledger(path, PLAN)
    opened.reserve(2)

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        if call == "fsync":
            patch.setattr(os, "fsync", full)
        else:
            patch.setattr(Ledger, "_write", full)
        with pytest.raises(OSError, match="No space"):
            opened.reserve(5)
    assert opened.charged == 2
    with pytest.raises(OSError, match="open it again"):  # although there is room now
        opened.reserve(1)
    opened.close()
    # What was written without a flush may be there or not: it counts where it is.
    assert charged_steps(path) == (7 if call == "fsync" else 2)


def test_a_line_written_in_part_grants_nothing(path, monkeypatch):
    opened = Ledger(path, PLAN)
    file = opened._file

    class Short:
        def write(self, data):
            return file.write(data[:9])

        def __getattr__(self, name):
            return getattr(file, name)

    monkeypatch.setattr(opened, "_file", Short())
    with pytest.raises(OSError, match="written in part"):
        opened.reserve(5)
    file.close()
    assert charge(path, 20) == [20]


def test_what_was_spent_is_certified(path):
    charge(path, 12)
    with Ledger(path, PLAN) as opened:
        spent = opened.epsilon_spent(1e-6)
        assert opened.noise_multiplier == pytest.approx(0.05 * 8)
        assert opened.sampling_probability == 8 / 50
    mechanism = Mechanism.poisson(
        sampling_probability=8 / 50, noise_multiplier=0.05 * 8, iterations=12
    )
    assert spent == certified_epsilon(mechanism, 1e-6)[0]
    assert epsilon_spent(mechanism, charged=0, delta=1e-6) == 0
    assert epsilon_spent(mechanism, charged=13, delta=1e-6) > spent
    assert epsilon_spent(None, charged=1, delta=1e-6) == float("inf")


def test_no_file_is_nothing_spent(path):
    assert charged_steps(path) == 0


@pytest.mark.slow
def test_it_loads_no_torch():
    code = (
        "import sys, engine.pilot.dpsgd.ledger, engine.pilot.dpsgd.progress\n"
        "sys.exit(bool({'torch', 'opacus'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
