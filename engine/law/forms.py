"""The parametric forms of the loss surface L(M, T, σ̄), all bounded in [0, ln vocabulary].

Cross entropy in nats per token of a model of M parameters after T iterations at noise-batch
ratio σ̄ = σ/B (σ̄ = 0 is training without privacy). Every form falls with T and rises with σ̄
whatever its parameters, because β, γ > 0 are bounds and not hopes.

The signal forms say that a step of DP-SGD carries the share 1/(1 + x²), x = σ̄·M^κ/c, of the
signal of a noiseless step (signal power over signal plus noise power; noise in M dimensions has
norm ∝ √M, hence κ near ½), so that T steps are worth T_eff = T/(1 + x²) steps; then

    L = E + (V − E)·(1 − (1 − A)·(1 − h)),  A = a/(a + M^α),  h = y/(1 + y),
    y = (T_eff/T0)^−β + (T1/T)²,

with V = ln vocabulary, A what the size cannot express, h what is not yet learnt, and T1 the
steps that training needs to get going whatever the noise. While noise dominates, T/σ̄² alone
counts, and accounting keeps that nearly constant in T at a fixed ε: that is saturation.

``additive`` lets capacity, steps and noise each add to what is missing; in ``limits`` they do not
add: the worst of them decides, the more so the larger m, for who is held up by noise gains little
from further steps, and who is held up by size little from either.

``signal_limits`` joins the two: steps are discounted by their signal share, and of capacity and
what is not yet learnt the worse decides.

L1 and L2 of McKenna et al. (arXiv 2501.18914, section 5) are unbounded: fitted to few points
they pass ln V. ``bounded_l2`` is L2 under a bound.

Not covered: learning rate, sequence length, several families at once, and the first few steps.

>>> import numpy as np
>>> form = FORMS["signal_share"]
>>> theta = np.array([0.3, -3.0, 0.4, 2.0, 0.2, 0.2, -1.5])
>>> zeros, later = np.zeros(2), np.array([0.0, 1.0])
>>> form.cross_entropy(theta, zeros, zeros, later, np.log(30522)).round(2)
array([1.91, 2.68])
"""

from engine.errors import InputError
from engine.law import gradients
from engine.law.form import Form, Parameter, Unit
from engine.law.shapes import additive, bounded_l2, limits, signal, signal_limits

DEFAULT_FORM = "signal_onset"
"""Least error on left-out rows of the published table; see ``choose_form``."""


def form_of(name: str) -> Form:
    """The registered form called ``name``; :class:`InputError` names the choices otherwise."""
    if name not in FORMS:
        raise InputError(
            "Expected a form among {choices}, got {name}.", choices=", ".join(FORMS), name=name
        )
    return FORMS[name]


def _number(
    name: str,
    meaning: str,
    *,
    box: tuple[float, float],
    starts: tuple[float, ...],
    prior: tuple[float, float],
    unit: Unit = Unit.NONE,
) -> Parameter:
    low, high = box
    return Parameter(
        name=name, meaning=meaning, low=low, high=high, starts=starts, prior=prior, unit=unit
    )


# Priors are weak and the literature's: α 0.3 to 0.5 (Hoffmann et al. 2022, McKenna et al. 2025),
# β 0.1 to 0.3 (McKenna's L2: 0.12), κ = ½ from the norm of isotropic noise. Locations are wide.
# fmt: off
_ENTROPY = _number(
    "entropy", "Loss that no size and no training removes.",
    box=(0.0, 2.0), starts=(0.5,), prior=(0.5, 0.5), unit=Unit.LOSS)
_CAPACITY = _number(
    "log_capacity", "ln of what a model of reference size cannot express (odds).",
    box=(-9.0, 4.0), starts=(-3.0,), prior=(-2.5, 1.0))
_ALPHA = _number(
    "capacity_exponent", "How fast a larger model removes that part.",
    box=(0.02, 2.0), starts=(0.35,), prior=(0.4, 0.15))
_ODDS = _number(
    "log_odds", "ln of learnt over not yet learnt at the reference without noise.",
    box=(-6.0, 12.0), starts=(1.0, 2.0), prior=(2.0, 2.0))
