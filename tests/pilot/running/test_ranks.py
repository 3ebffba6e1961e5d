"""One pilot in several processes that torchrun starts: real ones, of which one is killed."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from engine.errors import InputError
from engine.pilot.__main__ import _needs_parts
from engine.pilot.running import lifecycle, standing
from engine.pilot.running.devices import Device
from engine.pilot.running.folder import folder_of
from engine.pilot.running.ranks import Ranks, place_of, printed, ranks_of
from engine.pilot.running.status import State, Status, write_status
from engine.runs.log import RunLog
from tests.pilot.ledgers import charged_steps
from tests.pilot.quick_plan import FAMILY, ROOT, quick_plan, until
from tests.present import present

STEPS = 300


@pytest.fixture
def plan(tmp_path, monkeypatch):
    return quick_plan(tmp_path, monkeypatch, steps=STEPS)


def processes(plan, rank):
    """Of ``rank``, by what torchrun told them."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            told = (place / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if {f"TORCHELASTIC_RUN_ID={plan.plan_id}".encode(), f"RANK={rank}".encode()} <= set(told):
            found.append(int(place.name))
    return found


@pytest.mark.slow
def test_a_killed_rank_ends_all_and_the_printed_command_goes_on_with_what_is_left(plan):
    folder = folder_of(plan.plan_id)
    ledger = folder.training_folder("recommended", 0) / "ledger.jsonl"
    assert lifecycle.start(plan, ranks=2).started
    assert not lifecycle.start(plan, ranks=2).started, "one click, one training"
    until(lambda: ledger.exists() and charged_steps(ledger) > 20, "no step was taken")
    (killed,) = processes(plan, 1)
    os.kill(killed, signal.SIGKILL)
    running = lifecycle.poll(plan.plan_id)
    assert (running.ranks, running.nodes) == (2, 1)
    until(lambda: not folder.is_held(), "the others live on")
    ended = lifecycle.poll(plan.plan_id)
    assert ended.state is State.FAILED and "another of its processes is gone" in ended.sentence
    assert processes(plan, 0) == []
    lost = charged_steps(ledger)
    assert 0 < lost < STEPS

    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        meeting = f"localhost:{server.getsockname()[1]}"
    command = shlex.split(printed(folder.path, Ranks(nodes=2, per_node=1), meeting=meeting))
    command[0] = sys.executable
    machines = [
        subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    said = [machine.communicate(timeout=180)[1].decode()[-3000:] for machine in machines]
    assert [machine.returncode for machine in machines] == [0, 0], "\n".join(said)
    after = lifecycle.poll(plan.plan_id)
    assert (after.state, after.ranks, after.nodes) == (State.FINISHED, 2, 2)
    (result,) = standing.results(plan.plan_id)
    assert result.charged == charged_steps(ledger) == STEPS
    assert result.iterations == STEPS - 1, "the step under way, and no other, was lost"
    assert result.hardware.startswith("2 × ")
    with RunLog.open() as log:
        (record,) = log.records(FAMILY)
    assert record.run_id == present(result.run_id) and record.iterations == STEPS - 1


def test_the_command_of_64_gpus_is_that_of_two_processes_but_for_its_numbers(plan):
    path = folder_of(plan.plan_id).path
    large = shlex.split(printed(path, Ranks(nodes=8, per_node=8)))
    small = shlex.split(printed(path, Ranks(nodes=2, per_node=1)))
    differ = {pair for pair in zip(large, small, strict=True) if pair[0] != pair[1]}
    assert differ == {("--nnodes=8", "--nnodes=2"), ("--nproc-per-node=8", "--nproc-per-node=1")}
    assert large[-3:] == ["engine.pilot", "run", str(path)]
    assert "--max-restarts=0" in large, "what a lost rank cost is for people to see"


def test_a_process_finds_its_place_where_torchrun_started_it():
    told = {
        "TORCHELASTIC_RUN_ID": "x", "WORLD_SIZE": "8", "RANK": "5", "LOCAL_RANK": "1",
        "GROUP_WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "4",
    }  # fmt: skip
    place = present(place_of(told))
    assert (place.rank, place.local_rank, place.ranks) == (5, 1, Ranks(nodes=2, per_node=4))
    assert place_of({**told, "WORLD_SIZE": "1"}) is None
    del told["TORCHELASTIC_RUN_ID"]
    assert place_of(told) is None, "RANK alone may be anybody's"


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (64, 65), (-1, -1)])
def test_impossible_numbers_of_processes_are_refused(numbers):
    nodes, per_node = numbers
    with pytest.raises(InputError, match="Expected 1 to 4096 processes in all"):
        Ranks(nodes=nodes, per_node=per_node)


def test_a_plan_that_no_device_holds_is_trained_in_parts(plan):
    size = plan.arms[0].settings.config.model_size
    gpu = Device(
        kind="cuda", hardware="", precision="", physical_batch_size=1, memory_bytes=20 * size
    )
    assert _needs_parts(plan, gpu)
    assert not _needs_parts(plan, replace(gpu, memory_bytes=40 * size))
    assert not _needs_parts(plan, replace(gpu, kind="cpu")), "its ranks share one memory"


def test_machines_share_the_processes_evenly():
    assert ranks_of(64, 8) == Ranks(nodes=8, per_node=8)
    for total, nodes in ((7, 2), (4, 0)):
        with pytest.raises(InputError, match="Expected as many processes on each machine"):
            ranks_of(total, nodes)


def test_a_pilot_of_several_machines_is_not_gone_on_with_on_one_unasked(plan):
    lifecycle.register(plan)
    folder = folder_of(plan.plan_id)
    write_status(folder.status_file, Status(state=State.PAUSED, ranks=16, nodes=2))
    with pytest.raises(InputError, match="got one that ran on 2: start its command again"):
        lifecycle.resume(plan.plan_id)
    assert not folder.is_held() and lifecycle.poll(plan.plan_id).state is State.PAUSED
