"""A text is read and a machine is measured once, and whatever stops that has a sentence."""

import errno
from dataclasses import replace

import numpy as np
import pytest

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.prepared import Speed, read_prepared
from engine.pilot.running.devices import Device
from engine.pilot.running.folder import PilotFolder, Request
from engine.pilot.running.preparation import run_preparation
from engine.pilot.running.status import State, read_status
from engine.pilot.text.corpus import Corpus
from tests.present import present

SOURCE = CorpusSource(kind="jsonl", path="made.jsonl")
CPU = Device(kind="cpu", hardware="made", precision="float32", physical_batch_size=64)
SPEEDS = (Speed(model_size=30_000, seconds_per_example=1e-4, seconds_per_step=1e-3),)
CORPUS = Corpus(
    name="made",
    family="gpt-bytes-made",
    tokens=np.zeros(3 * 40, dtype=np.uint8),
    document_starts=np.array([0, 40, 80, 120]),
    unit_starts=np.array([0, 1, 3]),
    vocabulary_size=256,
    fingerprint="ab" * 32,
    refused=(("too short", 2),),
)


@pytest.fixture
def folder(tmp_path):
    folder = PilotFolder(path=tmp_path / "preparation")
    folder.store_source(SOURCE)
    return folder


def load(source, progress):
    assert source == SOURCE
    progress(0.5)
    return CORPUS


def measure(corpus, device, progress):
    assert corpus is CORPUS and device == CPU
    progress(0.5)
    return SPEEDS


def run(folder, device=CPU, load=load, measure=measure, begin=lambda corpus: {"ab": 2.5}):
    lock = folder.take_lock()
    try:
        return run_preparation(folder, lock, device, load=load, measure=measure, begin=begin)
    finally:
        lock.release()


def raising(error):
    def act(*_):
        raise error

    return act


def never(*_):
    raise AssertionError("measured again")


def test_it_says_what_a_plan_must_know(folder):
    status = run(folder)
    assert (status.state, status.progress) == (State.FINISHED, 1.0)
    assert read_status(folder.status_file) == status
    found = present(read_prepared(folder.path))
    assert (found.source, found.family, found.fingerprint) == (SOURCE, CORPUS.family, "ab" * 32)
    assert (found.units, found.held_out_units) == (1, 1)
    assert (found.documents, found.tokens, found.vocabulary_size) == (3, 120, 256)
    assert found.refused == (("too short", 2),)
    assert (found.device, found.hardware, found.precision) == ("cpu", "made", "float32")
    assert (found.physical_batch_size, found.speeds) == (64, SPEEDS)


def test_another_window_is_measured_in_that_window(folder):
    longer = replace(CORPUS, window=256)
    run(folder, load=lambda *_: longer, measure=lambda *_: SPEEDS)
    assert present(read_prepared(folder.path)).sequence_length == 256


def test_a_second_time_only_looks(folder):
    run(folder)
    first = read_prepared(folder.path)
    assert run(folder, measure=never).state is State.FINISHED
    assert read_prepared(folder.path) == first


@pytest.mark.parametrize(
    ("corpus", "device"),
    [
        (replace(CORPUS, fingerprint="cd" * 32), CPU),
        (CORPUS, replace(CPU, kind="cuda")),
        (CORPUS, replace(CPU, hardware="another")),
    ],
)
def test_another_text_or_machine_is_measured(folder, corpus, device):
    run(folder)
    faster = (replace(SPEEDS[0], seconds_per_step=1e-4),)
    run(folder, device=device, load=lambda *_: corpus, measure=lambda *_: faster)
    found = present(read_prepared(folder.path))
    assert (found.fingerprint, found.device) == (corpus.fingerprint, device.kind)
    assert found.speeds == faster


@pytest.mark.parametrize("at", ["load", "measure"])
@pytest.mark.parametrize(
    ("request_", "state"), [(Request.PAUSE, State.PAUSED), (Request.CANCEL, State.CANCELLED)]
)
def test_a_request_ends_it(folder, at, request_, state):
    def asked(*arguments):
        folder.ask(request_)
        return (load if at == "load" else measure)(*arguments)

    assert run(folder, **{at: asked}).state is state
    assert read_prepared(folder.path) is None


@pytest.mark.parametrize("at", ["load", "measure"])
def test_a_refusal_and_a_full_disk_have_a_sentence(folder, at):
    status = run(folder, **{at: raising(InputError("Expected {thing}.", thing="text"))})
    assert (status.state, status.sentence) == (State.FAILED, "Expected text.")
    status = run(folder, **{at: raising(OSError(errno.ENOSPC, "No space left on device"))})
    assert status.state is State.FAILED and "No space left" in status.sentence
    assert run(folder).state is State.FINISHED, "and nothing stands in the way afterwards"


def test_an_error_of_the_program_is_told_without_its_words(folder):
    with pytest.raises(ValueError, match="a private word"):
        run(folder, load=raising(ValueError("a private word")))
    status = present(read_status(folder.status_file))
    assert status.state is State.FAILED and "(ValueError)" in status.sentence
    assert "private" not in folder.status_file.read_text()


def test_a_folder_without_a_source_is_refused(tmp_path):
    status = run(PilotFolder(path=tmp_path / "nothing"))
    assert status.state is State.FAILED
    assert "Expected a preparation called nothing, found none" in status.sentence


def test_what_starts_lose_on_the_text_is_written_down(folder):
    run(folder)
    found = present(read_prepared(folder.path))
    assert found.start_loss("ab") == 2.5
    assert found.start_loss("cd") is None
