"""Made-up sweeps and pilots, so that the Pilot page can be drawn in every state without training.

The losses come from a smooth surface with an optimal learning rate, not from any text. ``sweep``
is what a law is fitted to; ``prepared`` a corpus and a machine; ``pilot`` a folder as the runner
leaves it.
"""

import math
from datetime import UTC, datetime

from engine.accounting.certificate import Certificate
from engine.accounting.mechanism import Mechanism
from engine.code_version import code_version
from engine.config import TrainingConfig
from engine.interval import Interval
from engine.pilot.dpsgd.ledger import LEDGER_FILE, Ledger
from engine.pilot.ladder import parameter_count, shape_for
from engine.pilot.plan import Arm, CorpusSource, PilotPlan, TrainingSettings
from engine.pilot.prepared import PREPARED_FILE, Prepared, Speed
from engine.pilot.running.folder import PilotFolder, folder_of, preparation_of, write_text
from engine.pilot.running.status import State, Status, TrainingResult, write_status
from engine.pilot.running.versions import versions
from engine.runs.record import Provenance, RunRecord

FAMILY = "gpt-bytes-docstrings"
SEQUENCE, BATCH, UNITS = 64, 128, 32_000
SIZES = (30_000, 100_000, 300_000)
NOISES = (0.0, *(2.0**-k for k in range(12, 4, -1)))
STEPS = tuple(round(32 * 2 ** (k / 2)) for k in range(11))
MADE = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
DOCSTRINGS = CorpusSource(kind="docstrings")
REASON = (
    "Expected to write the folder of pilots {folder}: {reason}. Set KESSAI_PILOTS to a folder that "
    "can be written."
)
VALUES = {"folder": "pilots", "reason": "No space left on device"}


def loss(size, steps, noise, batch=BATCH):
    """Nats per token at the best learning rate."""
    spread = 1 / batch + size * noise**2
    value = 1.15 + 9.0 * size**-0.2 + 9.0 * (steps / (1 + 6 * spread)) ** -0.4
    return math.log(256) - math.log1p(math.exp(4 * (math.log(256) - value))) / 4


def best_rate(size, steps, noise, batch=BATCH):
    """log₂ of the learning rate that reaches :func:`loss`."""
    spread = math.sqrt(1 / batch + size * noise**2)
    return -1.0 - 0.25 * math.log2(size) - 0.5 * math.log2(spread) - 0.125 * math.log2(steps)


def sweep():
    """Three rates around the best for every size and noise."""
    return [
        _run(size, noise, 2.0 ** (round(best_rate(size, 256, noise)) + octave))
        for size in SIZES
        for noise in NOISES
        for octave in (-2, 0, 2)
    ]


def _run(size, noise, rate):
    top = math.log(256)
    curve = tuple(
        (
            steps,
            min(
                top,
                loss(size, steps, noise)
                + 0.02 * (math.log2(rate) - best_rate(size, steps, noise)) ** 2,
            ),
        )
        for steps in STEPS
    )
    return RunRecord(
        family=FAMILY,
        source="made up",
        provenance=Provenance.MEASURED,
        model_size=size,
        batch_size=BATCH,
        iterations=STEPS[-1],
        sequence_length=SEQUENCE,
        noise_batch_ratio=noise,
        compute_flops=6 * size * BATCH * STEPS[-1] * SEQUENCE,
        learning_rate=rate,
        seed=1,
        vocabulary_size=256,
        cross_entropy=curve[-1][1],
        created_at=MADE,
        curve=curve,
    )


def prepared(source=DOCSTRINGS):
    """A corpus and a slow machine."""
    return Prepared(
        source=source,
        name="docstrings",
        family=FAMILY if source == DOCSTRINGS else "gpt-bytes-letters",
        fingerprint="5f" * 32,
        units=UNITS,
        held_out_units=1_684,
        documents=33_684,
        tokens=36_200_000,
        vocabulary_size=256,
        refused=(("too short", 214), ("said before", 1_067)),
        device="cpu",
        hardware="AMD EPYC 9R14, 2 cores",
        precision="float32",
        physical_batch_size=64,
        sequence_length=SEQUENCE,
        speeds=(
            Speed(model_size=30_000, seconds_per_example=6e-5, seconds_per_step=2e-3),
            Speed(model_size=300_000, seconds_per_example=4e-4, seconds_per_step=5e-3),
        ),
        versions=versions(),
        made_at="2026-11-24T09:00:00+00:00",
    )


def store_prepared(source=DOCSTRINGS):
    """As a preparation leaves it."""
    write_text(preparation_of(source).path / PREPARED_FILE, prepared(source).to_json())


