"""Does what one evidence says of the law's shape help to predict the other's left-out rows?

``python -m tests.benchmarks.shape_prior`` (half a minute) fits every form to the published evidence
and to our own campaign. Then each is fitted again with the other's exponents as prior: mean and
width are those of the other's resamples, and beside them the standard deviation between families of
:mod:`engine.law.transfer.family_prior`. Printed is the mean error in ln L of the stack, which is
weighed anew, of what every fit had left out; then the same with the other's weights of the forms as
what is known of them beforehand, each kind of row by weights that never saw it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from engine.decision.fitted import MEASURED_GPT, PUBLISHED_BERT, capacity_of, evidence_of
from engine.interval import FloatArray
from engine.law.fit import FitResult, fitted
from engine.law.form import Form
from engine.law.forms import form_of
from engine.law.observations import Observations, observations_of
from engine.law.selection.holdout import DECADES, HeldOut, best, held_out
from engine.law.selection.stacking import stack_weights
from engine.law.stack import STACKED, _mean
from engine.law.transfer.family_prior import TAU

SHAPE = (
    "capacity_exponent",
    "steps_exponent",
    "noise_size_exponent",
    "noise_exponent",
    "size_pace",
    "averaging",
    "mixing",
)
"""What no reference moves and no corpus decides."""


def with_shape_of(form: Form, other: FitResult, widened: float) -> Form:
    """``form`` with the other evidence's exponents as its priors."""
    spread = dict(zip(form.names, np.array(other.resampled).std(axis=0), strict=True))
    centre = dict(zip(form.names, other.law.theta, strict=True))
    priors = {
        name: (centre[name], float(np.hypot(spread[name], widened * TAU[name])))
        for name in form.names
        if name in SHAPE
    }
    parameters = [replace(one, prior=priors.get(one.name, one.prior)) for one in form.parameters]
    return replace(form, parameters=tuple(parameters))


def missed(held: Sequence[HeldOut], weights: FloatArray) -> dict[str, float]:
    """Mean error in ln L of the forms' stack, of each kind of row left out."""
    some = np.flatnonzero(weights).tolist()
    together = _mean([held[k] for k in some], weights[some])
    parts = {"configurations": together.single, "off the ridge": together.off_ridge}
    parts |= {f"largest {d:g} x": part for d, part in zip(DECADES, together.large, strict=False)}
    return {
        name: float(np.abs(part.errors).mean()) for name, part in parts.items() if part is not None
    }


def unseen(held: Sequence[HeldOut], prior: FloatArray) -> dict[str, float]:
    """The same, each kind by weights that were found without it."""
    blind = {
        "configurations": held,
        "off the ridge": [replace(one, off_ridge=None) for one in held],
        "largest": [replace(one, large=()) for one in held],
    }
    found = {kind: missed(held, stack_weights(some, prior)) for kind, some in blind.items()}
    return {name: found[name.split(" 1")[0]][name] for name in found["configurations"]}


def said(errors: Mapping[str, float]) -> str:
    return ", ".join(f"{part} {error:.2%}" for part, error in errors.items())


def main() -> None:
    """Print errors without and with the other's shape, and its weights of the forms."""
    names = (PUBLISHED_BERT, MEASURED_GPT)
    plain = [form_of(name) for name in STACKED]
    alike = np.full(len(plain), 1 / len(plain))
    seen: dict[str, Observations] = {}
    fits: dict[str, list[FitResult]] = {}
    left_out: dict[str, list[HeldOut]] = {}
    for name in names:
        one = evidence_of(name)
        capacity = capacity_of(one.family)
        rows = seen[name] = observations_of(one.frame, capacity=capacity)
        fits[name], left_out[name] = [], []
        for form in plain:
            found = best(form, rows)
            held = held_out(form, rows, found[0])
            left_out[name].append(held)
            fits[name].append(
                fitted(form, rows, found, held, capacity=capacity, resamples=100, seed=0)
            )
    for name, other in (names, names[::-1]):
        print(f"{name}, by its own: {said(missed(left_out[name], stack_weights(left_out[name])))}")
        for widened in (1.0, 3.0):
            forms = [
                with_shape_of(form, one, widened)
                for form, one in zip(plain, fits[other], strict=True)
            ]
            rows = seen[name]
            held_anew = [held_out(form, rows, best(form, rows)[0]) for form in forms]
            errors = missed(held_anew, stack_weights(held_anew))
            print(f"{name}, exponents of the other's within {widened:g} tau: {said(errors)}")
        for way, prior in (("alike", alike), ("of the other's", stack_weights(left_out[other]))):
            print(f"{name}, unseen, forms beforehand {way}: {said(unseen(left_out[name], prior))}")


if __name__ == "__main__":
    main()
