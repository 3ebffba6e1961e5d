"""What the rows say: conditions vanish at a true optimum, edges are
one-sided, bad frames refused."""

import numpy as np
import pytest
from scipy.optimize import minimize

from engine.errors import InputError
from engine.law.forms import form_of
from engine.law.law import Law
from engine.law.observations import observations_of
from engine.law.residuals import SLOPE_TOLERANCE, residuals, row_of_residual


def test_conditions_vanish_at_the_law_s_own_optimum(published, published_fit, accounting):
    """Optimise the law numerically at one budget; the Lagrange conditions must then hold."""
    law, row = published_fit.law, published.iloc[9]
    people, epsilon, delta = row["data_budget"], row["epsilon"], row["delta"]

    def noise(batch, steps):
        return accounting(people, batch, steps, epsilon, delta)

    def log_loss(x):
        size, steps = np.exp(x)
        batch = row["compute_flops"] / (6 * 512 * size * steps)
        return float(np.log(law.cross_entropy(size, steps, noise(batch, steps))))

    start = np.log([row["model_size"], row["iterations"]])
    x = minimize(log_loss, start, method="Nelder-Mead", options={"xatol": 1e-7, "fatol": 1e-13}).x
    size, steps = np.exp(x)
    batch, h = row["compute_flops"] / (6 * 512 * size * steps), 1e-4
    frame = published.copy()
    frame.loc[9, ["model_size", "iterations", "batch_size"]] = size, steps, batch
    frame.loc[9, "noise_batch_ratio"] = noise(batch, steps)
    frame.loc[9, "slope_batch"] = np.log(
        noise(batch * np.exp(h), steps) / noise(batch * np.exp(-h), steps)
    ) / (2 * h)
    frame.loc[9, "slope_iterations"] = np.log(
        noise(batch, steps * np.exp(h)) / noise(batch, steps * np.exp(-h))
    ) / (2 * h)
    observations = observations_of(frame)
    # The reference moved with the row: express the same law in the new one.
    theta = _recentred(law, observations)
    found = residuals(form_of(law.form), theta[None], observations)[0]
    here = found[row_of_residual(observations) == 9][1:3] * SLOPE_TOLERANCE
    # Nelder-Mead stops within 1e-6 e-folds or so of a flat optimum; slopes there are below 1e-5.
    np.testing.assert_allclose(here, 0, atol=1e-5)


def _recentred(law: Law, observations) -> np.ndarray:
    new, old, values = observations.reference, law.reference, dict(law.parameters)
    size = np.log(new.model_size / old.model_size)
    steps = np.log(new.iterations / old.iterations)
    noise = np.log(new.noise_batch_ratio / old.noise_batch_ratio)
    values["log_capacity"] -= values["capacity_exponent"] * size
    values["log_odds"] += values["steps_exponent"] * steps
    values["log_noise_scale"] -= noise + values["noise_size_exponent"] * size
    values["log_onset"] -= steps
    return np.array(list(values.values()))


def test_edges_speak_one_way_only(published):
    observations = observations_of(published)
    assert observations.smallest.sum() == 3
    assert observations.largest.sum() == 8
    assert observations.longest.sum() == 6
    form = form_of("signal_share")
    # A law of noise alone: a larger model suffers, so smaller is better at every row.
    harmful = np.array([0.3, -9.0, 0.4, 2.0, 0.2, 1.0, -1.5])
    found = residuals(form, harmful[None], observations)[0, 20:40]
    assert (found[observations.smallest] == 0).all()
    assert (found[observations.largest] > 0).all()


def test_rows_of_one_configuration_belong_together(published):
    groups = observations_of(published).groups
    assert groups[11] == groups[13]  # (1e7, 64) and (1e8, 4)
    assert len(set(groups)) == 17


def test_run_id_decides_the_groups_of_measured_runs(published):
    measured = published.assign(run_id=["a", "b"] * 10, compute_optimal=False)
    assert len(set(observations_of(measured).groups)) == 2


def test_optimal_rows_of_one_configuration_leave_together_whatever_their_run_id(published):
    named = published.assign(run_id=[f"run-{k}" for k in range(20)])
    groups = observations_of(named).groups
    assert len(set(groups)) == 17
    assert groups[11] == groups[13]


def test_measured_runs_carry_no_conditions(published):
    observations = observations_of(published.assign(compute_optimal=False))
    form = form_of("signal_share")
    theta = np.array([[p.starts[0] for p in form.parameters]])
    assert residuals(form, theta, observations).shape == (1, 20)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda f: f.head(7), "at least 8 rows"),
        (lambda f: f.drop(columns="iterations"), "columns iterations"),
        (lambda f: f.assign(model_size=1e7), "two model sizes"),
        (lambda f: f.assign(noise_batch_ratio=0.0), "two or more noise-batch ratios"),
        (lambda f: f.assign(cross_entropy=f["cross_entropy"].replace(7.28, 11.0)), "10.33 nats"),
        (lambda f: f.assign(cross_entropy=f["cross_entropy"].replace(7.28, np.nan)), "found 1 row"),
        (lambda f: f.assign(noise_batch_ratio=-1.0), "found 20 rows"),
        (lambda f: f.assign(vocabulary_size=[30522, 256] * 10), "one vocabulary_size"),
    ],
)
def test_bad_frames_are_refused_with_one_sentence(published, change, sentence):
    with pytest.raises(InputError, match=sentence) as caught:
        observations_of(change(published))
    assert "\n" not in str(caught.value)


def test_missing_answers_to_compute_optimal_mean_no(published):
    frame = published.assign(compute_optimal=[True, None] * 10)
    assert observations_of(frame).optimal.sum() == 10


def test_beside_a_law_one_row_is_evidence(published):
    whole = observations_of(published)
    alone = observations_of(published.iloc[[3]], reference=whole.reference)
    assert alone.reference == whole.reference
    for name in ("u", "v", "s", "log_loss"):
        np.testing.assert_array_equal(getattr(alone, name), getattr(whole, name)[[3]])
    quiet = observations_of(published.assign(noise_batch_ratio=0.0), reference=whole.reference)
    assert (quiet.s == 0).all()
    with pytest.raises(InputError, match="at least 1 rows"):
        observations_of(published.iloc[:0], reference=whole.reference)
    with pytest.raises(InputError, match="found 1 row"):
        observations_of(published.iloc[[3]].assign(cross_entropy=np.nan), reference=whole.reference)