def plan(
    *,
    with_rule=True,
    predicted=True,
    repeats=1,
    evidence_hash="b1" * 32,
    source=DOCSTRINGS,
    **other,
):
    """A plan of five minutes, without the seconds that certificates take."""
    arms = [_arm("recommended", 60_000, 512, 724, predicted)]
    if with_rule:
        arms.append(_arm("rule", 150_000, 410, 362, predicted))
    return PilotPlan(
        **{
            "corpus": source,
            "corpus_fingerprint": "5f" * 32,
            "family": FAMILY if source == DOCSTRINGS else "gpt-bytes-letters",
            "epsilon": 4.0,
            "delta": 1e-8,
            "privacy_unit": "document",
            "arms": tuple(arms),
            "repeats": repeats,
            "evidence_id": FAMILY,
            "evidence_hash": evidence_hash,
            "code_version": code_version(),
            "expected_seconds": 292.0 * repeats,
            "device": "cpu",
        }
        | other
    )


def _arm(name, size, batch, steps, predicted):
    shape = shape_for(size, sequence_length=SEQUENCE)
    config = TrainingConfig(
        model_size=parameter_count(shape),
        batch_size=batch,
        iterations=steps,
        sequence_length=SEQUENCE,
    )
    sigma = 0.9 if name == "recommended" else 1.1
    expected = loss(config.model_size, steps, sigma / batch, batch)
    return Arm(
        name=name,
        settings=TrainingSettings(
            shape=shape,
            config=config,
            data_budget=UNITS,
            noise_batch_ratio=sigma / batch,
            clip_norm=1.0,
            learning_rate=0.0221,
            warmup=20,
        ),
        certificate=Certificate(
            mechanism=Mechanism.poisson(
                sampling_probability=batch / UNITS, noise_multiplier=sigma, iterations=steps
            ),
            epsilon=3.9961,
            delta=1e-8,
            accountant="dp_accounting PLD",
            privacy_unit="document",
        ),
        predicted=Interval(value=expected, low=0.96 * expected, high=1.04 * expected, level=0.9)
        if predicted
        else None,
    )


def curve(arm, *, upto=1.0, shift=0.0):
    """Held-out losses of ``arm`` at the runner's iterations, a little off the surface."""
    settings, end = arm.settings, max(1, round(upto * arm.settings.config.iterations))
    steps = [step for step in STEPS if step < end] + [end]
    return tuple(
        (
            step,
            loss(
                settings.config.model_size,
                step,
                settings.noise_batch_ratio,
                settings.config.batch_size,
            )
            + shift
            + 0.008 * math.sin(3.0 * k),
        )
        for k, step in enumerate(steps)
    )


def result(arm, repeat=0, *, shift=0.0, lost=0, **other):
    """A finished training of ``arm``."""
    points = curve(arm, shift=shift + 0.01 * repeat)
    return TrainingResult(
        **{
            "arm": arm.name,
            "repeat": repeat,
            "cross_entropy": points[-1][1],
            "train_loss": points[-1][1] - 0.03,
            "curve": points,
            "iterations": points[-1][0],
            "charged": points[-1][0] + lost,
            "seconds": 140.0,
            "physical_batch_size": 64,
            "hardware": "AMD EPYC 9R14, 2 cores",
            "versions": versions(),
            "created_at": "2026-11-24T09:35:00+00:00",
            "run_id": "ab" * 16,
        }
        | other
    )


def results(of, *, shift=0.0, rule_shift=0.0, **other):
    """All trainings of a plan."""
    return [
        result(arm, repeat, shift=rule_shift if arm.name == "rule" else shift, **other)
        for repeat in range(of.repeats)
        for arm in of.arms
    ]


def status(of, state, *, share=0.41, now=None, **other):
    """What a runner says in ``state``, with ``share`` of its first training done."""
    arm = of.arms[0]
    now = MADE.timestamp() if now is None else now
    steps = round(share * arm.settings.config.iterations)
    return Status(
        **{
            "state": state,
            "heartbeat": now,
            "started": now - 60.0,
            "process": 4242,
            "trainings": of.trainings,
            "trainings_done": 0,
            "arm": arm.name,
            "repeat": 0,
            "iteration": steps,
            "iterations": arm.settings.config.iterations,
            "charged": steps,
            "epsilon_spent": 2.87,
            "train_loss": 3.6,
            "curve": curve(arm, upto=share),
            "tokens_per_second": 412_000.0,
            "seconds_left": 168.0 if state is State.TRAINING else None,
            "progress": share,
            "physical_batch_size": 64,
        }
        | other
    )


def opened(of, name, repeat):
    """The ledger of one training."""
    arm = next(arm for arm in of.arms if arm.name == name)
    place = folder_of(of.plan_id).training_folder(name, repeat)
    place.mkdir(exist_ok=True)
    return Ledger(place / LEDGER_FILE, arm.settings)


def charge(of, name, repeat, steps):
    """In the ledger of one training, up to so many steps."""
    with opened(of, name, repeat) as ledger:
        ledger.reserve(steps - ledger.charged)


def store(of, said, done=()):
    """A pilot's folder as the runner leaves it, with the ledgers of what was charged."""
    folder: PilotFolder = folder_of(of.plan_id)
    folder.store_plan(of)
    for training in done:
        folder.store_result(training.arm, training.repeat, training.to_json())
        charge(of, training.arm, training.repeat, training.charged)
    if said.arm is not None:
        charge(of, said.arm, said.repeat, said.charged)
    write_status(folder.status_file, said)
    return folder
