"""Noise correlated over steps, on the code that trains: its covariance is the inverse strategy's,
units keep their turns, and neither survives a gap in the steps. Six standard errors are allowed."""

import json
import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from engine.accounting.accountant import certified_epsilon
from engine.accounting.strategy import noising, strategy
from engine.config import Sampling
from engine.errors import InputError
from engine.pilot.dpsgd import checkpoint, correlated, sampling
from engine.pilot.dpsgd import noise as noise_module
from engine.pilot.dpsgd.ledger import LEDGER_FILE, Ledger, epsilon_spent
from engine.pilot.dpsgd.model import build
from engine.pilot.dpsgd.noise import EntropyNoise, Purpose, SeededNoise
from engine.pilot.dpsgd.optimizer import flatten
from engine.pilot.dpsgd.private_step import PrivateStep
from engine.pilot.dpsgd.progress import Pace, Stop
from engine.pilot.dpsgd.resumption import Store
from engine.pilot.dpsgd.training import Training
from engine.pilot.plan import TrainingSettings
from tests.pilot.dpsgd.test_training import after, run_alone, same
from tests.pilot.fake_training import SHAPE, Corpus, S, settings

BANDS, T = 4, 40
STRATEGY = tuple(strategy(bands=BANDS, iterations=T).tolist())
CPU = torch.device("cpu")


def banded(**changes):
    return settings(**{"iterations": T, "batch_size": 6, "strategy": STRATEGY, **changes})


def trained(folder=None, *, should_stop=None, **changes):
    training = Training(banded(**changes), Corpus(), folder=folder)
    return training, training.run(should_stop=should_stop)


@pytest.fixture
def seen(monkeypatch):
    """Of every step in order: its number, who joined, its white noise, its noise."""
    steps: list[dict] = []
    draw, of = sampling.draw, correlated.Correlated.of

    def drawing(noise, step, **options):
        batch = draw(noise, step, **options)
        steps.append({"step": step, "units": batch.units})
        return batch

    def correlating(self, white, turn):
        found = of(self, white, turn)
        assert turn == steps[-1]["step"]
        steps[-1].update(white=white.clone().double(), noise=found.clone().double())
        return found

    monkeypatch.setattr(sampling, "draw", drawing)
    monkeypatch.setattr(correlated.Correlated, "of", correlating)
    return steps


def killed(folder, at, monkeypatch, **changes):
    """A process that dies after ``at`` steps: what it was granted stays charged."""
    with monkeypatch.context() as patch:
        patch.setattr(Store, "settle", lambda *_: None)
        patch.setattr(Training, "_save", _first_save(at, Training._save))
        with pytest.raises(KeyboardInterrupt):
            Training(banded(**changes), Corpus(), folder=folder).run(should_stop=_death(at))


def _first_save(at, real):
    """No checkpoint within the last three steps before death."""

    def save(self):
        if self.iteration <= at - 3:
            real(self)

    return save


def _death(at):
    asked = iter(range(at))

    def should_stop():
        if next(asked, None) is None:
            raise KeyboardInterrupt

    return should_stop


# --- the noise ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bands", [2, 4, 7])
def test_covariance_over_steps_is_that_of_the_inverse_strategy(bands):
    """The gradient that a step hands on, where nobody joined: σ̄·C⁻¹z."""
    steps, ratio = 12, 0.25
    c = strategy(bands=bands, iterations=steps)
    model = build(SHAPE, generator=torch.Generator().manual_seed(0))
    flat = flatten(model)
    plan = banded(strategy=tuple(c.tolist()), noise=ratio)
    subject = PrivateStep(model, plan, parameters=flat)
    nobody = torch.zeros((0, S), dtype=torch.long), torch.zeros((0, S), dtype=torch.long)
    rows = np.array(
        [subject.noisy_mean(nobody, EntropyNoise(), t)[0].double().numpy() for t in range(steps)]
    )
    rows = np.concatenate([rows, _more_rows(c, steps, ratio)], axis=1) / ratio
    inverse = np.array([[*noising(c, t + 1)[::-1], *np.zeros(steps - t - 1)] for t in range(steps)])
    expected, found = inverse @ inverse.T, rows @ rows.T / rows.shape[1]
    error = np.sqrt((np.outer(np.diag(expected), np.diag(expected)) + expected**2) / rows.shape[1])
    assert (np.abs(found - expected) < 6 * error).all()
    assert np.abs(expected[1, 0]) > 20 * error[1, 0], "the test could not tell it from white noise"


