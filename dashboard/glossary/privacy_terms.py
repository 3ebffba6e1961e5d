"""The terms of privacy, as :mod:`dashboard.glossary.terms` has them; what they say is what is
certified."""

from collections.abc import Mapping

from engine.text.i18n import N_

PRIVACY: Mapping[str, tuple[str, str, str]] = {
    "dp": (
        N_("Differential privacy"),
        "DP",
        N_(
            "What comes out of the training has nearly the same probability whether or not any one "
            "person's data went in. ε and δ say how nearly, whatever an attacker knows."
        ),
    ),
    "epsilon": (
        N_("Privacy loss"),
        "ε",
        N_(
            "An upper bound: with or without one person's data, the probability of any result "
            "differs at most by the factor e^ε, up to δ. Smaller is stricter."
        ),
    ),
    "delta": (
        N_("Failure probability"),
        "δ",
        N_(
            "Slack of the bound by ε: P(result) ≤ e^ε · P′(result) + δ, with P and P′ those with "
            "and without one person, either way round. It belongs far below one over the number of "
            "people."
        ),
    ),
    "privacy_unit": (
        N_("Privacy unit"),
        "",
        N_(
            "What one guarantee protects: a person with all their text, or a single document where "
            "no person is named. Protecting documents protects those who wrote several less."
        ),
    ),
    "neighbours": (
        N_("Neighbouring relation"),
        "",
        N_(
            "Which two data sets must be hard to tell apart: with and without one unit (add or "
            "remove) under Poisson sampling; one unit's data replaced by nothing in fixed batches."
        ),
    ),
    "poisson": (
        N_("Poisson sampling"),
        "",
        N_(
            "Each person joins each batch by an independent chance q, so batches differ in size. "
            "The guarantee counts on that chance: it holds only if batches are drawn so."
        ),
    ),
    "fixed_batches": (
        N_("Fixed batches"),
        "",
        N_(
            "Batches set beforehand and read in turn: nobody takes part more often than planned, "
            "and no chance is counted on. Often needs more noise."
        ),
    ),
    "sampling_probability": (
        N_("Sampling probability"),
        "q",
        N_("Chance that a person is in the batch of a step: expected batch size over people, B/N."),
    ),
    "clipping": (
        N_("Clipping"),
        "",
        N_(
            "An example's gradient, its pull on the parameters, is shortened where it exceeds a "
            "set length, so that none pulls harder. The noise is measured against that length."
        ),
    ),
    "noise_multiplier": (
        N_("Noise multiplier"),
        "σ",
        N_(
            "Standard deviation of the Gaussian noise added to a step's sum, over the clipping "
            "length. More noise protects better and hinders learning."
        ),
    ),
    "noise_batch_ratio": (
        N_("Noise-batch ratio"),
        "σ/B",
        N_(
            "Noise multiplier over expected batch size: the noise left in a step's mean. With "
            "model size and iterations it decides the loss, so large batches pay."
        ),
    ),
    "accountant": (
        N_("Accountant"),
        "",
        N_(
            "The calculation that adds up the privacy loss of all steps: here privacy-loss "
            "distributions (PLD), rounded to the safe side."
        ),
    ),
    "certificate": (
        N_("Certificate"),
        "",
        N_(
            "The accountant's proof that this noise keeps ε at or below the promise, for the "
            "sampling and relation named. It covers the mechanism, not other uses of the data."
        ),
    ),
    "odds": (
        N_("Attacker's odds"),
        "",
        N_(
            "For how many of 1,000 people the best possible attacker guesses a secret that anyone "
            "guesses for 10. They see every step and know all the rest; real attacks do worse."
        ),
    ),
    "advantage": (
        N_("Attacker's advantage"),
        "",
        N_(
            "Telling who took part: the share of participants that the best attacker finds, minus "
            "the share of others taken for some. 0 is guessing, 100% is certainty."
        ),
    ),
    "audit": (
        N_("Empirical audit"),
        "",
        N_(
            "An attack on the trained model that gives a lower bound on ε at a stated confidence. "
            "Above the promise, something is wrong; below, it proves no privacy."
        ),
    ),
}
