"""What settings, statuses and flags of runs are called."""

from engine.runs.catalogue import Listed
from engine.runs.imports.settle import Flag, Status
from engine.text.i18n import N_, Words

STATUSES = {
    Status.FINISHED: N_("finished"),
    Status.DIVERGED: N_("diverged"),
    Status.CUT: N_("cut"),
}
FLAGS = {
    Flag.SIZE_OUTLIER: N_("size off"),
    Flag.DUPLICATE: N_("copy"),
    Flag.UNIT_SUSPECT: N_("unit doubtful"),
    Flag.OUT_OF_RANGE: N_("out of range"),
    Flag.NON_MONOTONE: N_("rises at the end"),
    Flag.SEED_DISAGREEMENT: N_("seeds disagree"),
    Flag.INCOMPLETE: N_("incomplete"),
}
ROLES: dict[str, str] = {
    "run": N_("Name of the run"),
    "status": N_("Status"),
    "seed": N_("Seed"),
    "step": N_("Step of a measurement"),
    "cross_entropy": N_("Loss"),
    "model_size": N_("Model size"),
    "batch_size": N_("Batch size"),
    "iterations": N_("Iterations"),
    "sequence_length": N_("Sequence length"),
    "tokens": N_("Tokens in all"),
    "examples": N_("Examples in all"),
    "batch_tokens": N_("Tokens of a batch"),
    "compute_flops": N_("Compute (FLOPs)"),
    "noise_multiplier": N_("Noise multiplier σ"),
    "noise_batch_ratio": N_("Noise-batch ratio σ̄"),
    "epsilon": N_("ε"),
    "delta": N_("δ"),
    "data_budget": N_("People"),
    "sampling": N_("Sampling"),
    "sampling_probability": N_("Sampling probability"),
    "privacy_unit": N_("Privacy unit"),
    "vocabulary_size": N_("Vocabulary"),
    "learning_rate": N_("Learning rate"),
}
"""Role of a column -> its name, in the order of the page Runs."""


def statuses(words: Words) -> dict[str, str]:
    """Statuses by their values, with names."""
    return {str(one): words.say(name) for one, name in STATUSES.items()}


def flags(words: Words) -> dict[str, str]:
    """Flags by their values, with names."""
    return {str(one): words.say(name) for one, name in FLAGS.items()}


def status_of(one: Listed, words: Words) -> str:
    """Of one run."""
    return words.say(STATUSES[Status(one.status)])


def flags_of(one: Listed, words: Words) -> str:
    """Of one run, "" without any."""
    return ", ".join(words.say(FLAGS[Flag(flag)]) for flag in one.flags)
