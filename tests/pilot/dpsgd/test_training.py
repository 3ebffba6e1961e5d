import errno
import itertools
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from engine import durable
from engine.config import Sampling
from engine.errors import InputError
from engine.pilot.dpsgd import batch_sum, checkpoint, noise, sampling
from engine.pilot.dpsgd.examples import Canaries
from engine.pilot.dpsgd.ledger import LEDGER_FILE, Ledger
from engine.pilot.dpsgd.optimizer import learning_rate
from engine.pilot.dpsgd.progress import Progress, Stop
from engine.pilot.dpsgd.training import Training
from engine.pilot.memory import SHARE, activation_bytes
from engine.pilot.plan import Engine, Schedule, TrainingSettings
from tests.pilot.fake_training import Corpus, S, settings
from tests.pilot.ledgers import charged_steps

ROOT = Path(__file__).resolve().parents[3]


def after(steps, stop):
    """Asks to stop before the step after so many."""
    asked = iter([None] * steps)
    return lambda: next(asked, stop)


def trained(folder=None, *, should_stop=None, corpus=None, **changes):
    training = Training(settings(**changes), corpus or Corpus(), folder=folder)
    return training, training.run(should_stop=should_stop)


def same(one, two):
    return all(
        torch.equal(a, b)
        for a, b in zip(
            one.averaged_weights().values(), two.averaged_weights().values(), strict=True
        )
    )


# --- what a training is -------------------------------------------------------------------------


def test_it_learns_and_says_what_it_did():
    training, outcome = trained(iterations=100, noise=0.005)
    assert (outcome.stop, outcome.reason) == (Stop.FINISHED, None)
    assert [at for at, _ in outcome.curve] == [32, 45, 64, 91, 100]
    assert outcome.cross_entropy == outcome.curve[-1][1] < 0.5 * math.log(32)
    assert outcome.train_cross_entropy == pytest.approx(outcome.cross_entropy, rel=0.5)
    assert outcome.iterations_done == outcome.charged == 100
    assert not outcome.private and training.opacus_epsilon(1e-5) is None
    assert outcome.seconds > 0 and outcome.tokens_per_second > 0


def test_the_loss_is_that_of_the_averaged_weights_in_nats_a_token():
    training, outcome = trained(iterations=5)
    tokens, targets = training.source.held_out()
    with torch.no_grad():
        model = training.model
        for name, parameter in model.named_parameters():
            parameter.copy_(training.averaged_weights()[name])
        logits = model(tokens)
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
    assert outcome.cross_entropy == pytest.approx(float(loss), rel=1e-5)


def test_positions_without_target_do_not_dilute_the_loss():
    class Short(Corpus):
        def windows(self, documents, offsets01, sequence_length):
            tokens, targets = super().windows(documents, offsets01, sequence_length)
            targets[:, 4:] = -1
            return tokens, targets

    _, outcome = trained(iterations=1, corpus=Short(), noise=0)
    assert outcome.cross_entropy == pytest.approx(math.log(32), rel=0.1)


def test_a_seed_repeats_bit_for_bit_and_another_does_not():
    one, two, other = (trained(iterations=6, seed=seed)[0] for seed in (1, 1, 2))
    assert same(one, two) and not same(one, other)


def test_entropy_does_not_repeat(tmp_path):
    one, two = (trained(tmp_path / name, iterations=3, seed=None)[0] for name in "ab")
    assert not same(one, two)


def test_both_engines_train_alike():
    fast, opacus = (trained(iterations=6, engine=engine)[0] for engine in Engine)
    for a, b in zip(
        fast.averaged_weights().values(), opacus.averaged_weights().values(), strict=True
    ):
        torch.testing.assert_close(a, b, rtol=1e-3, atol=1e-4)


def test_micro_batches_change_nothing_but_rounding():
    one, two = (trained(iterations=6, physical_batch_size=size)[1] for size in (3, 64))
    assert one.cross_entropy == pytest.approx(two.cross_entropy, rel=1e-4)


