"""Tests of a fit by statsmodels, on the form as a line in its coefficients.

With the exponents at their fitted values a form is linear in its coefficients
(:mod:`engine.law.linear`), and ordinary least squares on rows scaled to errors of ln L gives

* coefficients with robust covariances: HC3 (MacKinnon and White, 1985) where each run is one row,
  else clustered by run, for the points of one curve err together;
* influence: hat values and Cook's distance of every row;
* heteroscedasticity: Breusch and Pagan's test in Koenker's form, along each input; of runs with a
  curve, one root mean square a run;
* specification: Ramsey's RESET, whether powers of the fitted ln L explain what is left; where
  runs have curves its p comes from the wild cluster bootstrap (Cameron, Gelbach and Miller, 2008),
  for with some 20 clusters the F distribution would find a bend twice as often as it says;
* the condition number of the design, its columns scaled to equal length.

All of it is *conditional on the exponents*: intervals here are too narrow for any use but to see
which coefficients hang together, and the law's own intervals come from resampling
(:mod:`engine.law.fit`). The regression weighs losses alone: not the priors, not what rows reported
as optimal say of slopes, and large errors count in full where the fit bends them (Huber).

A test that finds nothing proves nothing where it could hardly have found anything. So each carries
its **power** against a stated alternative, by simulation from these very rows: a spread that
doubles from one end of an input to the other, or a bend as large as the spread. Below
:data:`ENOUGH_POWER` its outcome is "cannot tell".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from engine.interval import BoolArray, FloatArray, IntArray
from engine.law.law import Law
from engine.law.linear import Line, line_of
from engine.law.observations import observations_of
from engine.law.tokens import FORM, TokenLaw

SIGNIFICANCE = 0.05
"""Of each test alone."""
ENOUGH_POWER = 0.5
"""Chance of finding the stated alternative from which on "not found" says something."""
SPREAD_FACTOR = 2.0
"""The alternative of Breusch and Pagan's test: standard deviation at one end over the other."""
COOK_LIMIT = 1.0
"""Cook's distance from which on a row moves the coefficients by as much as their own doubt."""
_SPARE_ROWS = 4
"""Rows, or runs, beyond the coefficients that a test needs to be asked at all."""
_LEAST_PART = 1e-4
"""What is left of a power of the fitted value, below which the design holds it already."""
_SIMULATIONS = 200
_SEED = 1


class Outcome(StrEnum):
    """What a test says."""

    FOUND = "found"
    NOT_FOUND = "not-found"
    CANNOT_TELL = "cannot-tell"
    """Not found, and it would hardly have been if it were there."""


class Kind(StrEnum):
    """What a test looks for."""

    SPREAD = "breusch-pagan"
    """A spread that changes along an input."""
    BEND = "reset"
    """That the form is bent where the runs are not, or the other way round."""


@dataclass(frozen=True, kw_only=True)
class Test:
    """One test; ``p`` and ``power`` are None where there are too few rows to ask."""

    __test__ = False
    kind: Kind
    along: str
    """The input; "" for all."""
    statistic: float | None
    p: float | None
    power: float | None
    """Chance to find the stated alternative with these rows."""
    rises: bool | None = None
    """Of the spread: whether it grows with the input."""

    @property
    def outcome(self) -> Outcome:
        """Found, not found, or not to be told with these rows."""
        if self.p is not None and self.p < SIGNIFICANCE:
            return Outcome.FOUND
        able = self.p is not None and self.power is not None and self.power >= ENOUGH_POWER
        return Outcome.NOT_FOUND if able else Outcome.CANNOT_TELL


@dataclass(frozen=True, kw_only=True)
class Coefficient:
    """One coefficient of the line, in the line's own units."""

    name: str
    value: float
    """Of the regression."""
    fitted: float
    """That the law's fit has."""
    error: float
    """Standard error if all rows scattered alike and by themselves."""
    robust_error: float
    """Standard error that assumes neither."""


@dataclass(frozen=True, kw_only=True)
class RowInfluence:
    """What one row does to the coefficients."""

    row: int
    """Of the frame."""
    run_id: str
    hat: float
    """0 to 1: how far the row decides its own fitted value."""
    cook: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Diagnostics:
    """The tests of one form; everything given its exponents."""

    form: str
    linear: bool
    """Whether the form is a line in its coefficients; otherwise all else is empty."""
    rows: int = 0
    """In the regression; those with a loss outside the form's floor and ceiling are not."""
    outside: int = 0
    """Rows that are not."""
    runs: int = 0
    spread: float = float("nan")
    """Standard deviation of ln L about the line."""
    covariance_kind: str = ""
    """HC3 or cluster."""
    coefficients: tuple[Coefficient, ...] = ()
    covariance: FloatArray | None = None
    """(k, k) robust, of the coefficients."""
    condition_number: float = float("nan")
    """Of columns of equal length; above some 30 coefficients cannot be told apart."""
    influence: tuple[RowInfluence, ...] = ()
    """By falling Cook's distance."""
    tests: tuple[Test, ...] = ()