_BETA = _number(
    "steps_exponent", "How fast further steps reduce what is not yet learnt.",
    box=(0.02, 3.0), starts=(0.15, 0.3), prior=(0.2, 0.2))
_KAPPA = _number(
    "noise_size_exponent", "How much more a larger model suffers from the same noise.",
    box=(-0.5, 1.5), starts=(0.1, 0.5), prior=(0.5, 0.15))
_SCALE = _number(
    "log_noise_scale", "ln of the noise (over the reference) that halves a step's worth.",
    box=(-9.0, 9.0), starts=(-3.0, -1.0, 1.0), prior=(-1.0, 2.0))
_GAMMA = _number(
    "noise_exponent", "How steeply noise devalues steps (1: signal over signal plus noise).",
    box=(0.05, 3.0), starts=(0.5, 1.0), prior=(1.0, 0.2))
_PACE = _number(
    "size_pace", "How much faster (or slower) per step a larger model learns.",
    box=(-0.5, 0.5), starts=(0.0,), prior=(0.0, 0.08))
_PLATEAU = _number(
    "plateau_share", "Loss under overwhelming noise as a share of ln vocabulary.",
    box=(0.5, 1.0), starts=(0.75,), prior=(0.75, 0.1))
_ONSET = _number(
    "log_onset", "ln of the steps (over the reference) that training needs to get going.",
    box=(-12.0, 2.0), starts=(-5.0,), prior=(-4.0, 2.0))
_SIGNAL = (_ENTROPY, _CAPACITY, _ALPHA, _ODDS, _BETA, _KAPPA, _SCALE)

_FIRST_TRY = (
    _number(
        "log_odds", "ln of the reference steps over the steps that begin to count.",
        box=(-6.0, 14.0), starts=(1.0, 4.0), prior=(3.0, 3.0)),
    _number(
        "steps_exponent", "How fast further steps reduce what is not yet learnt.",
        box=(0.02, 3.0), starts=(0.3, 0.8), prior=(0.2, 0.4)),
)
_ADDITIVE = (
    _ENTROPY, _CAPACITY, _ALPHA,
    _number("log_steps", "ln of what the reference steps leave.",
            box=(-9.0, 4.0), starts=(-2.0,), prior=(-2.0, 1.5)),
    _BETA, _KAPPA,
    _number("log_noise", "ln of what the reference noise adds.",
            box=(-9.0, 6.0), starts=(-2.0, -1.0), prior=(-2.0, 2.0)),
    _number("noise_exponent", "How steeply noise adds.",
            box=(0.05, 3.0), starts=(0.4, 0.8), prior=(0.7, 0.4)),
    _number("averaging", "How far further steps average noise out (½: fully).",
            box=(0.0, 1.0), starts=(0.5,), prior=(0.5, 0.1)),
)
_MIXING = _number(
    "mixing", "How far the worst limit alone decides (1: limits add).",
    box=(0.5, 8.0), starts=(1.0, 2.5), prior=(2.0, 0.5))
_L2 = (
    _ENTROPY,
    _number("log_capacity", "ln of what a model of reference size lacks.",
            box=(-7.0, 3.0), starts=(-1.0,), prior=(-0.5, 1.0), unit=Unit.LOG_LOSS),
    _ALPHA,
    _number("log_steps", "ln of what the reference steps leave.",
            box=(-7.0, 3.0), starts=(-1.0, 0.0), prior=(-0.5, 1.5), unit=Unit.LOG_LOSS),
    _BETA,
    _number("log_noise", "ln of what overwhelming noise adds.",
            box=(-4.0, 6.0), starts=(1.0, 2.5), prior=(2.0, 1.5), unit=Unit.LOG_LOSS),
    _number("noise_exponent", "How steeply noise adds (paper: 0.95).",
            box=(0.05, 3.0), starts=(0.7, 1.2), prior=(0.95, 0.4)),
    _number("noise_size_exponent", "How a larger model suffers (paper: −0.07).",
            box=(-1.0, 1.0), starts=(-0.1,), prior=(-0.07, 0.15)),
    _number("noise_middle", "ln of the noise (over the reference) at half its effect.",
            box=(-4.0, 12.0), starts=(3.0,), prior=(3.5, 1.5)),
)
# fmt: on

