"""A sweep: which trainings to run, in which order.

Grids over (model size, noise-batch ratio, learning rate, seed) at one batch size; grids of an
earlier ``round`` come first. With ``interleave`` the runs of one round are ordered so that an
interrupted campaign is balanced: every model size has done the same share, each noise has its
middle learning rate before the outer ones and its first seed before the second, and noises come
in bit-reversed order.

Trainings of a sweep are **not private**: seeds are recorded, and who knows the seed knows the
noise. So the text must be public (:mod:`engine.pilot.sweeps.gridfile` insists). They share what a
law needs to compare them: learning rate constant after the warm-up (every point of the curve is
then a run of that many steps), weights averaged, gradients clipped to norm 1.

Not covered: several batch sizes in one plan (the law takes the noise-batch ratio instead), and
shorter runs that are a part of a longer one's curve. Loads no torch.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any

from engine.config import Sampling, TrainingConfig
from engine.errors import InputError
from engine.pilot.ladder import parameter_count, shape_for
from engine.pilot.plan import SOURCE, CorpusSource, Engine, Start, TrainingSettings
from engine.pilot.shape import Shape
from engine.pilot.starts import read_exactly
from engine.runs.fine_tuned import tuned_family, tuned_source
from engine.runs.record import run_id_of

CLIP_NORM = 1.0
AVERAGING = 8.0


@dataclass(frozen=True, kw_only=True)
class Grid:
    """One block of a plan: every combination of its four lists."""

    round: int
    model_sizes: tuple[float, ...] = ()
    """Targets on the ladder of shapes, parameters; the run has the shape's own number."""
    starts: tuple[Start, ...] = ()
    """Public starts instead, each with the rank of what is trained."""
    noise_batch_ratios: tuple[float, ...]
    learning_rates: tuple[float, ...]
    seeds: tuple[int, ...]
    iterations: int
    warmup: int


@dataclass(frozen=True, kw_only=True)
class SweepPlan:
    """A plan as read, checked. ``processes`` runs go side by side, of ``threads`` threads each."""

    corpus: CorpusSource
    grids: tuple[Grid, ...]
    interleave: bool
    processes: int
    threads: int
    device: str
    batch_size: int
    """Expected examples a step, the same for all runs."""
    sequence_length: int
    physical_batch_size: int
    engine: Engine
    precision: str

    def settings(self, *, vocabulary_size: int, data_budget: int) -> list[TrainingSettings]:
        """The trainings in the order to run them, each once.

        ``data_budget`` counts the units of text to train on.
        """
        if self.batch_size > data_budget:
            raise InputError(
                "Expected batch_size of at most the {data_budget} units of the text, got "
                "{batch_size}.",
                data_budget=data_budget,
                batch_size=self.batch_size,
            )
        shapes: dict[float | Start, Shape] = {}
        for grid in self.grids:
            shapes |= {start: read_exactly(start).card.shape for start in grid.starts}
            shapes |= {
                size: shape_for(
                    size, vocabulary_size=vocabulary_size, sequence_length=self.sequence_length
                )
                for size in grid.model_sizes
            }
        rounds: dict[int, dict[TrainingSettings, None]] = defaultdict(dict)
        for grid in self.grids:
            places: tuple[float | Start, ...] = (*grid.model_sizes, *grid.starts)
            lists = (places, grid.noise_batch_ratios, grid.learning_rates, grid.seeds)
            for place, noise, rate, seed in product(*lists):
                run = TrainingSettings(
                    shape=shapes[place],
                    start=place if isinstance(place, Start) else None,
                    config=TrainingConfig(
                        model_size=parameter_count(shapes[place]),
                        batch_size=self.batch_size,
                        iterations=grid.iterations,
                        sequence_length=self.sequence_length,
                    ),
                    data_budget=data_budget,
                    noise_batch_ratio=noise,
                    clip_norm=CLIP_NORM,
                    learning_rate=rate,
                    warmup=grid.warmup,
                    averaging=AVERAGING,
                    seed=seed,
                    engine=self.engine,
                    physical_batch_size=self.physical_batch_size,
                    precision=self.precision,
                )
                rounds[grid.round][run] = None
        found: dict[str, TrainingSettings] = {}
        for _, runs in sorted(rounds.items()):
            for run in _interleaved(runs) if self.interleave else runs:
                found.setdefault(run_id(run, family=""), run)
        return list(found.values())


def run_id(run: TrainingSettings, *, family: str) -> str:
    """Run id of the record that this training will become (:mod:`engine.runs.record`)."""
    return run_id_of(defining(run, family=family))


def defining(run: TrainingSettings, *, family: str) -> dict[str, Any]:
    """The fields of the record that are known before it starts.

    The micro-batch is not among them, for it changes speed and not results; nor is the data budget,
    as nothing is promised to anybody.
    """
    return {
        "family": family if run.start is None else tuned_family(family),
        "source": SOURCE
        if run.start is None
        else tuned_source(run.start.name, run.start.lora_rank),
        "provenance": "measured",
        "model_size": run.config.model_size,
        "batch_size": run.config.batch_size,
        "iterations": run.config.iterations,
        "sequence_length": run.config.sequence_length,
        "noise_batch_ratio": run.noise_batch_ratio,
        "sampling": Sampling.POISSON,
        "learning_rate": run.learning_rate,
        "seed": run.seed,
        "vocabulary_size": run.shape.vocabulary_size,
        "compute_optimal": False,
    }


def _interleaved(runs: Iterable[TrainingSettings]) -> list[TrainingSettings]:
    groups: dict[tuple[int, Start | None], list[TrainingSettings]] = defaultdict(list)
    for run in runs:
        groups[run.config.model_size, run.start].append(run)
    placed: list[tuple[float, float, int, TrainingSettings]] = []
    for group in groups.values():
        for place, run in enumerate(_balanced(group)):
            placed.append(((place + 0.5) / len(group), run.config.compute_flops, len(placed), run))
    return [run for *_, run in sorted(placed, key=lambda entry: entry[:3])]


def _balanced(runs: list[TrainingSettings]) -> list[TrainingSettings]:
    """Runs of one model size: by seed, then learning rate (middle first), then noise."""
    noises = _bit_reversed(sorted({run.noise_batch_ratio for run in runs}))
    seeds = sorted({run.seed or 0 for run in runs})
    rates: dict[float, set[float]] = defaultdict(set)
    for run in runs:
        rates[run.noise_batch_ratio].add(run.learning_rate)
    middle_first = {noise: _middle_first(sorted(found)) for noise, found in rates.items()}

    def rank(run: TrainingSettings) -> tuple[int, int, int, int]:
        return (
            seeds.index(run.seed or 0),
            middle_first[run.noise_batch_ratio].index(run.learning_rate),
            noises.index(run.noise_batch_ratio),
            run.config.iterations,
        )

    return sorted(runs, key=rank)


def _bit_reversed(values: list[float]) -> list[float]:
    """0 4 2 6 1 5 3 7: any beginning of it is spread over the whole."""
    bits = max(len(values) - 1, 1).bit_length()
    order = sorted(range(len(values)), key=lambda i: f"{i:0{bits}b}"[::-1])
    return [values[i] for i in order]


def _middle_first(values: list[float]) -> list[float]:
    middle = (len(values) - 1) / 2
    order = sorted(range(len(values)), key=lambda i: (abs(i - middle), i))
    return [values[i] for i in order]