def diagnose(law: Law, frame: pd.DataFrame) -> Diagnostics:
    """The tests of one fitted form on the ``frame`` that it was fitted to (columns in
    :func:`engine.law.observations.observations_of`); a second or less."""
    observations = observations_of(
        frame,
        capacity=law.capacity,
        reference=law.reference,
        counts_drawing=law.batch_size is not None,
    )
    found = line_of(law, observations)
    if found is None:
        return Diagnostics(form=law.form, linear=False)
    line, rows = found
    noisy = (observations.s > 0).any()
    inputs = {
        "model_size": observations.u[rows],
        "iterations": observations.v[rows],
        "noise_batch_ratio": _log_noise(observations.s, observations.least_noise)[rows]
        if noisy
        else np.zeros(int(rows.sum())),
    }
    runs = _runs(frame, observations.groups)
    names = (frame["run_id"] if "run_id" in frame else pd.Series(runs)).astype(str).tolist()
    return _tested(law.form, line, rows, runs, names, inputs)


def diagnose_tokens(law: TokenLaw, frame: pd.DataFrame) -> Diagnostics:
    """The same of the law of size and tokens, E + A·N^−α + B·D^−β with α and β fixed, on its
    ``frame``, whose iterations are tokens."""
    size, tokens, loss = (
        frame[name].to_numpy(float) for name in ("model_size", "iterations", "cross_entropy")
    )
    fitted, at = law.cross_entropy(size, tokens), law.parameters
    columns = [np.ones(len(size)), size ** -at["alpha"], tokens ** -at["beta"]]
    line = Line(
        names=("floor", "size", "tokens"),
        response=loss / fitted,
        design=np.stack(columns, axis=1) / fitted[:, None],
        fitted=np.array([at["E"], at["A"], at["B"]]),
        loss=fitted,
    )
    return _tested(
        FORM,
        line,
        np.ones(len(size), dtype=bool),
        np.arange(len(size)),
        frame["run_id"].astype(str).tolist(),
        {"model_size": np.log(size), "tokens": np.log(tokens)},
    )


def _tested(
    form: str,
    line: Line,
    rows: BoolArray,
    runs: IntArray,
    names: list[str],
    inputs: Mapping[str, FloatArray],
) -> Diagnostics:
    """The tests of a line: ``rows`` (n,) of a frame are on it, ``runs`` (n,) and ``names`` (n,) say
    which run each is of, ``inputs`` are the logarithms along which the spread is looked at."""
    count, width = line.design.shape
    outside = int((~rows).sum())
    if count <= width or np.linalg.matrix_rank(line.design) < width:
        return Diagnostics(form=form, linear=True, rows=count, outside=outside)
    runs = runs[rows]
    # statsmodels is slow to load, and most who ask for a law ask for no test of it.
    from statsmodels.regression.linear_model import OLS

    scale = np.linalg.norm(line.design, axis=0)
    model = OLS(line.response, line.design / scale)
    plain, kind = model.fit(), _covariance(runs)
    robust = model.fit(use_t=True, **kind)
    effect = plain.get_influence()
    places = np.flatnonzero(rows)
    influence = sorted(
        (
            RowInfluence(row=int(row), run_id=str(names[row]), hat=float(hat), cook=float(cook))
            for row, hat, cook in zip(
                places, effect.hat_matrix_diag, effect.cooks_distance[0], strict=True
            )
        ),
        key=lambda one: (-one.cook, one.row),
    )
    return Diagnostics(
        form=form,
        linear=True,
        rows=count,
        outside=outside,
        runs=len(np.unique(runs)),
        spread=float(np.sqrt(plain.scale)),
        covariance_kind=str(kind["cov_type"]),
        coefficients=tuple(
            Coefficient(name=name, value=value, fitted=fitted, error=error, robust_error=doubt)
            for name, value, fitted, error, doubt in zip(
                line.names,
                (plain.params / scale).tolist(),
                line.fitted.tolist(),
                (plain.bse / scale).tolist(),
                (robust.bse / scale).tolist(),
                strict=True,
            )
        ),
        covariance=robust.cov_params() / np.outer(scale, scale),
        condition_number=float(plain.condition_number),
        influence=tuple(influence),
        tests=(
            *(
                _spread(name, along, plain.resid, runs, width)
                for name, along in inputs.items()
                if np.ptp(along) > 0
            ),
            _bend(plain, line, runs),
        ),
    )


def _runs(frame: pd.DataFrame, groups: IntArray) -> IntArray:
    """(n,) which run each row is of: points of one curve share it. Two rows that name one
    configuration under two budgets are two runs."""
    if "run_id" not in frame:
        return np.asarray(groups)
    return np.asarray(pd.factorize(frame["run_id"])[0])