def test_empty_batches_are_steps_of_noise(tmp_path):
    """One unit expected of 50 in a step: a third of the steps draw nobody."""
    _, outcome = trained(tmp_path, iterations=30, batch_size=1, seed=None)
    assert outcome.stop is Stop.FINISHED
    assert outcome.iterations_done == outcome.charged == 30


@pytest.mark.slow
def test_canaries_are_learnt_by_heart_without_noise():
    tokens = np.random.default_rng(0).integers(0, 32, (4, S + 1))
    canaries = Canaries(tokens=tokens[:, :-1].copy(), targets=tokens[:, 1:].copy())
    examples = torch.from_numpy(canaries.tokens), torch.from_numpy(canaries.targets)
    plan = settings(iterations=150, noise=0)
    found = []
    for inserted in (canaries, None):
        training = Training(plan, Corpus(), canaries=inserted)
        training.run()
        found.append(training.losses(*examples).mean())
    assert found[0] < 0.7 * found[1]


def test_progress_tells_what_a_page_shows():
    seen: list[Progress] = []
    training = Training(settings(iterations=40), Corpus())
    training.run(on_progress=seen.append)
    assert [p.iteration for p in seen if p.iteration in (32, 40)][-1] == 40
    last = seen[-1]
    assert (last.iterations, last.charged, last.curve[-1][0]) == (40, 40, 40)
    assert last.train_cross_entropy is not None and last.train_cross_entropy > 0
    assert last.tokens_per_second > 0 and last.seconds_left == 0


def test_the_pace_is_the_time_from_a_step_s_begin_to_its_end(monkeypatch):
    """By a clock that goes on by a quarter of a second whenever it is asked."""
    from engine.pilot.dpsgd import training as module

    clock = SimpleNamespace(perf_counter=itertools.count(100, 0.25).__next__)
    monkeypatch.setattr(module, "time", clock)
    training = Training(settings(iterations=6), Corpus())
    training.run()
    assert training._store.pace.step_seconds == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": None}, "Expected a folder for a private training"),
        ({"people": 51}, "Expected a corpus with at least 51 units"),
        ({"seed": -1}, "Expected a seed"),
        ({"clip_norm": 0.0}, "Expected a positive clip norm"),
    ],
)
def test_what_cannot_be_trained_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        Training(settings(**change), Corpus())


def test_a_wrong_model_size_is_refused():
    plan = settings()
    wrong = replace(plan, config=replace(plan.config, model_size=1000))
    with pytest.raises(InputError, match=f"model_size = {plan.config.model_size}"):
        Training(wrong, Corpus())


# --- the promise --------------------------------------------------------------------------------


def test_ledger_plan_and_opacus_count_the_same_steps(tmp_path):
    training, outcome = trained(tmp_path, iterations=12, seed=None, noise=0.2)
    assert outcome.private and outcome.charged == 12 == charged_steps(tmp_path / LEDGER_FILE)
    with Ledger(tmp_path / LEDGER_FILE, training.settings) as ledger:
        spent = ledger.epsilon_spent(1e-5)
    opacus = training.opacus_epsilon(1e-5)
    assert spent <= opacus.rdp <= 1.4 * spent
    assert opacus.prv == pytest.approx(spent, abs=0.02)


def test_without_noise_or_with_a_seed_it_is_not_private(tmp_path):
    cases: dict[str, dict[str, Any]] = {"a": {"seed": None, "noise": 0}, "b": {"seed": 3}}
    for name, changes in cases.items():
        _, outcome = trained(tmp_path / name, iterations=2, **changes)
        assert not outcome.private and not (tmp_path / name / LEDGER_FILE).exists()


def test_what_was_never_begun_is_given_back_when_it_is_told_to_stop(tmp_path):
    training, outcome = trained(
        tmp_path, iterations=200, seed=None, should_stop=after(23, Stop.PAUSED)
    )
    assert outcome.stop is Stop.PAUSED and math.isnan(outcome.train_cross_entropy)
    assert outcome.iterations_done == outcome.charged == 23
    assert training.opacus_epsilon(1e-5) is not None and training._store._riding.steps == 23


