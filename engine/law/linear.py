"""Forms of the law as straight lines in their coefficients, once exponents and scales are fixed.

With its exponents, floor E, ceiling C (ln V or the fitted plateau) and mixing m held, a form is
y(L) = Σ c_k·x_k(M, T, σ̄), where y rises with the loss L and the c_k are the coefficients left:

* ``additive`` and ``limits``: y = ((L − E)/(C − L))^m; a^m, b^m and d^m for size, steps, noise;
* ``signal_limits``: the same y; a^m for size, and one for what is not yet learnt, its steps
  discounted by noise and its onset kept in proportion;
* ``signal_onset``, ``signal_share``, ``signal_share_pace``, ``signal_power``: (C − E)/(C − L) − 1 =
  a·f + y + a·f·y with y = b·g + e·T^−2, products with coefficients of their own;
* ``bounded_l2``: y = L/(1 − (L/V)⁴)^¼, the bound undone, with E among its coefficients.

``plateau`` and ``effective_steps`` are no such lines: an amplitude stands in an exponential or
under a power there.

An error of ln L moves y by dy/d ln L; rows are divided by that, at the fitted loss, so that what is
left over is an error of ln L again, alike in all rows if the fit's own assumption holds.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.interval import BoolArray, FloatArray
from engine.law.forms import form_of
from engine.law.law import Law
from engine.law.observations import Observations

_AMPLITUDES = ("log_capacity", "log_steps", "log_noise")
_LEAST_SHARE = 1e-9
"""A regressor of less than this share of the response nowhere has a coefficient: no noise, say."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """n rows, k coefficients: y ≈ X·c, each row divided by dy/d ln L."""

    names: tuple[str, ...]
    """Of the coefficients."""
    response: FloatArray
    """(n,) of the measured losses."""
    design: FloatArray
    """(n, k)."""
    fitted: FloatArray
    """(k,) coefficients that the fit has, in the same units."""
    loss: FloatArray
    """(n,) what the law says of the rows, nats per token."""


@dataclass(frozen=True, kw_only=True, eq=False)
class _Shape:
    names: tuple[str, ...]
    columns: tuple[FloatArray, ...]
    coefficients: tuple[float, ...]
    response: Callable[[FloatArray], FloatArray]
    """y of losses."""
    slope: Callable[[FloatArray], FloatArray]
    """dy/d ln L at losses."""
    inside: tuple[float, float]
    """Losses between which y is defined."""


def line_of(law: Law, observations: Observations) -> tuple[Line, BoolArray] | None:
    """The line of ``law`` on rows measured from its reference, and (n,) which rows are on it: a
    measured loss outside (E, C) has no y. None for a form that is no such line."""
    make = _SHAPES.get(law.form)
    if make is None:
        return None
    u, v, s, ceiling = observations.u, observations.v, observations.s, law.log_vocabulary
    shape = make(law.parameters, u, v, s, ceiling)
    expected = law_loss(law, observations)
    measured = np.exp(observations.log_loss)
    low, high = shape.inside
    rows = (measured > low) & (measured < high) & (expected > low) & (expected < high)
    slope = shape.slope(expected[rows])
    response = shape.response(measured[rows]) / slope
    design = np.stack([column[rows] for column in shape.columns], axis=1) / slope[:, None]
    share = np.abs(design * np.array(shape.coefficients)).max(axis=0, initial=0.0)
    kept = share > _LEAST_SHARE * np.abs(response).max(initial=0.0)
    line = Line(
        names=tuple(name for name, keep in zip(shape.names, kept, strict=True) if keep),
        response=response,
        design=design[:, kept],
        fitted=np.array(shape.coefficients)[kept],
        loss=expected[rows],
    )
    return line, rows


def law_loss(law: Law, observations: Observations) -> FloatArray:
    """(n,) what the law says of the rows, nats per token."""
    found: FloatArray = form_of(law.form).cross_entropy(
        np.array(law.theta), observations.u, observations.v, observations.s, law.log_vocabulary
    )
    return found


def _limits(
    at: dict[str, float], u: FloatArray, v: FloatArray, s: FloatArray, ceiling: float
) -> _Shape:
    mixing, gamma = at.get("mixing", 1.0), at["noise_exponent"]
    power = mixing * gamma
    across = np.exp(power * (at["noise_size_exponent"] * u - at["averaging"] * v))
    return _odds(
        at["entropy"], ceiling, mixing,
        ("size", "steps", "noise"),
        (
            np.exp(-mixing * at["capacity_exponent"] * u),
            np.exp(-mixing * at["steps_exponent"] * v),
            s**power * across,
        ),
        tuple(float(np.exp(mixing * at[name])) for name in _AMPLITUDES),
    )  # fmt: skip


def _signal_limits(
    at: dict[str, float], u: FloatArray, v: FloatArray, s: FloatArray, ceiling: float
) -> _Shape:
    mixing, odds = at["mixing"], at["log_odds"]
    left = _unlearnt(at, u, v, s) + np.exp(odds + 2.0 * (at["log_onset"] - v))
    return _odds(
        at["entropy"], ceiling * at.get("plateau_share", 1.0), mixing,
        ("size", "unlearnt"),
        (np.exp(-mixing * at["capacity_exponent"] * u), left**mixing),
        (float(np.exp(mixing * at["log_capacity"])), float(np.exp(-mixing * odds))),
    )  # fmt: skip


def _odds(
    entropy: float,
    ceiling: float,
    mixing: float,
    names: tuple[str, ...],
    columns: tuple[FloatArray, ...],
    coefficients: tuple[float, ...],
) -> _Shape:
    def response(loss: FloatArray) -> FloatArray:
        found: FloatArray = ((loss - entropy) / (ceiling - loss)) ** mixing
        return found

    def slope(loss: FloatArray) -> FloatArray:
        by = loss / (loss - entropy) + loss / (ceiling - loss)
        found: FloatArray = mixing * response(loss) * by
        return found

    return _Shape(
        names=names,
        columns=columns,
        coefficients=coefficients,
        response=response,
        slope=slope,
        inside=(entropy, ceiling),
    )


def _signal(
    at: dict[str, float], u: FloatArray, v: FloatArray, s: FloatArray, ceiling: float
) -> _Shape:
    entropy, a, b = at["entropy"], np.exp(at["log_capacity"]), np.exp(-at["log_odds"])
    size, steps = np.exp(-at["capacity_exponent"] * u), _unlearnt(at, u, v, s)
    parts = [("size", size, a), ("unlearnt", steps, b), ("size × unlearnt", size * steps, a * b)]
    if "log_onset" in at:
        start, e = np.exp(-2.0 * v), np.exp(2.0 * at["log_onset"])
        parts += [("onset", start, e), ("size × onset", size * start, a * e)]
    names, columns, coefficients = zip(*parts, strict=True)
    span = ceiling - entropy

    def response(loss: FloatArray) -> FloatArray:
        found: FloatArray = span / (ceiling - loss) - 1.0
        return found

    def slope(loss: FloatArray) -> FloatArray:
        found: FloatArray = span * loss / (ceiling - loss) ** 2
        return found

    return _Shape(
        names=names,
        columns=columns,
        coefficients=tuple(map(float, coefficients)),
        response=response,
        slope=slope,
        inside=(entropy, ceiling),
    )


def _unlearnt(at: dict[str, float], u: FloatArray, v: FloatArray, s: FloatArray) -> FloatArray:
    """T_eff^−β·M^−ψ, relative to the reference."""
    noise = np.exp(at["noise_size_exponent"] * u - at["log_noise_scale"]) * s
    discount = np.log1p(noise**2) * at.get("noise_exponent", 1.0)
    found: FloatArray = np.exp(
        -at["steps_exponent"] * (v - discount) - at.get("size_pace", 0.0) * u
    )
    return found


def _bounded_l2(
    at: dict[str, float], u: FloatArray, v: FloatArray, s: FloatArray, ceiling: float
) -> _Shape:
    odds = s ** (1 / 1.6) * np.exp(-at["noise_middle"] / 1.6)
    share = odds / (1.0 + odds)

    def response(loss: FloatArray) -> FloatArray:
        found: FloatArray = loss / (1.0 - (loss / ceiling) ** 4) ** 0.25
        return found

    def slope(loss: FloatArray) -> FloatArray:
        found: FloatArray = response(loss) / (1.0 - (loss / ceiling) ** 4)
        return found

    return _Shape(
        names=("floor", "size", "steps", "noise"),
        columns=(
            np.ones_like(u),
            np.exp(-at["capacity_exponent"] * u),
            np.exp(-at["steps_exponent"] * v),
            share ** at["noise_exponent"] * np.exp(-at["noise_size_exponent"] * u),
        ),
        coefficients=(
            at["entropy"],
            *(float(np.exp(at[name])) for name in _AMPLITUDES),
        ),
        response=response,
        slope=slope,
        inside=(0.0, ceiling),
    )


_SHAPES = {
    "additive": _limits,
    "limits": _limits,
    "signal_limits": _signal_limits,
    "signal_limits_plateau": _signal_limits,
    "signal_onset": _signal,
    "signal_share": _signal,
    "signal_share_pace": _signal,
    "signal_power": _signal,
    "bounded_l2": _bounded_l2,
}
