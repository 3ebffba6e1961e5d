"""Does what one evidence says of the law's shape help to predict the other's left-out rows?

``python -m tests.benchmarks.shape_prior`` (half a minute) fits every form to the published evidence
and to our own campaign. Then each is fitted again with the other's exponents as prior: mean and
width are those of the other's resamples, and beside them the standard deviation between families of
:mod:`engine.law.transfer.family_prior`. Printed is the mean error in ln L of the stack, which is
weighed anew, of what every fit had left out.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.decision.fitted import MEASURED_GPT, PUBLISHED_BERT, capacity_of, evidence_of
from engine.law.fit import FitResult, fitted
from engine.law.form import Form
from engine.law.forms import form_of
from engine.law.observations import Observations, observations_of
from engine.law.selection.holdout import DECADES, best, held_out
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


def missed(forms: Sequence[Form], observations: Observations) -> dict[str, float]:
    """Mean error in ln L of the forms' stack, of each kind of row left out."""
    held = [held_out(form, observations, best(form, observations)[0]) for form in forms]
    weights = stack_weights(held)
    some = [k for k in range(len(forms)) if weights[k] > 0]
    together = _mean([held[k] for k in some], weights[some])
    parts = {"configurations": together.single, "off the ridge": together.off_ridge}
    parts |= {f"largest {d:g} x": part for d, part in zip(DECADES, together.large, strict=False)}
    return {
        name: float(np.abs(part.errors).mean()) for name, part in parts.items() if part is not None
    }


def main() -> None:
    """Print errors without and with the other's shape."""
    names = (PUBLISHED_BERT, MEASURED_GPT)
    plain = [form_of(name) for name in STACKED]
    seen: dict[str, Observations] = {}
    fits: dict[str, list[FitResult]] = {}
    for name in names:
        one = evidence_of(name)
        capacity = capacity_of(one.family)
        rows = seen[name] = observations_of(one.frame, capacity=capacity)
        fits[name] = []
        for form in plain:
            found = best(form, rows)
            held = held_out(form, rows, found[0])
            fits[name].append(
                fitted(form, rows, found, held, capacity=capacity, resamples=100, seed=0)
            )
    for name, other in (names, names[::-1]):
        ways = {"its own": plain}
        for widened in (1.0, 3.0):
            ways[f"the other's, {widened:g} tau"] = [
                with_shape_of(form, one, widened)
                for form, one in zip(plain, fits[other], strict=True)
            ]
        for way, forms in ways.items():
            errors = missed(forms, seen[name])
            said = ", ".join(f"{part} {error:.2%}" for part, error in errors.items())
            print(f"{name}, shape {way}: {said}", flush=True)


if __name__ == "__main__":
    main()