def _covariance(runs: IntArray) -> dict[str, Any]:
    if len(np.unique(runs)) == len(runs):
        return {"cov_type": "HC3"}
    return {"cov_type": "cluster", "cov_kwds": {"groups": runs}}


def _log_noise(noise: FloatArray, least: float) -> FloatArray:
    """ln σ̄ that ends at the least noise seen, as distances of the law do."""
    found: FloatArray = 0.5 * np.log(noise**2 + least**2)
    return found


def _spread(
    along_name: str, along: FloatArray, missed: FloatArray, runs: IntArray, width: int
) -> Test:
    """Breusch and Pagan's test along one input, one figure a run."""
    from statsmodels.stats.diagnostic import het_breuschpagan

    labels, of_row = np.unique(runs, return_inverse=True)
    counts = np.bincount(of_row)
    where = np.bincount(of_row, along) / counts
    rms = np.sqrt(np.bincount(of_row, missed**2) / counts)
    if len(labels) < width + _SPARE_ROWS or np.ptp(where) == 0:
        return Test(kind=Kind.SPREAD, along=along_name, statistic=None, p=None, power=None)
    place = (where - where.min()) / np.ptp(where)
    exogenous = np.column_stack([np.ones(len(place)), place])

    def asked(residual: FloatArray) -> tuple[float, float]:
        statistic, p, _, _ = het_breuschpagan(residual, exogenous)
        return float(statistic), float(p)

    statistic, p = asked(rms)
    doubled = SPREAD_FACTOR**place
    power = _power(lambda rng: asked(doubled * rng.standard_normal(len(place)))[1])
    slope = np.polyfit(place, rms**2, 1)[0]
    return Test(
        kind=Kind.SPREAD,
        along=along_name,
        statistic=statistic,
        p=p,
        power=power,
        rises=bool(slope > 0),
    )


def _bend(plain: Any, line: Line, runs: IntArray) -> Test:
    """Ramsey's RESET: whether square and cube of the fitted ln L explain what is left of ln L."""
    from statsmodels.regression.linear_model import OLS

    labels, of_row = np.unique(runs, return_inverse=True)
    fitted, exog = plain.fittedvalues, plain.model.exog
    powers = _powers(line.loss, exog)
    if len(labels) < exog.shape[1] + 2 + _SPARE_ROWS or not powers.shape[1]:
        return Test(kind=Kind.BEND, along="", statistic=None, p=None, power=None)
    kind, both = _covariance(runs), np.hstack([exog, powers])
    extra = np.eye(both.shape[1])[exog.shape[1] :]

    def asked(response: FloatArray) -> tuple[float, float]:
        found = OLS(response, both).fit(use_t=True, **kind)
        result = found.wald_test(extra, use_f=True, scalar=True)
        return float(result.statistic), float(result.pvalue)

    statistic, p = asked(line.response)
    rng = np.random.default_rng(_SEED)
    limit = None
    if kind["cov_type"] == "cluster":
        signs = rng.choice([-1.0, 1.0], size=(_SIMULATIONS, len(labels)))[:, of_row]
        chance = [asked(fitted + plain.resid * sign)[0] for sign in signs]
        p = (1 + int(np.sum(np.array(chance) >= statistic))) / (_SIMULATIONS + 1)
        limit = float(np.quantile(chance, 1.0 - SIGNIFICANCE))
    ends = np.argsort(np.argsort(line.loss)) / max(len(line.loss) - 1, 1)
    bent = np.sqrt(plain.scale) * (8.0 * (ends - 0.5) ** 2 - 1.0)

    def finds() -> bool:
        error = rng.standard_normal(len(labels))[of_row] * np.sqrt(plain.scale)
        value, chance = asked(fitted + bent + error)
        return chance < SIGNIFICANCE if limit is None else value > limit

    power = float(np.mean([finds() for _ in range(_SIMULATIONS)]))
    return Test(kind=Kind.BEND, along="", statistic=statistic, p=p, power=power)


def _powers(loss: FloatArray, exog: FloatArray) -> FloatArray:
    """(n, at most 2) square and cube of ln ``loss``, less what the design explains of them: rows
    are scaled to errors of ln L, so that these are bends of ln L itself."""
    place = np.log(loss)
    place = 2.0 * (place - place.min()) / max(float(np.ptp(place)), _LEAST_PART) - 1.0
    kept = np.empty((len(loss), 0))
    for power in (2, 3):
        before = np.hstack([exog, kept])
        column = place**power
        rest = column - before @ np.linalg.lstsq(before, column, rcond=None)[0]
        size = float(np.linalg.norm(rest))
        if size > _LEAST_PART * np.sqrt(len(loss)):
            kept = np.hstack([kept, rest[:, None] / size])
    return kept


def _power(p_of: Callable[[np.random.Generator], float]) -> float:
    """Share of simulations in which the test finds what was put there."""
    rng = np.random.default_rng(_SEED)
    return float(np.mean([p_of(rng) < SIGNIFICANCE for _ in range(_SIMULATIONS)]))
