"""Trials of the compiled pass. Most replace torch's compiler, which takes minutes, by the trace."""

import itertools
import os
import shutil
from dataclasses import replace

import pytest
import torch

from engine.errors import InputError
from engine.pilot.compiling import LEAST_SECONDS, Compiling, Trial, refusal, require
from engine.pilot.dpsgd import trial
from engine.pilot.dpsgd.batch_sum import BatchSum
from engine.pilot.dpsgd.ledger import LEDGER_FILE
from engine.pilot.dpsgd.model import build
from engine.pilot.dpsgd.optimizer import flatten
from engine.pilot.dpsgd.progress import Stop
from engine.pilot.dpsgd.training import Training
from engine.pilot.plan import Engine
from tests.pilot.dpsgd.test_compiled import path_of
from tests.pilot.fake_training import Corpus, S, settings
from tests.pilot.ledgers import charged_steps

LONG = 10**12
"""Steps that take more than an hour on any machine."""


@pytest.fixture
def by_trace(monkeypatch):
    """What is "compiled" is the trace as it is; there is a compiler whether or not there is one."""
    monkeypatch.setattr(torch, "compile", lambda graph, **options: graph)
    monkeypatch.setattr("engine.pilot.compiling._has_compiler", lambda device: True)


def clock(monkeypatch, *seconds):
    """Each call of an engine takes the next of ``seconds``, and the last of them from then on."""
    left = itertools.chain(seconds, itertools.repeat(seconds[-1]))
    monkeypatch.setattr(trial, "_seconds", lambda work, batch, *, calls=3: next(left))


def batch_sum(**changes):
    plan = settings(**changes)
    model = build(plan.shape, generator=torch.Generator().manual_seed(0))
    return BatchSum(model, plan, parameters=flatten(model))


def examples(windows=1):
    shape = (6, S + 1) if windows == 1 else (6, windows, S + 1)
    tokens = torch.randint(32, shape, generator=torch.Generator().manual_seed(1))
    return tokens[..., :-1], tokens[..., 1:]


