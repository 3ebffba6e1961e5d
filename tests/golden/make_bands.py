"""Measures what correlated noise does to the loss: ``python -m tests.golden.make_bands``.

Trains three small decoders on the docstrings of the installed packages at the same N, ε, δ, batch
and steps, hence the same compute, with noise correlated over 1, 4, 16 and 64 steps, at learning
rates around the best of each, and with two seeds. Independent noise is also trained with less noise
than it may have (``SHARES`` of its σ): to what fall of σ̄ is correlation equal? Seeded: nothing here
is private, and ε is that of the same training under secret noise. Writes
data/correlated-noise.json after every run and goes on from it, so that it may be stopped at any
time: what is not in the file was not measured.
"""

import itertools
import json
import time
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from engine.accounting.accountant import certify
from engine.accounting.strategy import error, strategy
from engine.config import Sampling, TrainingConfig
from engine.pilot.dpsgd.training import Training
from engine.pilot.ladder import parameter_count, shape_for
from engine.pilot.plan import CorpusSource, TrainingSettings
from engine.pilot.text.corpus import Corpus, load

SIZES, SEQUENCE, BATCH, STEPS = (14_000, 36_000, 90_000), 32, 48, 192
EPSILONS, DELTA = (1.0, 4.0, 16.0), 1e-6
BANDS = (1, 4, 16, 64)
RATES = {1: (2**-6, 2**-5, 2**-4, 2**-3), 4: (2**-5, 2**-4, 2**-3, 2**-2)}
"""Tried for independent noise, and for noise that is correlated over so many steps or more."""
SEEDS = (1, 2)
SHARES = (0.5, 0.25)
PATH = Path(__file__).parents[2] / "data" / "correlated-noise.json"


def plan(
    corpus: Corpus, size: int, epsilon: float, bands: int, rate: float, seed: int
) -> TrainingSettings:
    shape = shape_for(size, vocabulary_size=corpus.vocabulary_size, sequence_length=SEQUENCE)
    people = len(corpus.split()[0])
    certificate = certify(
        data_budget=people,
        batch_size=BATCH,
        iterations=STEPS,
        epsilon=epsilon,
        delta=DELTA,
        sampling=Sampling.POISSON,
        bands=bands,
    )
    return TrainingSettings(
        shape=shape,
        config=TrainingConfig(
            model_size=parameter_count(shape),
            batch_size=BATCH,
            iterations=STEPS,
            sequence_length=SEQUENCE,
        ),
        data_budget=people,
        noise_batch_ratio=certificate.noise_multiplier / BATCH,
        clip_norm=1.0,
        learning_rate=rate,
        warmup=20,
        seed=seed,
        physical_batch_size=64,
        strategy=tuple(strategy(bands=bands, iterations=STEPS).tolist()),
    )


def main() -> None:
    torch.set_num_threads(1)
    corpus = load(CorpusSource(kind="docstrings"))
    made: dict[str, Any] = {"runs": []}
    if PATH.exists():
        made = json.loads(PATH.read_text())
    names = ("size", "epsilon", "bands", "learning_rate", "seed", "share")
    done = {tuple(run[name] for name in names) for run in made["runs"]}
    kinds = [
        (bands, share, rate)
        for bands, share in (*((bands, 1.0) for bands in BANDS), *((1, share) for share in SHARES))
        for rate in RATES[min(bands, max(RATES))]
    ]
    for asked in itertools.product(SIZES, EPSILONS, SEEDS, kinds):
        size, epsilon, seed, (bands, share, rate) = asked
        if (size, epsilon, bands, rate, seed, share) in done:
            continue
        settings = plan(corpus, size, epsilon, bands, rate, seed)
        settings = replace(settings, noise_batch_ratio=share * settings.noise_batch_ratio)
        began = time.process_time()
        outcome = Training(settings, corpus).run()
        sigma = settings.noise_batch_ratio * BATCH
        left = error(strategy(bands=bands, iterations=STEPS), iterations=STEPS) ** 0.5
        made["runs"].append(
            {
                "size": size,
                "model_size": settings.config.model_size,
                "epsilon": epsilon,
                "bands": bands,
                "learning_rate": rate,
                "seed": seed,
                "share": share,
                "cross_entropy": outcome.cross_entropy,
                "noise_multiplier": sigma,
                "error": sigma * left,
                "stop": str(outcome.stop),
                "seconds": round(time.process_time() - began, 1),
            }
        )
        made |= {
            "people": settings.data_budget,
            "sequence_length": SEQUENCE,
            "batch_size": BATCH,
            "iterations": STEPS,
            "delta": DELTA,
            "fingerprint": corpus.fingerprint,
            "torch": version("torch"),
        }
        PATH.write_text(json.dumps(made, indent=1) + "\n")
        print(made["runs"][-1], flush=True)


if __name__ == "__main__":
    main()