def test_an_error_outside_keeps_what_was_begun_charged(tmp_path):
    def broken():
        if training.iteration == 9:
            raise KeyboardInterrupt

    training = Training(settings(iterations=200, seed=None), Corpus(), folder=tmp_path)
    with pytest.raises(KeyboardInterrupt):
        training.run(should_stop=broken)
    assert charged_steps(tmp_path / LEDGER_FILE) == 9


def test_a_step_that_fails_half_way_is_spent(tmp_path, monkeypatch):
    training = Training(settings(iterations=200, seed=None), Corpus(), folder=tmp_path)
    real = training._optimizer.step

    def failing(gradient, *, rate):  # the noisy gradient is there, and seen
        if training.iteration == 9:
            raise KeyboardInterrupt
        real(gradient, rate=rate)

    monkeypatch.setattr(training._optimizer, "step", failing)
    with pytest.raises(KeyboardInterrupt):
        training.run()
    assert training.iteration == 9 and charged_steps(tmp_path / LEDGER_FILE) == 10


def test_a_checkpoint_without_its_ledger_is_refused(tmp_path):
    trained(tmp_path, iterations=50, seed=None, should_stop=after(9, Stop.PAUSED))
    (tmp_path / LEDGER_FILE).unlink()
    with pytest.raises(InputError, match="Expected a whole privacy ledger"):
        trained(tmp_path, iterations=50, seed=None)
    (tmp_path / f"{LEDGER_FILE}.head").unlink()
    with pytest.raises(InputError, match="Expected the ledger of this checkpoint"):
        trained(tmp_path, iterations=50, seed=None)


def test_a_ledger_without_its_checkpoint_gives_what_is_left(tmp_path):
    trained(tmp_path, iterations=50, seed=None, should_stop=after(9, Stop.PAUSED))
    (tmp_path / checkpoint.NAME).unlink()
    _, outcome = trained(tmp_path, iterations=50, seed=None)
    assert (outcome.iterations_done, outcome.charged) == (41, 50)


def test_lost_steps_count_for_the_schedule(tmp_path, monkeypatch):
    trained(tmp_path, iterations=50, seed=None, should_stop=after(9, Stop.PAUSED))
    (tmp_path / checkpoint.NAME).unlink()
    steps = []
    from engine.pilot.dpsgd import training as module

    def rate(plan, step):
        steps.append(step)
        return learning_rate(plan, step)

    monkeypatch.setattr(module, "learning_rate", rate)
    trained(tmp_path, iterations=50, seed=None)
    assert steps == list(range(10, 51))


def test_truncated_batches_train_under_their_own_certificate(tmp_path, monkeypatch):
    plan = settings(iterations=30, seed=None, sampling=Sampling.TRUNCATED_POISSON)
    assert plan.largest_batch == plan.mechanism.largest_batch == 33
    assert plan.mechanism.sampling is Sampling.TRUNCATED_POISSON
    assert TrainingSettings.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    asked, real = [], sampling.draw

    def draw(noise, step, **options):
        asked.append(options["largest"])
        return real(noise, step, **options)

    monkeypatch.setattr(sampling, "draw", draw)
    Training(plan, Corpus(), folder=tmp_path).run()
    assert asked == [33] * 30
    header = json.loads((tmp_path / LEDGER_FILE).read_text().splitlines()[0])
    assert header["largest_batch"] == 33
    with pytest.raises(InputError, match="that of another one"):
        trained(tmp_path, iterations=30, seed=None)


# --- interruptions ------------------------------------------------------------------------------


@pytest.mark.parametrize("stop", [Stop.PAUSED, Stop.CANCELLED])
def test_a_seeded_run_in_pieces_is_the_same_run(tmp_path, stop):
    changes = {"iterations": 70, "schedule": Schedule.COSINE}
    whole, expected = trained(**changes)
    for steps in (0, 20, 13):
        assert trained(tmp_path, should_stop=after(steps, stop), **changes)[1].stop is stop
    pieces, outcome = trained(tmp_path, **changes)
    assert same(whole, pieces)
    assert outcome.curve == expected.curve
    assert outcome.train_cross_entropy == expected.train_cross_entropy
    assert outcome.charged == 70