def assert_same_sums(one, other, batch=None):
    batch = batch or examples()
    loss, expected = one.add_up(batch), other.add_up(batch)
    torch.testing.assert_close(loss, expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(one.sum, other.sum, rtol=1e-4, atol=1e-6)


def test_a_trial_says_what_it_saves():
    found = Trial.of(eager=0.5, compiled=0.25, seconds=40.0, asked=False)
    assert found == Trial(times=2.0, seconds=40.0, steps=160, is_used=True)
    slower = Trial.of(eager=0.4, compiled=0.5, seconds=40.0, asked=False)
    assert (slower.steps, slower.is_used) == (None, False)
    assert slower.sentence == (
        "0.80 times as fast after 40 s of compilation, never pays, so it is not used"
    )
    assert replace(slower, is_used=True) == Trial.of(
        eager=0.4, compiled=0.5, seconds=40.0, asked=True
    )


@pytest.mark.parametrize("changes", [{}, {"documents": 3, "physical_batch_size": 6}])
def test_what_is_compiled_answers_the_same_sums(by_trace, changes):
    one, other = batch_sum(**changes), batch_sum(**changes)
    found = one.compile(Compiling.ON, steps=1)
    assert found is not None and found.is_used
    assert path_of(one._clipped_sum) == "compiled" and path_of(other._clipped_sum) == "eager"
    assert_same_sums(one, other, examples(windows=changes.get("documents", 1)))


def test_unasked_it_is_tried_where_an_hour_is_left_and_kept_where_it_is_faster(
    by_trace, monkeypatch
):
    # Eight people of a step in micro-batches of 4: eager 12 rows with its padding, compiled 10.
    clock(monkeypatch, 1.0)
    short = batch_sum()
    assert short.compile(Compiling.AUTO, steps=int(LEAST_SECONDS / 3) - 1) is None
    assert path_of(short._clipped_sum) == "eager"
    clock(monkeypatch, 1.0, 1.0, 0.5)
    faster = batch_sum()
    found = faster.compile(Compiling.AUTO, steps=int(LEAST_SECONDS / 3))
    assert found is not None and found.times == pytest.approx(3 / 1.25) and found.is_used
    assert path_of(faster._clipped_sum) == "compiled"
    clock(monkeypatch, 1.0, 1.0, 2.0)
    slower = batch_sum()
    found = slower.compile(Compiling.AUTO, steps=LONG)
    assert found is not None and not found.is_used and path_of(slower._clipped_sum) == "eager"
    assert_same_sums(slower, batch_sum())
    clock(monkeypatch, 1.0, 2.0)
    asked = batch_sum()
    found = asked.compile(Compiling.ON, steps=1)
    assert found is not None and found.is_used and found.steps is None


def test_off_tries_nothing(monkeypatch):
    monkeypatch.setattr(torch, "compile", None)
    assert batch_sum().compile(Compiling.OFF, steps=LONG) is None
    assert batch_sum().compile(Compiling.ON, steps=0) is None, "no step is left"


@pytest.mark.parametrize("fault", ["another answer", "a crash", "no number"])
def test_what_fails_or_answers_otherwise_is_not_taken(by_trace, monkeypatch, fault):
    def wrong(graph, **options):
        def answer(*values):
            if fault == "a crash":
                raise RuntimeError("the generated program")
            sums, norms, losses = graph(*values)
            factor = 1.01 if fault == "another answer" else float("nan")
            return [part * factor for part in sums], norms, losses

        return answer

    monkeypatch.setattr(torch, "compile", wrong)
    clock(monkeypatch, 1.0)
    unasked = batch_sum()
    assert unasked.compile(Compiling.AUTO, steps=LONG) is None
    assert_same_sums(unasked, batch_sum())
    with pytest.raises(InputError, match="come to the same gradients, which failed"):
        batch_sum().compile(Compiling.ON, steps=1)


def test_where_it_cannot_be_it_is_refused_in_a_sentence_and_nothing_is_charged(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    asked = Training(
        settings(seed=None), Corpus(), folder=tmp_path / "asked", compiling=Compiling.ON
    )
    with pytest.raises(InputError, match="on this machine for --compile on, found none"):
        asked.run()
    assert charged_steps(tmp_path / "asked" / LEDGER_FILE) == 0
    unasked = Training(
        settings(seed=None), Corpus(), folder=tmp_path / "unasked", compiling=Compiling.AUTO
    )
    assert unasked.run().stop is Stop.FINISHED
    assert charged_steps(tmp_path / "unasked" / LEDGER_FILE) == 8


@pytest.mark.parametrize(
    ("changes", "ranks", "sentence"),
    [
        ({"engine": Engine.OPACUS}, 1, "Expected the fast engine without --recompute"),
        ({"recompute": True}, 1, "Expected the fast engine without --recompute"),
        ({}, 2, "Expected one process for --compile on, got 2"),
    ],
)
def test_what_is_never_compiled_is_refused_where_it_is_asked_for(
    by_trace, changes, ranks, sentence
):
    plan = settings(**changes)
    assert sentence in str(refusal(plan, "cpu", ranks=ranks))
    with pytest.raises(InputError, match=sentence):
        require(Compiling.ON, [plan], "cpu", ranks=ranks)
    require(Compiling.AUTO, [plan], "cpu", ranks=ranks)
    unasked = batch_sum(**changes)
    assert unasked.compile(Compiling.AUTO, steps=LONG, ranks=ranks) is None


def test_the_compiler_is_the_one_that_torch_would_call(monkeypatch):
    seen = []
    monkeypatch.setattr(shutil, "which", lambda name: seen.append(name))
    monkeypatch.setitem(os.environ, "CXX", "my-compiler")
    assert "my-compiler" in str(refusal(settings(), "cpu"))
    assert seen == ["my-compiler"]
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert "Triton" in str(refusal(settings(), "cuda"))


def assert_alike(one: Training, other: Training) -> None:
    for (name, a), b in zip(
        one.averaged_weights().items(), other.averaged_weights().values(), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-5, msg=name)


def whole_and_in_pieces(folder, compiling):
    """A seeded training as it is, and one compiled that was paused on the way."""
    plain = Training(settings(iterations=20), Corpus())
    plain.run()
    first = Training(settings(iterations=20), Corpus(), folder=folder, compiling=compiling)
    asked = iter([None] * 9)
    paused = first.run(should_stop=lambda: next(asked, Stop.PAUSED))
    assert paused.stop is Stop.PAUSED and 0 < paused.iterations_done < 20
    second = Training(settings(iterations=20), Corpus(), folder=folder, compiling=compiling)
    ended = second.run()
    assert ended.stop is Stop.FINISHED and ended.iterations_done == 20
    assert ended.compiled is not None and ended.compiled.is_used
    return plain, second


def test_a_compiled_training_survives_a_pause_and_ends_where_the_plain_one_does(by_trace, tmp_path):
    assert_alike(*whole_and_in_pieces(tmp_path, Compiling.ON))


@pytest.mark.exhaustive
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler")
def test_so_does_one_that_was_really_compiled(tmp_path):
    assert_alike(*whole_and_in_pieces(tmp_path, Compiling.ON))
