"""Weights come back as they were, and a kill or a full disk leaves the old file."""

import os
import stat
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

from engine.pilot.audits import weights
from engine.pilot.audits.weights import WEIGHTS_FILE, save_weights


def test_tensors_and_metadata_come_back(tmp_path):
    rng = np.random.default_rng(0)
    tensors = {
        "matrix": rng.standard_normal((3, 5)).astype(np.float32),
        "transposed": rng.standard_normal((4, 2)).astype(np.float32).T,
        "every second": np.arange(10.0)[::2],
        "scalar": np.array(3.0, dtype=np.float32),
        "empty": np.zeros((0, 4), dtype=np.float32),
    }
    path = tmp_path / WEIGHTS_FILE
    save_weights(tensors, path, {"plan_id": "0" * 16, "ε": "4.1"})
    found = load_file(path)
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor)
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
    with safe_open(path, "numpy") as file:
        assert file.metadata() == {"plan_id": "0" * 16, "ε": "4.1"}
    assert [entry.name for entry in tmp_path.iterdir()] == [WEIGHTS_FILE]


def test_a_later_file_replaces_the_former(tmp_path):
    path = tmp_path / WEIGHTS_FILE
    for value in (1.0, 2.0):
        save_weights({"x": np.full(3, value)}, path, {})
    np.testing.assert_array_equal(load_file(path)["x"], 2.0)


@pytest.mark.parametrize("step", ["save", "fsync", "replace"])
def test_a_failure_leaves_the_former_file_and_nothing_beside_it(tmp_path, monkeypatch, step):
    path = tmp_path / WEIGHTS_FILE
    save_weights({"x": np.ones(3)}, path, {})

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    target = {"save": weights, "fsync": os, "replace": Path}[step]
    monkeypatch.setattr(target, step, full)
    with pytest.raises(OSError, match="No space"):
        save_weights({"x": np.zeros(3)}, path, {})
    monkeypatch.undo()
    np.testing.assert_array_equal(load_file(path)["x"], 1.0)
    assert [entry.name for entry in tmp_path.iterdir()] == [WEIGHTS_FILE]


def test_file_and_folder_are_flushed_before_and_after_the_rename(tmp_path, monkeypatch):
    happened = []
    fsync, replace = os.fsync, Path.replace

    def spied_fsync(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        happened.append("folder" if is_folder else "file")
        fsync(descriptor)

    def spied_replace(self, target):
        happened.append("rename")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", spied_fsync)
    monkeypatch.setattr(Path, "replace", spied_replace)
    save_weights({"x": np.ones(3)}, tmp_path / WEIGHTS_FILE, {})
    assert happened == ["file", "rename", "folder"]