_ALL = (
    Form(
        name="signal_onset",
        formula="h = y/(1 + y), y = (T_eff/T0)^−β + (T1/T)², T_eff = T/(1 + (σ̄·M^κ/c)²)",
        parameters=(*_SIGNAL, _ONSET),
        evaluate=signal(shape="hill", onset=True),
        gradient=gradients.signal(shape="hill", onset=True),
    ),
    Form(
        name="signal_share",
        formula="h = 1/(1 + (T_eff/T0)^β), T_eff = T/(1 + (σ̄·M^κ/c)²)",
        parameters=_SIGNAL,
        evaluate=signal(shape="hill"),
        gradient=gradients.signal(shape="hill"),
    ),
    Form(
        name="signal_share_pace",
        formula="h = 1/(1 + M^ψ·(T_eff/T0)^β), T_eff = T/(1 + (σ̄·M^κ/c)²)",
        parameters=(*_SIGNAL, _PACE),
        evaluate=signal(shape="hill", psi=True),
        gradient=gradients.signal(shape="hill", psi=True),
    ),
    Form(
        name="signal_power",
        formula="h = 1/(1 + (T_eff/T0)^β), T_eff = T/(1 + (σ̄·M^κ/c)²)^γ",
        parameters=(*_SIGNAL, _GAMMA),
        evaluate=signal(shape="hill", gamma=True),
        gradient=gradients.signal(shape="hill", gamma=True),
    ),
    Form(
        name="plateau",
        formula="h = 1 − exp(−M^−ψ·(T_eff/T0)^−β), bounded by a fitted plateau ≤ ln V",
        parameters=(*_SIGNAL, _PACE, _PLATEAU),
        evaluate=signal(shape="exponential", psi=True, top=True),
        gradient=gradients.signal(shape="exponential", psi=True, top=True),
    ),
    Form(
        name="effective_steps",
        formula="h = (1 + T_eff/T0)^−β, T_eff = T/(1 + (σ̄·M^κ/c)²)^γ",
        parameters=(*_SIGNAL[:3], *_FIRST_TRY, _KAPPA, _SCALE, _GAMMA),
        evaluate=signal(shape="power", gamma=True),
        gradient=gradients.signal(shape="power", gamma=True),
    ),
    Form(
        name="additive",
        formula="L = E + (V − E)·z/(1 + z), z = a·M^−α + b·T^−β + d·(σ̄·M^κ·T^−ρ)^γ",
        parameters=_ADDITIVE,
        evaluate=additive,
        gradient=gradients.limits(mixing=False),
    ),
    Form(
        name="limits",
        formula="L = E + (V − E)·z/(1 + z), zᵐ = (a·M^−α)ᵐ + (b·T^−β)ᵐ + (d·(σ̄·M^κ·T^−ρ)^γ)ᵐ",
        parameters=(*_ADDITIVE, _MIXING),
        evaluate=limits,
        gradient=gradients.limits(mixing=True),
    ),
    Form(
        name="signal_limits",
        formula="L = E + (V − E)·z/(1 + z), zᵐ = (a·M^−α)ᵐ + ((T_eff/T0)^−β + (T1/T)²)ᵐ, "
        "T_eff = T/(1 + (σ̄·M^κ/c)²)",
        parameters=(*_SIGNAL, _ONSET, _MIXING),
        evaluate=signal_limits(),
        gradient=gradients.signal_limits(),
    ),
    Form(
        name="signal_limits_plateau",
        formula="signal_limits, bounded by a fitted plateau ≤ ln V",
        parameters=(*_SIGNAL, _ONSET, _MIXING, _PLATEAU),
        evaluate=signal_limits(top=True),
        gradient=gradients.signal_limits(top=True),
    ),
    Form(
        name="bounded_l2",
        formula="y = E + a·M^−α + b·T^−β + d·s(σ̄)^γ·M^−γ2, L = y/(1 + (y/V)⁴)^¼",
        parameters=_L2,
        evaluate=bounded_l2,
        gradient=gradients.bounded_l2,
    ),
)
FORMS: dict[str, Form] = {form.name: form for form in _ALL}
"""Every form that :func:`engine.law.selection.form_selection.choose_form` compares, by name."""
