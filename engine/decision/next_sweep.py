"""The next run as a sweep plan: its size, steps, noise and batch, at a ladder of learning rates.

A pilot chooses its own size and steps for what it may spend; a sweep trains exactly what its plan
says (:mod:`engine.pilot.sweeps.gridfile`), on public text. Where the evidence is our own campaign
the plan is whole; for another family the text is for a person to fill in, and the plan is refused
until then: a run on another text would be no point of this law.
"""

from engine.decision.fitted import MEASURED_GPT
from engine.decision.next_run import Candidate

RATES = ("2^-5", "2^-6", "2^-7", "2^-8")
"""The law is of well-tuned training: the best of them counts (:mod:`engine.runs.curves`)."""
_PHYSICAL = 32
_OWN = """[corpus]
kind = "docstrings"
public = true
"""
_OTHERS = """[corpus]
# The text of the family {family}, which has to be public: fill in its kind and path.
kind = ""
path = ""
public = true
"""


def sweep_plan(one: Candidate, evidence_id: str, sequence_length: int) -> str:
    """TOML for ``python -m engine sweep``; ``sequence_length`` in tokens of an example."""
    corpus = _OWN if evidence_id == MEASURED_GPT else _OTHERS.format(family=evidence_id)
    rates = ", ".join(f'"{rate}"' for rate in RATES)
    return f"""# The run that would narrow the range of today's plan most per yen:
# by {one.narrowing:.1%}.
{corpus}
[defaults]
batch_size = {one.batch_size}
sequence_length = {sequence_length}
physical_batch_size = {min(one.batch_size, _PHYSICAL)}
warmup = {min(20, one.iterations - 1)}

[[grid]]
model_sizes = [{one.model_size}]
noise_batch_ratios = [{one.noise_batch_ratio!r}]
learning_rates = [{rates}]
seeds = [1]
iterations = {one.iterations}
"""
