"""What of a sweep is done, what is left, and how long that takes. Loads no
torch until it measures."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from engine import durable
from engine.pilot.plan import TrainingSettings
from engine.pilot.running.folder import pilots_folder
from engine.pilot.sweeps.grid import SweepPlan, run_id
from engine.pilot.sweeps.pace import Pace
from engine.pilot.sweeps.record import (
    Place,
    Stopped,
    failures,
    hardware,
    settings_differ,
    stopped_runs,
)
from engine.pilot.sweeps.train import train as train_run
from engine.pilot.sweeps.worker import Trainer, finished
from engine.pilot.text import corpus as corpora
from engine.pilot.text.corpus import Corpus
from engine.runs.log import RunLog

_PROBE_STEPS = (8, 24)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What of a sweep is done. ``left`` is in the order to run."""

    runs: tuple[TrainingSettings, ...]
    left: tuple[TrainingSettings, ...]
    finished: int
    failed: dict[str, str]
    """Run id -> why it is not tried again."""
    differing: tuple[str, ...]
    """Finished runs whose warm-up, text or other settings were not those of this plan."""
    pace: Pace
    stopped: dict[str, Stopped] = field(default_factory=dict)
    """Of those that are left, by run id: what was stopped as it could not change a decision."""


def default_place(*, device: str, threads: int) -> Place:
    """This installation's run log, and ``sweeps`` in the pilots' folder."""
    return Place(log_folder=None, folder=pilots_folder() / "sweeps", device=device, threads=threads)


def place_apart(folder: Path, *, device: str, threads: int) -> Place:
    """All in ``folder``: what this installation has trained does not count there."""
    return Place(
        log_folder=folder / "runs", folder=folder / "sweeps", device=device, threads=threads
    )


def open_sweep(
    plan: SweepPlan, *, share: float = 1.0, apart: Path | None = None
) -> tuple[Survey, Corpus, Place]:
    """What of the first ``share`` of a plan's runs is done, on which text: in this installation, or
    in the folder ``apart``."""
    corpus = corpora.load(plan.corpus)
    training_units, _ = corpus.split()
    runs = plan.settings(vocabulary_size=corpus.vocabulary_size, data_budget=len(training_units))
    if apart is None:
        place = default_place(device=plan.device, threads=plan.threads)
    else:
        place = place_apart(apart, device=plan.device, threads=plan.threads)
    return survey(runs[: math.ceil(share * len(runs))], corpus, place), corpus, place


def survey(runs: Sequence[TrainingSettings], corpus: Corpus, place: Place) -> Survey:
    """Compare a plan's runs with the run log and the notes of failures."""
    log = RunLog.open(place.log_folder)
    try:
        records = finished(log, corpus.family)
    finally:
        log.close()
    notes = failures(place.folder)
    names = {run_id(run, family=corpus.family): run for run in runs}
    done = names.keys() & records.keys()
    here = hardware(place)
    pace = Pace()
    for record in records.values():
        if record.hardware == here:
            pace.learn(record)
    return Survey(
        runs=tuple(runs),
        left=tuple(run for name, run in names.items() if name not in done and name not in notes),
        finished=len(done),
        failed={name: notes[name] for name in names if name in notes and name not in done},
        differing=tuple(
            sorted(name for name in done if settings_differ(records[name], names[name], corpus))
        ),
        pace=pace,
        stopped={
            name: one
            for name, one in stopped_runs(place.folder).items()
            if name in names and name not in done and name not in notes
        },
    )


def measure(survey: Survey, corpus: Corpus, place: Place, *, train: Trainer = train_run) -> Pace:
    """The survey's pace, with a few timed steps (nothing stored) of each size it does not know."""
    pace = survey.pace
    for size in sorted({run.config.model_size for run in survey.left} - pace.sizes):
        run = next(run for run in survey.left if run.config.model_size == size)
        seconds = []
        for steps in _PROBE_STEPS:
            short = replace(run, config=replace(run.config, iterations=steps), warmup=0)
            with durable.scratch("sweep") as folder:
                result = train(
                    short,
                    corpus,
                    folder=folder,
                    device=place.device,
                    threads=place.threads,
                    should_stop=lambda: False,
                )
            seconds.append(result.seconds)
        a_step = max((seconds[1] - seconds[0]) / (_PROBE_STEPS[1] - _PROBE_STEPS[0]), 1e-9)
        pace.add(size, run.config.compute_flops / run.config.iterations, a_step)
    return pace


def described(run: TrainingSettings) -> str:
    """One run in a line."""
    noise = f"2^{math.log2(run.noise_batch_ratio):g}" if run.noise_batch_ratio else "0"
    begun = ""
    if run.start is not None:
        method = f"LoRA {run.start.lora_rank}" if run.start.lora_rank else "all weights"
        begun = f"from {run.start.name}, {method}  "
    return (
        f"{begun}M={run.config.model_size:,}  σ̄={noise}  lr=2^{math.log2(run.learning_rate):g}  "
        f"seed={run.seed}  T={run.config.iterations:,}"
    )
