"""What one family's law lets expect of another's: which constants are its own, and
how far they lie.

A family is an architecture, a tokenizer and a corpus. What a corpus decides (how much entropy is in
it, how hard it is for a small model and at first) is its own; how loss falls with size and steps,
and which noise halves a step's worth, belongs to the way of training. So the new family's θ gets a
normal prior (Gelman & Hill 2007, chapters 12 and 13: partial pooling, here of two groups)

    θ ~ N(θ_source, Σ_source + T),

with Σ_source the covariance of the source's resamples and T that between families: its diagonal is
τ², parameter by parameter (:data:`TAU`), small where the shape is shared, wide where a constant is
the family's own. τ is an assumption: two families cannot estimate it. With another vocabulary the
tokens differ too, and every τ is doubled. Parameters are relative to the source's reference, so
that they mean the same.

*Together.* A text that is hard to predict is hard for small models, at first and under noise alike,
so its constants (:data:`HARDER`) do not move one by one: :data:`TOGETHER` of their variance is
common, and one run says something of all of them. With τ as it is, ln L of another family then has
a standard deviation of 0.36 before any run; two of the Pile's 22 texts differ by 0.39 for one model
trained on all of them (Gao et al., arXiv 2101.00027, table 4).

*Entropy floor.* It is in nats per token, and a token of a smaller vocabulary holds less text: the
prior is centred at the source's share of ln V, E·ln V/ln V_source, with τ a share of ln V.
Everything else in the signal forms is a ratio and carries over as it is.

Not covered: τ from data; families trained in another way (optimizer, clipping, learning
rates not tuned).
"""

import math
from dataclasses import dataclass

import numpy as np

from engine.interval import FloatArray
from engine.law.fit import FitResult
from engine.law.form import Form
from engine.law.forms import form_of
from engine.law.law import require_vocabulary

TAU: dict[str, float] = {
    # The shape, shared: a quarter to a half of what the weak priors of the forms leave open.
    "capacity_exponent": 0.05,
    "steps_exponent": 0.04,
    "noise_size_exponent": 0.05,
    "noise_exponent": 0.08,
    "size_pace": 0.03,
    "averaging": 0.03,
    "mixing": 0.15,
    "plateau_share": 0.03,
    "log_noise_scale": 0.25,
    "noise_middle": 0.25,
    # The family's own constants: a factor of two either way.
    "log_capacity": 0.7,
    "log_odds": 0.7,
    "log_steps": 0.7,
    "log_noise": 0.7,
    "log_onset": 0.7,
}
"""Standard deviation between families of one vocabulary, in the parameter's unit. A parameter that
is not listed shares nothing: it has the width of its form's weak prior."""
ENTROPY_SHARE = 0.05
"""τ of the entropy floor over ln vocabulary: 0.28 nats a byte, 0.52 a token of 30,522."""
HARDER: dict[str, float] = {
    "entropy": 1.0,
    "log_capacity": 1.0,
    "log_odds": -1.0,
    "log_steps": 1.0,
    "log_noise": 1.0,
}
"""The constants that a harder text moves together, and in which direction."""
TOGETHER = 0.5
"""Share of their variance between families that is common. Over the 22 texts of the Pile ln loss a
byte of the smallest and the largest GPT-3 correlates by 0.98 (Gao et al., arXiv 2101.00027, table
2); that is for size alone. Steps and noise are in no such table: one half, so that neither a common
factor nor constants of a family's own surprise."""
OTHER_VOCABULARY = 2.0
"""Factor of every τ where the vocabulary differs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FamilyPrior:
    """What a source's law lets expect of another family's θ."""

    form: Form
    centre: FloatArray
    """(p,)"""
    width: FloatArray
    """(p,) τ of each parameter."""
    common: FloatArray
    """(p,) what a text harder by one standard deviation adds to each parameter."""
    resampled: FloatArray
    """(R, p) the source's own resamples, or its centre where it has none."""

    @property
    def between(self) -> FloatArray:
        """(p, p) covariance of θ between families: its diagonal is τ²."""
        return np.diag(self.width**2 - self.common**2) + np.outer(self.common, self.common)

    @property
    def precision(self) -> FloatArray:
        """(p, p) inverse of Σ_source + the covariance between families."""
        spread = self.between
        if len(self.resampled) > 1:
            spread = spread + np.cov(self.resampled.T)
        inverse: FloatArray = np.linalg.inv(np.asarray(spread, dtype=np.float64))
        return inverse

    def draws(self, rng: np.random.Generator, count: int) -> FloatArray:
        """(count, p) inside the form's box."""
        picked = self.resampled[rng.integers(len(self.resampled), size=count)]
        low, high = np.array([(p.low, p.high) for p in self.form.parameters]).T
        own = rng.normal(picked, np.sqrt(self.width**2 - self.common**2))
        return np.clip(own + rng.normal(size=(count, 1)) * self.common, low, high)


def family_prior(source: FitResult, vocabulary_size: int) -> FamilyPrior:
    """The prior of θ for a family of ``vocabulary_size`` tokens; see the module."""
    form, law = form_of(source.law.form), source.law
    require_vocabulary(vocabulary_size)
    own = np.log(vocabulary_size)
    other = 1.0 if vocabulary_size == law.vocabulary_size else OTHER_VOCABULARY
    share = np.array([own / law.log_vocabulary if n == "entropy" else 1.0 for n in form.names])
    width = other * np.array(
        [
            ENTROPY_SHARE * own if p.name == "entropy" else TAU.get(p.name, p.prior[1])
            for p in form.parameters
        ]
    )
    centre = np.array(law.theta) * share
    resampled = np.array(source.resampled) * share if source.resampled else centre[None]
    common = math.sqrt(TOGETHER) * width * np.array([HARDER.get(name, 0.0) for name in form.names])
    return FamilyPrior(form=form, centre=centre, width=width, common=common, resampled=resampled)
