"""What correlated noise did to the loss, in one table, and how well the law of it predicts.

``python -m tests.golden.bands_table`` prints the rows of docs/mechanisms.md.
"""

import math
from collections.abc import Callable
from statistics import median

from engine.law.correlated import Cell, correlation, fitted


def rows() -> list[str]:
    """The lines of the table, without its head."""
    return [_line(cell) for cell in correlation().cells]


def _line(cell: Cell) -> str:
    rate = f"2^{round(math.log2(cell.learning_rate))}" + (" (edge)" if cell.at_edge else "")
    equal = f"{'at most ' if cell.bound else ''}{cell.equal:.2f}"
    return (
        f"| {cell.model_size:,} | {cell.epsilon:g} | {cell.bands} | {rate} | "
        f"{cell.loss:.3f} ± {cell.half_difference:.3f} | {cell.gain:.3f} | {equal} | "
        f"{cell.planned:.2f} |"
    )


def left_out() -> list[str]:
    """The law without each size, each ε and each number of bands, asked about what it lacks."""
    known = correlation()
    kinds: tuple[tuple[str, Callable[[Cell], float]], ...] = (
        ("parameters", lambda cell: cell.model_size),
        ("ε", lambda cell: cell.epsilon),
        ("bands", lambda cell: cell.bands),
    )
    lines = []
    for kind, value_of in kinds:
        errors, inside = [], []
        for value in sorted({value_of(cell) for cell in known.cells}):
            law = fitted(
                [cell for cell in known.cells if value_of(cell) != value],
                iterations=known.iterations,
                sampling_probability=known.sampling_probability,
            )
            for cell in known.cells:
                if value_of(cell) == value:
                    share = law.equal_share(cell.planned)
                    errors.append(abs(math.log(cell.equal / share.value)))
                    inside.append(share.low <= cell.equal <= share.high)
        lines.append(
            f"| {kind} | {median(errors):.0%} | {max(errors):.0%} | "
            f"{sum(inside)} of {len(inside)} |".replace("%", " %")
        )
    return lines


def exponent() -> str:
    """κ with its range, and the scatter."""
    known = correlation()
    found = known.exponent
    return (
        f"κ = {found.value:.2f} ({found.low:.2f} to {found.high:.2f}), scatter {known.scatter:.2f}"
    )


if __name__ == "__main__":
    print("\n".join([*rows(), "", *left_out(), "", exponent()]))
