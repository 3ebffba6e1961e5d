"""Every form that claims to be a line in its coefficients is one, exactly, on its own losses."""

import numpy as np
import pytest

from engine.law.forms import FORMS
from engine.law.law import Law
from engine.law.linear import law_loss, line_of
from engine.law.observations import observations_of

NO_LINE = {"plateau", "effective_steps"}


def middle(form):
    """A θ off the prior's centre, so that no factor is 0 or 1 by accident."""
    return tuple(
        float(np.clip(one.prior[0] + 0.3 * one.prior[1], one.low + 0.01, one.high - 0.01))
        for one in form.parameters
    )


def on_line(law, observations):
    found = line_of(law, observations)
    assert found is not None
    return found


@pytest.mark.parametrize("name", FORMS)
def test_a_law_lies_on_its_own_line(name, published):
    observations = observations_of(published)
    law = Law(
        form=name,
        theta=middle(FORMS[name]),
        vocabulary_size=observations.vocabulary_size,
        reference=observations.reference,
    )
    if name in NO_LINE:
        assert line_of(law, observations) is None
        return
    line, rows = on_line(law, observations)
    assert rows.all() and len(line.names) == line.design.shape[1] == len(line.fitted)
    # Made by the law itself, the losses leave nothing over.
    losses = law_loss(law, observations)
    made = observations_of(published.assign(cross_entropy=losses))
    exact, _ = on_line(law, made)
    assert exact.design @ exact.fitted == pytest.approx(exact.response, rel=1e-9)
    # One per cent more loss is one per cent left over, wherever the row lies.
    more = observations_of(published.assign(cross_entropy=losses * np.exp(1e-5)))
    moved, _ = on_line(law, more)
    assert moved.response - moved.design @ moved.fitted == pytest.approx(1e-5, rel=2e-3)
    assert line.loss == pytest.approx(losses)


def test_a_loss_outside_the_bounds_is_on_no_line(published):
    observations = observations_of(published)
    law = Law(
        form="limits",
        theta=(1.0, -3.0, 0.3, -2.0, 0.1, 0.1, -1.0, 0.4, 0.5, 2.0),
        vocabulary_size=observations.vocabulary_size,
        reference=observations.reference,
    )
    low = observations_of(published.assign(cross_entropy=[0.9, *published["cross_entropy"][1:]]))
    line, rows = on_line(law, low)
    assert rows.tolist() == [False, *[True] * (len(published) - 1)]
    assert len(line.response) == rows.sum()


def test_without_noise_there_is_no_coefficient_of_it(published):
    quiet = published.assign(noise_batch_ratio=0.0, compute_optimal=False)
    reference = observations_of(published).reference
    observations = observations_of(quiet, reference=reference)
    law = Law(
        form="additive",
        theta=(0.5, -2.0, 0.3, -2.0, 0.1, 0.1, -1.0, 0.4, 0.5),
        vocabulary_size=observations.vocabulary_size,
        reference=reference,
    )
    assert on_line(law, observations)[0].names == ("size", "steps")