def _more_rows(c, steps, ratio):
    """The same object on many values at once."""
    many = correlated.Correlated(tuple(c.tolist()), 100_000, device=CPU)
    noise = EntropyNoise()
    return np.array(
        [
            ratio * many.of(noise.normal(t, 100_000, device=CPU), t).double().numpy()
            for t in range(steps)
        ]
    )


def test_the_strategy_takes_it_back_to_white_noise(seen):
    trained(noise=0.3)
    for t, step in enumerate(seen):
        again = sum(STRATEGY[j] * seen[t - j]["noise"] for j in range(min(BANDS, t + 1)))
        torch.testing.assert_close(again, step["white"], rtol=0, atol=1e-4)
    assert len(seen) == T


def test_the_sum_of_noises_is_smaller_than_that_of_independent_ones(seen):
    """What it is for: twelve steps' noise added up, at equal sensitivity."""
    trained()
    total = sum(step["noise"] for step in seen).pow(2).mean()
    assert float(total) < 0.6 * T


def test_one_band_asks_for_what_it_always_did(monkeypatch):
    asked = []

    class Asked(SeededNoise):
        def bits(self, step, purpose, count):
            asked.append((step, purpose, count))
            return super().bits(step, purpose, count)

        def normal(self, step, count, *, device):
            asked.append((step, Purpose.NOISE, count))
            return super().normal(step, count, device=device)

    monkeypatch.setattr(noise_module, "source", Asked)
    training = Training(settings(iterations=2), Corpus())
    training.run()
    size = training.settings.config.model_size
    kinds = [(step, purpose) for step, purpose, _ in asked]
    a_step = [Purpose.UNITS, Purpose.DOCUMENTS, Purpose.WINDOWS, Purpose.NOISE]
    expected = [(0, Purpose.WEIGHTS), *((step, kind) for step in (0, 1) for kind in a_step)]
    assert kinds == expected
    assert [count for _, kind, count in asked if kind is Purpose.UNITS] == [50, 50]
    assert [count for _, kind, count in asked if kind is Purpose.NOISE] == [size, size]
    assert training._private_step.correlated is None and training._banded_state() == {}


# --- turns --------------------------------------------------------------------------------------


def test_two_steps_of_a_unit_are_a_multiple_of_the_bands_apart(seen):
    trained(noise=0)
    joined = [(int(unit), step["step"]) for step in seen for unit in step["units"]]
    turn_of: dict[int, int] = {}
    for unit, step in joined:
        assert turn_of.setdefault(unit, step % BANDS) == step % BANDS
    assert len(turn_of) > 40 and set(turn_of.values()) == set(range(BANDS))


@pytest.mark.parametrize("noise", [EntropyNoise(), SeededNoise(2)], ids=["entropy", "seeded"])
def test_groups_are_drawn_for_each_unit_alone(noise):
    N, bands = 60_000, 6
    group_of = sampling.Groups.drawn(noise, units=N, bands=bands).group_of.astype(int)
    shares = np.bincount(group_of, minlength=bands) / N
    assert np.abs(shares - 1 / bands).max() < 6 * np.sqrt((1 / bands) * (1 - 1 / bands) / N)
    assert np.ptp(np.bincount(group_of)) > 0, "equal parts would move others when one is added"
    neighbours = np.mean(group_of[1:] == group_of[:-1])
    assert abs(neighbours - 1 / bands) < 6 * np.sqrt((1 / bands) * (1 - 1 / bands) / N)


