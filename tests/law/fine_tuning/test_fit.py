"""The stacked law of fine-tuning on evidence of known laws."""

import numpy as np
import pytest

from engine.errors import InputError
from engine.law.fine_tuning.fit import ends, ends_of, fit_tuning
from engine.law.fine_tuning.forms import FORMS
from engine.law.fine_tuning.judge import _regrets, judge
from engine.law.fine_tuning.points import Configurations, Measured
from tests.law.fine_tuning.made_tunings import ORIGIN, form_called, made, theta_of


def asked(steps, noise, size=100_000.0, share=1.0, start=1.95):
    steps, noise = np.broadcast_arrays(np.array(steps, float), np.array(noise, float))
    full = np.ones(steps.shape)
    return Configurations(
        start_cross_entropy=start * full,
        model_size=size * full,
        trainable_size=size * share * full,
        iterations=steps,
        batch_size=64 * full,
        noise_batch_ratio=noise,
    )


def truth(form, at):
    return at.start_cross_entropy * (1 - form.share_taken(theta_of(form), ORIGIN.coordinates(at)))


@pytest.mark.parametrize("name", [form.name for form in FORMS])
def test_exact_evidence_gives_the_known_law_back(name):
    form = form_called(name)
    found = fit_tuning(made(form), draws=4)
    at = asked([50, 200, 500], [2.0**-9, 2.0**-7, 2.0**-5], size=60_000.0, share=0.2)
    assert found.cross_entropy(at) == pytest.approx(truth(form, at), rel=0.01)
    assert found.forms[0].form.name == name
    assert sum(one.weight for one in found.forms) == pytest.approx(1)


def test_ranges_hold_what_was_not_seen():
    """Of six evidences with 2 % of scatter: the true loss of new trainings in the 90 % range."""
    form, inside, widths = form_called("averaging"), [], []
    at = asked([40, 100, 300, 600], [2.0**-9, 2.0**-7, 2.0**-5, 2.0**-6], size=50_000.0, share=0.3)
    for seed in range(6):
        found = fit_tuning(made(form, scatter=0.02, seed=seed), draws=15)
        rng = np.random.default_rng(100 + seed)
        measured = truth(form, at) * np.exp(rng.normal(0, 0.02, size=4))
        for one, loss in zip(found.predict(at), measured, strict=True):
            inside.append(one.cross_entropy.low <= loss <= one.cross_entropy.high)
            widths.append((one.cross_entropy.high - one.cross_entropy.low) / loss)
    assert np.mean(inside) >= 0.8
    assert np.median(widths) < 0.25


def test_far_away_is_unknown_and_ranges_widen_on_the_way():
    found = fit_tuning(made(form_called("averaging"), scatter=0.01), draws=10)
    near, far, beyond = found.predict(asked([100, 3000, 3_000_000], [2.0**-8] * 3))
    assert near.known and not beyond.known
    assert near.distance < far.distance < beyond.distance

    def width(one):
        return one.cross_entropy.high - one.cross_entropy.low

    assert width(near) < width(far)
    assert 0 < near.share_taken < 1


def test_noise_below_that_of_the_evidence_is_not_far():
    found = fit_tuning(made(form_called("averaging")), draws=2)
    less, none = found.distances(asked([64, 64], [1e-9, 0.0]))
    assert less == pytest.approx(none, abs=1e-3)


def test_every_end_of_the_evidence_was_left_out():
    points = made(form_called("averaging"), scatter=0.01)
    parts = ends(points)
    assert set(parts) == {"the largest starts", "the longest trainings", "the most noise"}
    assert (points.model_size[parts["the largest starts"]] == 300_000).all()
    assert points.iterations[parts["the longest trainings"]].min() == 384
    errors = ends_of(fit_tuning(points, draws=2))
    assert set(errors) == {"a tenth of the configurations", *parts}
    assert all(np.sqrt(np.mean(found**2)) < 0.05 for found in errors.values())


def test_few_configurations_are_refused():
    points = made(form_called("pace"))
    with pytest.raises(InputError, match="at least 12 configurations that were fine-tuned, got 5"):
        fit_tuning(points.only(points.cell < 5))


def test_a_judged_law_is_made_without_what_it_is_asked_about():
    points = made(form_called("averaging"), scatter=0.01)
    found = {one.left_out: one for one in judge(points)}
    for name, part in ends(points).items():
        assert found[name].points == int(part.sum())
    assert len(found) > len(ends(points))  # and what lies some times beyond
    for one in found.values():
        assert one.median_error <= one.worst_error < 0.1
        assert one.inside >= 0.8 and 0 < one.width < 0.4


def test_regret_is_what_the_chosen_way_lost_beside_the_best():
    """Two places with three ways each, and one without a choice."""
    size = np.array([9.0] * 7)
    points = Measured(
        start_cross_entropy=size, model_size=size, batch_size=size, cell=np.arange(7.0),
        trainable_size=np.array([1.0, 2, 9, 1, 2, 9, 9]),
        iterations=np.array([4.0, 4, 4, 8, 8, 8, 16]),
        noise_batch_ratio=np.zeros(7),
        cross_entropy=np.array([2.0, 2.2, 1.6, 1.5, 1.2, 1.4, 1.0]),
    )  # fmt: skip
    predicted = np.array([1.9, 2.3, 1.8, 1.3, 1.4, 1.5, 7.0])
    np.testing.assert_allclose(_regrets(points, predicted), [0.0, 1.5 / 1.2 - 1])
    assert _regrets(points.only(points.iterations == 16), predicted[6:]).size == 0