def test_a_finished_training_returns_at_once(tmp_path):
    _, outcome = trained(tmp_path, iterations=40, seed=None)
    steps = []
    _, again = trained(tmp_path, iterations=40, seed=None, should_stop=lambda: steps.append(1))
    assert steps == []
    assert again.stop is Stop.FINISHED
    assert (again.curve, again.train_cross_entropy) == (outcome.curve, outcome.train_cross_entropy)


def test_another_trainings_folder_is_refused(tmp_path):
    trained(tmp_path, iterations=3)
    with pytest.raises(InputError, match="Expected the checkpoint of this training"):
        trained(tmp_path, iterations=3, learning_rate=0.5)
    with pytest.raises(InputError, match="Expected the checkpoint of this training"):
        trained(tmp_path, iterations=3, corpus=Corpus(fingerprint="a" * 64))
    trained(tmp_path, iterations=3, physical_batch_size=64)


def test_a_folder_in_use_is_refused(tmp_path):
    with checkpoint.locked(tmp_path), pytest.raises(InputError, match="another process"):
        trained(tmp_path, iterations=3)


def test_divergence_is_a_reason(tmp_path):
    _, outcome = trained(tmp_path, iterations=60, seed=None, learning_rate=1e30, warmup=0)
    assert outcome.stop is Stop.DIVERGED
    assert "Lower the learning rate" in str(outcome.reason)
    assert outcome.charged == charged_steps(tmp_path / LEDGER_FILE) < 60


def test_out_of_memory_halves_the_micro_batch_for_good(tmp_path):
    training = Training(settings(iterations=8), Corpus(), folder=tmp_path)
    inner = training._private_step._clipped_sum

    def hungry(tokens, *rest):
        if len(tokens) > 2:
            raise MemoryError
        return inner(tokens, *rest)

    training._private_step._clipped_sum = hungry
    outcome = training.run(should_stop=after(5, Stop.PAUSED))
    assert (outcome.physical_batch_size, outcome.iterations_done) == (2, 5)
    again, resumed = trained(tmp_path, iterations=8)
    assert (resumed.physical_batch_size, resumed.stop) == (2, Stop.FINISHED)
    small = trained(iterations=8, physical_batch_size=2)[0]
    assert same(again, small), "the same people and the same noise"


def test_a_machine_with_less_memory_goes_on_with_a_smaller_micro_batch(tmp_path, monkeypatch):
    _, first = trained(tmp_path, iterations=4, should_stop=after(2, Stop.PAUSED))
    asked = settings(iterations=4)
    assert first.physical_batch_size == asked.physical_batch_size > 2
    need = activation_bytes(asked.shape, 2, recompute=False) / SHARE
    monkeypatch.setattr(batch_sum, "machine_memory", lambda: int(need) + 1)
    _, resumed = trained(tmp_path, iterations=4)
    assert (resumed.physical_batch_size, resumed.stop) == (2, Stop.FINISHED)


def run_alone(module, *arguments, before=()):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [*before, sys.executable, "-m", f"tests.pilot.{module}", *map(str, arguments)]
    ran = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    return json.loads(ran.stdout)


@pytest.mark.slow
def test_kill_9_forgets_no_step_and_spends_no_more_than_promised(tmp_path):
    found = run_alone("killed_training", tmp_path, "none", 1, 17, 40, 77)
    for taken, charged in found["seen"]:
        assert taken <= charged <= 120
    assert found["stop"] == "finished"
    assert found["charged"] == 120
    assert found["done"] < found["taken"] <= 120
    # Four kills, each of which costs at most a block: 2 % of the run.
    assert found["done"] >= 120 - 4 * 2


@pytest.mark.slow
def test_kill_9_of_a_seeded_run_changes_nothing(tmp_path):
    found = run_alone("killed_training", tmp_path, 5, 1, 17, 50, 90)
    _, expected = trained(iterations=120, seed=5, noise=0.05)
    assert found["curve"] == [list(point) for point in expected.curve]
    assert found["trained"] == expected.train_cross_entropy
    assert found["done"] == found["charged"] == 120 <= found["taken"]


