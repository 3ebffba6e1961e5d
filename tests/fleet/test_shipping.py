"""Parts without a shared folder: runs go along and come back, each stored once."""

import sys
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from engine.errors import InputError
from engine.pilot.sweeps import launchers
from engine.pilot.sweeps.launchers import Where, shipped
from engine.pilot.sweeps.parts import Ended
from engine.pilot.sweeps.record import FAILED_FILE
from engine.pilot.sweeps.shipping import Shipment
from engine.runs.log import RunLog
from engine.runs.record import Provenance, RunRecord

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
TRAINS = """
import os, pathlib, sys
from engine.runs.log import RunLog
from tests.fleet.test_shipping import record
folder = pathlib.Path(os.environ["KESSAI_DATA"])
with RunLog.open(folder) as log:
    known = sorted(one.seed for one in log.records())
    log.append([record(seed) for seed in (2, 3)])
place = pathlib.Path(os.environ["KESSAI_PILOTS"]) / "sweeps"
place.mkdir(parents=True, exist_ok=True)
with (place / "failed.jsonl").open("a") as file:
    file.write('\\n{"run_id": "new"}\\n')
sys.exit(f"knew {known}, log at {os.environ['KESSAI_LOG']}")
"""


def record(seed):
    return RunRecord(
        family="made", model_size=15_008, batch_size=8, physical_batch_size=8, iterations=4,
        sequence_length=32, noise_batch_ratio=0.0, learning_rate=0.01, seed=seed,
        compute_flops=6 * 15_008 * 8 * 4 * 32, cross_entropy=2.5, created_at=BEFORE, source="test",
        provenance=Provenance.IMPORTED, vocabulary_size=256,
    )  # fmt: skip


@pytest.fixture
def shipment(tmp_path):
    found = Shipment(log_folder=tmp_path / "runs", sweeps_folder=tmp_path / "pilots" / "sweeps")
    with RunLog.open(found.log_folder) as log:
        log.append([record(1), record(4)])
        log.delete([record(4).run_id], at=BEFORE + timedelta(days=1))
    return found


def test_a_part_knows_what_is_stored_and_what_it_made_is_stored_once(shipment):
    shipment.sweeps_folder.mkdir(parents=True)
    notes = shipment.sweeps_folder / FAILED_FILE
    notes.write_text('{"run_id": "old"}\n')
    sent = shipment.packed()
    code, said, made = shipped([sys.executable, "-c", TRAINS], sent)
    assert code == 1 and said.startswith("knew [1], log at ") and str(notes.parents[2]) not in said
    assert not set(made) & set(sent) - {f"pilots/sweeps/{FAILED_FILE}"}, (
        "what went along stays here"
    )
    for _ in range(2):  # a part that is sent twice
        shipment.unpacked(made)
    with RunLog.open(shipment.log_folder) as log:
        assert sorted(one.seed or 0 for one in log.records()) == [1, 2, 3]
    assert [line for line in notes.read_text().splitlines() if line] == [
        '{"run_id": "old"}',
        '{"run_id": "new"}',
    ]


def test_a_part_that_made_nothing_changes_nothing(shipment):
    code, _, made = shipped([sys.executable, "-c", "pass"], shipment.packed())
    assert (code, made) == (0, {})
    shipment.unpacked(made)
    assert not shipment.sweeps_folder.exists()


def test_a_part_whose_runs_cannot_be_stored_is_lost_alone(shipment, monkeypatch):
    ray = pytest.importorskip("ray", reason="ray is not installed")
    one = launchers.Ray(address=None, cpus=1.0, shipment=shipment)
    made_ray = SimpleNamespace(get=lambda made: (0, "", made), exceptions=ray.exceptions)
    monkeypatch.setattr(one, "_ray", made_ray)
    assert one._ended(1, {}) == Ended(part=1, code=0, said="")
    shipment.sweeps_folder.mkdir(parents=True)
    (shipment.sweeps_folder / FAILED_FILE).mkdir()
    found = one._ended(3, {f"pilots/sweeps/{FAILED_FILE}": b"{}"})
    assert (found.part, found.code) == (3, None) and "directory" in found.said

    def refuse(*_):
        raise InputError("Expected a row that can be true.")

    monkeypatch.setattr(Shipment, "unpacked", refuse)
    assert one._ended(2, {}) == Ended(part=2, code=None, said="Expected a row that can be true.")


def test_only_a_sweep_does_without_shared_folders(tmp_path, shipment):
    pytest.importorskip("ray", reason="ray is not installed")
    with pytest.raises(InputError, match="its privacy ledger must outlive the machine"):
        launchers.launcher(Where.RAY, {"shared": "no"}, tmp_path)
    with pytest.raises(InputError, match="shared=yes or no, got maybe"):
        launchers.launcher(Where.RAY, {"shared": "maybe"}, tmp_path, shipment)
