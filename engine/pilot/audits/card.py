"""The card of a trained model: what it is, what was promised of it and to whom, and what was not.

Markdown with the front matter that model hubs read. It never holds text of the corpus, a path, or
the name of a column: it goes where the model goes. ε and δ are rounded upwards.

What the card says is exact and not noised: losses, the number of units, the corpus's fingerprint.
Whoever must not tell these leaves the card at home.

Loads no torch.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from engine.accounting.domain import turns
from engine.config import Sampling
from engine.loss_unit import unit_of
from engine.pilot.audits.audit import Audit, Finding, Method
from engine.pilot.audits.weights import WEIGHTS_FILE
from engine.pilot.plan import Arm, PilotPlan, Start
from engine.pilot.running.status import TrainingResult
from engine.pilot.statistical_power import ENOUGH

CARD_FILE = "README.md"
_MARKED = "\\`*_{}[]<>()#|~"
_CORPORA = {
    "docstrings": "docstrings of the Python packages that Kessai pins (public)",
    "python-source": "functions of the Python packages that Kessai pins (public)",
    "folder": "text files of the operator's",
    "jsonl": "a JSON Lines table of the operator's",
    "csv": "a CSV table of the operator's",
    "parquet": "a Parquet table of the operator's",
    "huggingface": "a Hugging Face data set",
}
_RELATIONS = {
    "add-or-remove-one": "add or remove one {unit} of the training set, split and N held fixed",
    "zero-out-one": "replace one {unit} by an empty contribution",
}
_SAMPLING = {
    "poisson": "Poisson: each {unit} joins each step independently, with probability {probability}",
    "truncated-poisson": "truncated Poisson: each {unit} joins each step independently, with "
    "probability {probability}, and of a batch above {largest} a random subset stays",
    "groups": "Poisson within groups: each {unit} is in one of {bands} groups that take turns, "
    "drawn for it alone, and joins each step of its group independently, with probability "
    "{probability}",
    "deterministic": "fixed batches in turn: each {unit} takes part at most {compositions} times",
}
_FINDINGS = {
    Finding.BROKEN: ". **The promise is broken: do not rely on it.**",
    Finding.HELD: "",
    Finding.SILENT: ". It could not have refuted the promise",
}
_METHODS = {
    Method.CANARIES: "inserted canaries, each by a coin flip of its own",
    Method.RANDOM_SPLIT: "training units against held-out ones, in random pairs",
}


def model_card(
    plan: PilotPlan,
    arm: Arm,
    result: TrainingResult,
    *,
    held_out_units: int | None = None,
    audits: Sequence[Audit] = (),
) -> str:
    """The card of the model that ``result`` tells of, one training of ``arm``."""
    sections = [
        _summary(plan, arm, result),
        _data(plan, arm, held_out_units),
        _guarantee(plan, arm, result),
        _uncovered(plan, arm),
        _losses(plan, arm, result),
        _audits(arm, result, audits),
        _configuration(plan, arm, result),
        _loading(plan, arm),
    ]
    front = "---\ntags:\n- differential-privacy\n- dp-sgd\n---\n"
    return front + "\n" + "\n\n".join(section for section in sections if section) + "\n"


def without_guarantee(arm: Arm, charged: int) -> str | None:
    """Why the certificate does not hold for a training of ``arm``; None where it does."""
    settings, certificate = arm.settings, arm.certificate
    if settings.noise_batch_ratio == 0:
        return "it was trained without noise"
    if settings.seed is not None:
        return "its noise came from a seed, so that it can be repeated and subtracted"
    added = settings.noise_batch_ratio * settings.config.batch_size
    if added < certificate.noise_multiplier * (1 - 1e-9):
        return "less noise was added than the certificate asks for"
    if settings.bands != certificate.bands:
        return "its noise was correlated over other steps than the certificate covers"
    if turns(charged, certificate.bands) > certificate.compositions and (
        certificate.sampling != Sampling.DETERMINISTIC
    ):
        return "it took more steps than the certificate covers"
    return None


def weights_metadata(plan: PilotPlan, arm: Arm, result: TrainingResult) -> dict[str, str]:
    """What the file of weights says of itself, texts by name."""
    kept = without_guarantee(arm, result.charged) is None
    promise = {
        "epsilon": _upwards(arm.certificate.epsilon),
        "delta": _upwards(arm.certificate.delta),
        "privacy_unit": plan.privacy_unit,
    }
    return {
        "plan_id": plan.plan_id,
        "arm": arm.name,
        "repeat": str(result.repeat),
        "shape": json.dumps(arm.settings.shape.to_dict()),
        **(promise if kept else {}),
    }


def _summary(plan: PilotPlan, arm: Arm, result: TrainingResult) -> str:
    shape = arm.settings.shape
    kind = "encoder (masked tokens)" if shape.kind == "bert" else "decoder (next token)"
    start = arm.settings.start
    begun = "trained from fresh weights" if start is None else f"fine-tuned from {_begun(start)}"
    return (
        f"# Kessai pilot {plan.plan_id}, {_plain(arm.name)} {result.repeat}\n\n"
        f"A {kind} of {arm.settings.config.model_size:,} parameters, {begun} "
        f"with DP-SGD by Kessai on {result.created_at[:10]}, as one arm of a "
        "pre-registered test of a scaling law. It is an instrument of measurement, not a product."
    )


def _begun(start: Start) -> str:
    moved = f"low-rank parts of rank {start.lora_rank}" if start.lora_rank else "all weights"
    return f"the public start {_plain(start.name)} ({moved}; its file `{start.sha256}`)"


def _data(plan: PilotPlan, arm: Arm, held_out_units: int | None) -> str:
    source = plan.corpus
    tokenizer = "bytes" if source.tokenizer == "bytes" else "a tokenizer file of the operator's"
    held_out = "" if held_out_units is None else f" {held_out_units:,} more were held out."
    return (
        "## Trained on\n\n"
        f"- Corpus: {_CORPORA.get(source.kind, 'text of the operator’s')}\n"
        f"- Units: {arm.settings.data_budget:,} took part in training.{held_out}\n"
        f"- Tokens: {tokenizer}, vocabulary of {arm.settings.shape.vocabulary_size:,}\n"
        f"- Fingerprint (SHA-256 of tokens and units): `{plan.corpus_fingerprint}`"
    )


def _guarantee(plan: PilotPlan, arm: Arm, result: TrainingResult) -> str:
    reason = without_guarantee(arm, result.charged)
    if reason is not None:
        return (
            "## No privacy guarantee\n\n"
            f"**This model is not differentially private: {reason}.** Treat it as you treat the "
            "text it was trained on."
        )
    certificate, unit = arm.certificate, _plain(plan.privacy_unit)
    counted = "participations" if certificate.sampling == Sampling.DETERMINISTIC else "steps"
    steps = f"{certificate.compositions:,} {counted}"
    if certificate.bands > 1:
        steps = (
            f"correlated over {certificate.bands} steps (banded matrix factorisation, strategy of "
            f"column norm 1), {certificate.compositions:,} turns of each group"
        )
    relation = _RELATIONS[certificate.neighbouring_relation].format(unit=unit)
    name = "groups" if certificate.bands > 1 else certificate.sampling
    sampling = _SAMPLING[name].format(
        bands=certificate.bands,
        largest=certificate.mechanism.largest_batch,
        unit=unit,
        probability=f"{certificate.sampling_probability:.6g}",
        compositions=certificate.compositions,
    )
    return (
        "## Guarantee\n\n"
        f"**ε = {_upwards(certificate.epsilon)} at δ = {_upwards(certificate.delta)}** for one "
        f"{unit}, for this model alone.\n\n"
        "| | |\n|---|---|\n"
        f"| Privacy unit | {unit} |\n"
        f"| Neighbouring data sets | {relation} |\n"
        f"| Sampling | {sampling} |\n"
        f"| Mechanism | Gaussian noise on the sum of clipped gradients, noise multiplier "
        f"{certificate.noise_multiplier:.6g}, {steps} |\n"
        f"| Accountant | {_plain(certificate.accountant)} |\n"
        f"| Steps charged | {result.charged:,} (of them in the model: {result.iterations:,}) |\n\n"
        + _together(plan)
    )


def _uncovered(plan: PilotPlan, arm: Arm) -> str:
    unit = _plain(plan.privacy_unit)
    public = (
        ""
        if arm.settings.start is None
        else "- The public text that the start was trained on; who stands in both texts is "
        "protected in the private one only, and nobody has checked how far the two overlap.\n"
    )
    return (
        f"## What it does not cover\n\n{public}"
        "- Losses and audits on this card, the number of units and the fingerprint are exact "
        "figures of the data, without noise.\n"
        "- Held-out units took no part in training; their text had an influence on the losses, and "
        "on every choice made by them.\n"
        "- A learning rate or a configuration that was chosen by trainings on the same text, and "
        "the choice of this model among several, are outside ε.\n"
        "- Noise is drawn in floating point: attacks on its last digits (Mironov, CCS 2012) are "
        "outside the theorem.\n"
        "- Earlier or later releases from the same text, by this plan's operator or others, add to "
        "ε.\n"
        f"- What others wrote about a {unit}: the promise is about that {unit}'s own contribution."
    )


def _losses(plan: PilotPlan, arm: Arm, result: TrainingResult) -> str:
    lines = [f"| Held-out | {result.cross_entropy:.4f} |"]
    if result.train_loss is not None:
        lines.append(f"| On training units | {result.train_loss:.4f} |")
    if arm.predicted is not None:
        seen = arm.predicted
        origin = "" if plan.transfer is None else f", {_plain(str(plan.transfer))}"
        lines.append(
            f"| Predicted before training ({seen.level:.0%} interval{origin}) | {seen.value:.4f} "
            f"({seen.low:.4f} to {seen.high:.4f}) |"
        )
    if plan.apart is not None and plan.apart < ENOUGH:
        lines.append(
            f"| No test against the usual rule | told apart with {plan.apart:.0%} probability |"
        )
    curve = "".join(f"\n| {iteration:,} | {loss:.4f} |" for iteration, loss in result.curve)
    return (
        f"## Losses\n\nCross entropy in {unit_of(plan.family).measure.phrase}, of the averaged "
        "weights.\n\n"
        "| | |\n|---|---|\n" + "\n".join(lines) + "\n\n| Iteration | Held-out |\n|---|---|" + curve
    )


def _audits(arm: Arm, result: TrainingResult, audits: Sequence[Audit]) -> str:
    if not audits:
        return ""
    promised = without_guarantee(arm, result.charged) is None
    epsilon = arm.certificate.epsilon
    lines = [
        f"- {_METHODS[audit.method]}: ε is at least {_digits(audit.lower_bound, ROUND_FLOOR)} at δ "
        f"= {audit.delta:.3g} with {audit.confidence:.4g} confidence ({audit.correct:,} of "
        f"{audit.guesses:,} guesses right; {audit.canaries:,} candidates; AUC {audit.auc:.3f}; at "
        f"most {_digits(audit.ceiling, ROUND_FLOOR)} "
        "could have been shown)" + (_FINDINGS[audit.finding(epsilon)] if promised else "")
        for audit in audits
    ]
    return (
        "## Audit\n\nAttacks on this model bound ε from below. A bound of 0 is no proof of "
        "privacy: this attack showed nothing.\n\n" + "\n".join(lines)
    )


def _configuration(plan: PilotPlan, arm: Arm, result: TrainingResult) -> str:
    settings = arm.settings
    values = {
        **settings.shape.to_dict(),
        **asdict(settings.config),
        **{
            name: value
            for name, value in settings.to_dict().items()
            if name not in ("shape", "config", "data_budget")
        },
        "physical_batch_size": result.physical_batch_size,
        "evidence": f"{plan.evidence_id} {plan.evidence_hash}",
        "seconds": round(result.seconds, 1),
        "hardware": result.hardware,
        **{f"{name} version": text for name, text in sorted(result.versions.items())},
    }
    rows = "\n".join(f"| {_plain(name)} | {_plain(str(value))} |" for name, value in values.items())
    return "## Configuration\n\n| | |\n|---|---|\n" + rows


def _loading(plan: PilotPlan, arm: Arm) -> str:
    if arm.settings.start is not None:
        return (
            "## How to load it\n\nFrom a checkout of Kessai, as the packages peft and transformers "
            f"load it:\n\n```sh\npython -m engine starts export {plan.plan_id} FOLDER\n```"
        )
    # The encoder's head is its embedding: the file holds that matrix once.
    strict = ", strict=False" if arm.settings.shape.kind == "bert" else ""
    return (
        "## How to load it\n\nFrom a checkout of Kessai, beside the file of weights:\n\n```python\n"
        "from safetensors.torch import load_file\n\n"
        "from engine.pilot.dpsgd.model import build\nfrom engine.pilot.shape import Shape\n\n"
        f"shape = {arm.settings.shape!r}\n"
        f'model = build(shape)\nmodel.load_state_dict(load_file("{WEIGHTS_FILE}"){strict})\n```'
    )


def _together(plan: PilotPlan) -> str:
    """The promise of all trainings of the plan, by basic composition."""
    if plan.trainings == 1:
        return "It is the only training of its plan."
    models = f"{plan.trainings} models were trained on the same data under this plan."
    if any(without_guarantee(arm, 0) for arm in plan.arms):
        return f"{models} Not all of them are private, so that together they promise nothing."
    epsilon = plan.repeats * sum(_exact(arm.certificate.epsilon) for arm in plan.arms)
    delta = plan.repeats * sum(_exact(arm.certificate.delta) for arm in plan.arms)
    return (
        f"{models} Each keeps a promise of its own; whoever sees all of them has "
        f"ε = {_upwards(epsilon)}, δ = {_upwards(delta)} together (basic composition: the sums)."
    )


def _exact(value: float) -> Decimal:
    """The value as it is written: six times 1e-8 is then 6e-8, not a little more."""
    return Decimal(repr(float(value)))


def _upwards(value: float | Decimal) -> str:
    """Four digits, never below the value."""
    return _digits(value, ROUND_CEILING)


def _digits(value: float | Decimal, rounding: str) -> str:
    exact = value if isinstance(value, Decimal) else _exact(value)
    rounded = Context(prec=4, rounding=rounding).create_decimal(exact).normalize()
    return f"{rounded:f}" if not exact or Decimal("0.001") <= exact < 10**6 else f"{rounded:E}"


def _plain(text: str) -> str:
    """The user's words as text of one line: no markup, no table's end."""
    return "".join(f"\\{c}" if c in _MARKED else c for c in " ".join(text.split()))
