"""Plans and a trainer without torch: real ledgers, no gradients. As a process: a runner with it.

``python -m tests.pilot.fake_pilots run|prepare FOLDER --lock N``, as the engine starts it. The
"corpus" is the file that the plan's source names. What a training does is in the environment:
KESSAI_FAKE_PACE, seconds a step; KESSAI_FAKE_CRASH, an error that quotes the corpus.
"""

import hashlib
import math
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from engine.accounting.accountant import certify
from engine.accounting.certificate import Certificate
from engine.accounting.mechanism import Mechanism
from engine.code_version import code_version
from engine.config import Sampling, TrainingConfig
from engine.interval import Interval
from engine.pilot.audits.audit import Audit, Method
from engine.pilot.dpsgd.ledger import Ledger
from engine.pilot.dpsgd.progress import Progress, Stop, TrainingOutcome
from engine.pilot.ladder import parameter_count, shape_for
from engine.pilot.plan import Arm, CorpusSource, PilotPlan, TrainingSettings
from engine.pilot.running.folder import PilotFolder, Request, read_text, write_text
from engine.pilot.running.recording import settings_of
from engine.pilot.running.runner import Workshop, run_plan
from engine.pilot.running.tracebacks import without_text

PEOPLE, STEPS, BLOCK = 1007, 60, 5
SECRET = "what nobody may read"
AUDIT = Audit(
    lower_bound=0.5, delta=1e-6, confidence=0.975, canaries=50, guesses=5, correct=4, auc=0.51,
    ceiling=1.5, method=Method.RANDOM_SPLIT,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Text:
    fingerprint: str


def load(source, progress) -> Text:
    content = Path(source.path).read_bytes()
    progress(0.5)
    return Text(fingerprint=hashlib.sha256(content).hexdigest())


def made_settings(**changes) -> TrainingSettings:
    shape = shape_for(30_000, vocabulary_size=256, sequence_length=64)
    config = TrainingConfig(
        model_size=parameter_count(shape), batch_size=16, iterations=STEPS, sequence_length=64
    )
    values: dict[str, Any] = {
        "shape": shape,
        "config": config,
        "data_budget": PEOPLE,
        "noise_batch_ratio": 0.0,
        "clip_norm": 1.0,
        "learning_rate": 0.01,
        "warmup": 5,
    }
    return TrainingSettings(**(values | changes))


@cache
def _certificate() -> Certificate:
    return certify(
        data_budget=PEOPLE,
        batch_size=16,
        iterations=STEPS,
        epsilon=8.0,
        delta=1e-6,
        sampling=Sampling.POISSON,
    )


def made_plan(path: Path, **changes) -> PilotPlan:
    """Two arms of one configuration under ε = 8."""
    certificate = replace(_certificate(), privacy_unit="document")
    settings = made_settings(noise_batch_ratio=certificate.noise_multiplier / 16)
    predicted = Interval(value=4.0, low=3.5, high=4.5, level=0.9)
    arm = Arm(name="recommended", settings=settings, certificate=certificate, predicted=predicted)
    source = CorpusSource(kind="jsonl", path=str(path))
    values: dict[str, Any] = {
        "corpus": source,
        "corpus_fingerprint": load(source, lambda share: None).fingerprint,
        "family": "gpt-bytes-made",
        "epsilon": 8.0,
        "delta": 1e-6,
        "privacy_unit": "document",
        "arms": (arm, replace(arm, name="rule")),
        "repeats": 1,
        "evidence_id": "made",
        "evidence_hash": "0" * 16,
        "code_version": code_version(),
        "expected_seconds": 10.0,
        "device": "cpu",
    }
    return PilotPlan(**(values | changes))


def train(plan, arm, repeat, corpus, *, folder, report, asked) -> TrainingOutcome:
    """Charges, takes (a byte each in ``taken``, before it happens) and
    saves, as a training does."""
    if "KESSAI_FAKE_CRASH" in os.environ:
        raise ValueError(Path(plan.corpus.path).read_text())
    settings, pace = settings_of(arm, repeat), float(os.environ.get("KESSAI_FAKE_PACE", "0"))
    model, curve = folder / "model", []
    with Ledger(folder / "ledger.jsonl", settings) as ledger:
        done = int(read_text(model) or 0)

        def outcome(stop: Stop) -> TrainingOutcome:
            loss = 4.0 + 1 / max(done, 1)
            return TrainingOutcome(
                stop=stop, reason=None, cross_entropy=loss, train_cross_entropy=loss - 0.1,
                curve=((done, loss),), iterations_done=done, charged=ledger.charged, private=True,
                physical_batch_size=64, seconds=1.0, tokens_per_second=1e4,
            )  # fmt: skip

        while granted := ledger.reserve(BLOCK):
            for k in range(granted):
                if stop := asked():
                    write_text(model, str(done))
                    ledger.settle(granted - k)
                    return outcome(stop)
                with (folder / "taken").open("ab") as file:
                    file.write(b".")
                time.sleep(pace)
                done += 1
            write_text(model, str(done))
            curve.append((done, 4.0 + 1 / done))
            report(
                Progress(
                    iteration=done,
                    iterations=STEPS,
                    charged=ledger.charged,
                    curve=tuple(curve),
                    train_cross_entropy=4.0,
                    tokens_per_second=1e4,
                    seconds_left=1.0,
                    physical_batch_size=64,
                )
            )
        return outcome(Stop.FINISHED)


def keep(plan, arm, result, corpus, *, folder) -> tuple[Audit, ...]:
    with (folder / "kept").open("ab") as file:
        file.write(b".")
    return (AUDIT,)


def workshop(**changes) -> Workshop:
    values: dict[str, Any] = {
        "train": train, "load": load, "device": "cpu", "hardware": "made", "keep": keep,
        "interval": 0.02,
    }  # fmt: skip
    return Workshop(**(values | changes))


def believe(plan: PilotPlan) -> None:
    """Let this process take the certificate's word for the first arm's ε: to prove it takes seconds
    in every process, and tests of the proof call it themselves."""
    certificate = plan.arms[0].certificate

    def stated(mechanism: Mechanism, delta: float, *, target: float = 0.0) -> tuple[float, str]:
        share = mechanism.compositions / certificate.compositions
        return certificate.epsilon * math.sqrt(share), certificate.accountant

    patch("engine.pilot.dpsgd.ledger.certified_epsilon", stated).start()


def main() -> None:
    sys.excepthook = without_text
    folder = PilotFolder(path=Path(sys.argv[2]))
    lock = folder.adopt_lock(int(sys.argv[4]))
    signal.signal(signal.SIGTERM, lambda *_: folder.ask(Request.PAUSE))
    with (folder.path / "processes").open("a") as file:
        file.write(f"{os.getpid()}\n")
    believe(folder.plan())
    run_plan(folder, lock, workshop(train=partial(train)))


if __name__ == "__main__":
    main()