# --- a full disk --------------------------------------------------------------------------------


def full(*_, **__):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_no_step_is_taken_that_could_not_be_charged(tmp_path, monkeypatch):
    drawn, real = [], noise.EntropyNoise.normal

    def normal(*arguments, **options):
        drawn.append(1)
        return real(*arguments, **options)

    monkeypatch.setattr(noise.EntropyNoise, "normal", normal)
    trained(tmp_path, iterations=60, seed=None, should_stop=after(20, Stop.PAUSED))
    assert len(drawn) == 20
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "_write", full)
        _, outcome = trained(tmp_path, iterations=60, seed=None)
    assert outcome.stop is Stop.DISK and "No space left on device" in str(outcome.reason)
    assert len(drawn) == outcome.iterations_done == 20
    _, outcome = trained(tmp_path, iterations=60, seed=None)
    assert (outcome.stop, outcome.iterations_done, len(drawn)) == (Stop.FINISHED, 60, 60)


def test_a_full_disk_at_the_start_charges_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(durable, "write", full)
    _, outcome = trained(tmp_path, iterations=60, seed=None)
    assert (outcome.stop, outcome.charged) == (Stop.DISK, 0)
    assert outcome.reason.values == {"reason": "No space left on device"}


def test_a_checkpoint_that_fails_leaves_the_last_good_one(tmp_path, monkeypatch):
    saves, real = [], durable.write

    def failing(path, content, **options):
        if path.name != checkpoint.NAME:
            return real(path, content, **options)
        saves.append(1)
        return full() if len(saves) > 4 else real(path, content, **options)

    with monkeypatch.context() as patch:
        patch.setattr(durable, "write", failing)
        _, stopped = trained(tmp_path, iterations=60, seed=None)
    assert stopped.stop is Stop.DISK
    taken = stopped.iterations_done
    assert stopped.charged == taken == charged_steps(tmp_path / LEDGER_FILE)
    _, outcome = trained(tmp_path, iterations=60, seed=None)
    assert outcome.stop is Stop.FINISHED and outcome.charged == 60
    assert 60 - taken <= outcome.iterations_done < 60, "what was not saved is lost, and charged"


def test_the_disks_last_room_saves_the_newest_steps(tmp_path, monkeypatch):
    """The reserve is given up for one more checkpoint: a full disk costs no step at all."""
    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "_keep_reserve", full)
        _, stopped = trained(tmp_path, iterations=60, seed=None)
    assert stopped.stop is Stop.DISK
    _, outcome = trained(tmp_path, iterations=60, seed=None)
    assert (outcome.stop, outcome.iterations_done) == (Stop.FINISHED, 60)


@pytest.mark.slow
def test_a_real_disk_that_fills_up_loses_nothing_and_overspends_nothing(tmp_path):
    namespace = ["unshare", "--user", "--map-root-user", "--mount"]
    try:
        possible = subprocess.run([*namespace, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("needs unshare")
    if possible.returncode:
        pytest.skip("needs a user and mount namespace")
    first, second = run_alone("full_disk", tmp_path, 600, before=namespace)
    assert first["stop"] == "disk" and "Free some space, then resume" in first["reason"]
    assert first["done"] == first["charged"] == first["on_disk"] >= 29
    assert second["stop"] == "finished"
    assert second["done"] == second["charged"] == second["on_disk"] == 80


def test_a_unit_may_give_several_windows():
    class Several(Corpus):
        def documents_in(self, units):
            return np.full(len(units), 2)

        def documents_of(self, units, picks01):
            return 2 * units + (picks01 >= 0.5)

    one, outcome = trained(
        iterations=3, documents=2, corpus=Several(), physical_batch_size=1, noise=0.0
    )
    whole, _ = trained(
        iterations=3, documents=2, corpus=Several(), physical_batch_size=64, noise=0.0
    )
    for name, weights in whole.averaged_weights().items():
        torch.testing.assert_close(one.averaged_weights()[name], weights, rtol=1e-3, atol=1e-5)
    assert outcome.train_cross_entropy == pytest.approx(math.log(32), rel=0.2)