def test_within_its_group_each_unit_joins_with_the_certified_probability():
    plan = banded(batch_size=6)
    assert plan.sampling_probability == 6 / (50 // BANDS) == plan.mechanism.sampling_probability
    groups = sampling.Groups(np.arange(50) % BANDS, BANDS)
    rounds = 4_000
    joined = np.zeros(50)
    for turn in range(rounds):
        batch = sampling.draw(
            EntropyNoise(), turn, units=50, probability=plan.sampling_probability, groups=groups
        )
        assert (batch.units % BANDS == turn % BANDS).all()
        joined[batch.units] += 1
    q, chances = plan.sampling_probability, rounds / BANDS
    assert np.abs(joined / chances - q).max() < 6 * np.sqrt(q * (1 - q) / chances)


def test_groups_of_another_number_are_refused():
    with pytest.raises(InputError, match="Expected units in 3 groups"):
        sampling.Groups(np.array([0, 3]), 3)
    with pytest.raises(InputError, match="Expected units in 3 groups"):
        sampling.Groups(np.array([-1, 2]), 3)


def test_all_units_may_be_in_one_group():
    groups = sampling.Groups(np.array([1, 1]), 3)
    assert [groups.members(turn).size for turn in range(4)] == [0, 2, 0, 0]


# --- interruptions ------------------------------------------------------------------------------


def test_a_seeded_run_in_pieces_is_the_same_run(tmp_path):
    whole, expected = trained()
    for steps in (0, 13, 6):
        assert trained(tmp_path, should_stop=after(steps, Stop.PAUSED))[1].stop is Stop.PAUSED
    pieces, outcome = trained(tmp_path)
    assert same(whole, pieces) and outcome.curve == expected.curve


def test_a_pause_goes_on_with_the_past_and_draws_nothing_twice(tmp_path, seen):
    trained(tmp_path, seed=None, should_stop=after(17, Stop.PAUSED))
    trained(tmp_path, seed=None)
    assert [step["step"] for step in seen] == list(range(T))
    at = 17
    again = sum(STRATEGY[j] * seen[at - j]["noise"] for j in range(BANDS))
    torch.testing.assert_close(again, seen[at]["white"], rtol=0, atol=1e-4)
    _no_entropy_twice(seen)


def test_after_a_kill_lost_steps_took_their_turn_and_noise_begins_anew(tmp_path, monkeypatch, seen):
    killed(tmp_path, 18, monkeypatch, seed=None)
    before = len(seen)
    assert before == 18
    groups = torch.load(tmp_path / checkpoint.NAME, weights_only=True)
    assert groups["noise"]["next"] == groups["taken"] < 18, "it had a past to go on from"
    with Ledger(tmp_path / LEDGER_FILE, banded(seed=None)) as ledger:
        charged = ledger.charged
    training, outcome = trained(tmp_path, seed=None)
    first = seen[before]
    assert first["step"] == charged >= 18
    torch.testing.assert_close(first["noise"], first["white"] / STRATEGY[0], rtol=1e-5, atol=1e-5)
    assert (training._groups.group_of == groups["groups"].numpy()).all()
    turn_of: dict[int, int] = {}
    for step in seen:
        for unit in step["units"]:
            assert turn_of.setdefault(int(unit), step["step"] % BANDS) == step["step"] % BANDS
    steps = [step["step"] for step in seen]
    assert len(set(steps)) == len(steps), "no step is taken twice"
    assert outcome.charged == T
    _no_entropy_twice(seen)


def _no_entropy_twice(steps):
    first = {tuple(step["white"][:4].tolist()) for step in steps}
    assert len(first) == len(steps)


def test_the_past_leaves_the_checkpoint_with_the_last_step(tmp_path):
    trained(tmp_path, seed=None, should_stop=after(9, Stop.PAUSED))
    path = tmp_path / checkpoint.NAME
    held = torch.load(path, weights_only=True)["noise"]
    assert held["past"].shape == (BANDS - 1, banded().config.model_size)
    assert held["past"].abs().min(dim=1).values.ne(0).all() and held["next"] == 9
    assert path.stat().st_mode & 0o077 == 0, "nobody else may read it"
    trained(tmp_path, seed=None)
    assert torch.load(path, weights_only=True)["noise"] is None
    trained(tmp_path, seed=None)


def test_a_pause_within_the_last_block_keeps_the_past(tmp_path, monkeypatch, seen):
    monkeypatch.setattr(Pace, "block", lambda self: 1_000)  # all steps are granted at once
    trained(tmp_path, seed=None, should_stop=after(9, Stop.PAUSED))
    assert torch.load(tmp_path / checkpoint.NAME, weights_only=True)["noise"]["next"] == 9
    trained(tmp_path, seed=None)
    again = sum(STRATEGY[j] * seen[9 - j]["noise"] for j in range(BANDS))
    torch.testing.assert_close(again, seen[9]["white"], rtol=0, atol=1e-4)


def test_a_ledger_without_its_checkpoint_is_refused(tmp_path):
    trained(tmp_path, seed=None, should_stop=after(9, Stop.PAUSED))
    os.unlink(tmp_path / checkpoint.NAME)
    with pytest.raises(InputError, match="which units take turns together"):
        trained(tmp_path, seed=None)


@pytest.mark.slow
def test_kill_9_of_a_banded_run_spends_no_more_than_promised(tmp_path):
    found = run_alone("killed_training", tmp_path, "none", "bands", 17, 40)
    for taken, charged in found["seen"]:
        assert taken <= charged <= 120
    assert (found["stop"], found["charged"]) == ("finished", 120)
    assert found["done"] < found["taken"] <= 120


# --- promise, plan, ledger ----------------------------------------------------------------------


def test_the_ledger_says_the_bands_and_counts_turns(tmp_path):
    plan = banded(seed=None, noise=0.2)
    with Ledger(tmp_path / LEDGER_FILE, plan) as ledger:
        ledger.reserve(9)
        spent = ledger.epsilon_spent(1e-5)
    header = json.loads((tmp_path / LEDGER_FILE).read_text().splitlines()[0])
    assert header["bands"] == BANDS
    assert header["sampling_probability"] == plan.sampling_probability
    assert spent == certified_epsilon(replace(plan.mechanism, compositions=3), 1e-5)[0]
    assert spent == epsilon_spent(plan.mechanism, charged=12, delta=1e-5)
    other = banded(seed=None, noise=0.2, strategy=(1.0,))
    with pytest.raises(InputError, match="ledger of this training"):
        Ledger(tmp_path / LEDGER_FILE, other)


def test_opacus_counts_turns_too(tmp_path):
    training, _ = trained(tmp_path, seed=None, noise=0.3)
    with Ledger(tmp_path / LEDGER_FILE, training.settings) as ledger:
        spent = ledger.epsilon_spent(1e-5)
    assert spent == pytest.approx(training.opacus_epsilon(1e-5).prv, abs=0.03)


def test_settings_are_read_as_they_were_written_and_old_ones_stay_as_they_were():
    plan = banded()
    assert TrainingSettings.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    usual = settings().to_dict()
    assert "strategy" not in usual and "sampling" not in usual
    assert checkpoint.identity(plan, "f") != checkpoint.identity(settings(iterations=T), "f")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"strategy": (0.9, 0.9)}, "whose norm is at most 1, got 0.9 and 1.27"),
        ({"strategy": (0.0, 0.5)}, "first coefficient is above 0"),
        ({"strategy": ()}, "first coefficient is above 0"),
        ({"strategy": (float("nan"), 0.5)}, "first coefficient is above 0"),
        ({"sampling": Sampling.DETERMINISTIC}, "Expected poisson or truncated-poisson"),
    ],
)
def test_what_keeps_no_promise_is_refused(change, message):
    with pytest.raises(InputError, match=message):
        banded(**change)


def test_groups_smaller_than_a_batch_are_refused():
    with pytest.raises(InputError, match="Expected groups of at least the 20 people"):
        _ = banded(batch_size=20, seed=None).mechanism
