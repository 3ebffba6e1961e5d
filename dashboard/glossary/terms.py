"""The terms of art: key → name, symbol ("" without one), meaning; looked up by
:mod:`dashboard.glossary.lookup`.

In the order in which a newcomer needs them: text, model and training; privacy; law; money; tests.
"""

from collections.abc import Mapping

from dashboard.glossary.privacy_terms import PRIVACY
from engine.text.i18n import N_

LONGEST = {"en": 230, "ja": 140}
"""Characters of a meaning: what a person reads on hover without losing the thread."""

TERMS: Mapping[str, tuple[str, str, str]] = {
    "token": (
        N_("Token"),
        "",
        N_("A piece of text that the model reads at a time: a word, a part of one, or a byte."),
    ),
    "loss": (
        N_("Loss"),
        "L",
        N_(
            "Cross entropy on text the model has not seen: the mean of −ln of the probability that "
            "it gave the token that came, in nats per token, or per byte where text is read byte "
            "by byte; the two do not compare. Lower is better."
        ),
    ),
    "nat": (
        N_("Nat"),
        "",
        N_("The unit of the loss: information counted in natural logarithms. 1 nat is 1.44 bits."),
    ),
    "perplexity": (
        N_("Perplexity"),
        "exp L",
        N_(
            "The model hesitates as if between so many equally likely tokens, or bytes. A tenth of "
            "a nat less loss is about 10% less perplexity."
        ),
    ),
    "model_size": (
        N_("Model size"),
        "M",
        N_(
            "Parameters, the numbers that training sets. More can learn more, and cost more to run."
        ),
    ),
    "batch_size": (
        N_("Batch size"),
        "B",
        N_(
            "People whose text goes into one step, one example each. Where batches are drawn by "
            "chance, this is how many are expected."
        ),
    ),
    "iterations": (
        N_("Iterations"),
        "T",
        N_("Steps of the training: each takes one batch and changes all parameters once."),
    ),
    "sequence_length": (
        N_("Sequence length"),
        "S",
        N_("Tokens in one example, the stretch of text that the model sees at once."),
    ),
    "compute": (
        N_("Compute"),
        "C",
        N_(
            "Arithmetic of one training, in floating-point operations (FLOPs): C = 6·M·B·T·S, six "
            "for each parameter and token."
        ),
    ),
    "tokens_per_parameter": (
        N_("Tokens per parameter"),
        "B·T·S/M",
        N_(
            "Text read in training, repeats included, over model size. About 20 is best without "
            "privacy; under privacy far more."
        ),
    ),
    "people": (
        N_("Number of people"),
        "N",
        N_("People whose text may be used. Each counts once, however much they wrote."),
    ),
    **PRIVACY,
    "evidence": (
        N_("Evidence"),
        "",
        N_(
            "The measured trainings that the law was fitted to. The answer is as good as they "
            "resemble your text and your kind of model."
        ),
    ),
    "law": (
        N_("Scaling law"),
        "",
        N_(
            "A formula fitted to measured trainings: it gives the loss to expect from model size, "
            "iterations and noise-batch ratio."
        ),
    ),
    "interval": (
        N_("Interval"),
        "",
        N_(
            "Of a loss: where one new training should end with the stated probability. Of a plan, "
            "saturation or factor: where it lies when form and parameters of the law are drawn "
            "anew. Of money: over draws of the assumptions."
        ),
    ),
    "fine_tuning": (
        N_("Fine-tuning"),
        "",
        N_(
            "Training that begins from a public model, which has read other text before, instead "
            "of from nothing. The promise covers your text alone, not what the public model read."
        ),
    ),
    "lora": (
        N_("LoRA"),
        "",
        N_(
            "Fine-tuning that leaves the public model as it is and trains a small part beside each "
            "layer: fewer numbers to move, and to store. The rank is the width of that part."
        ),
    ),
    "extrapolation": (
        N_("Distance from the evidence"),
        "",
        N_(
            "How far question and answer together lie from the nearest training measured: within a "
            "factor of 2 (measured), 5 (near), 110 (extrapolated) or more (unknown). From "
            "“extrapolated” on, run a pilot before deciding."
        ),
    ),
    "saturation": (
        N_("Saturation point"),
        "",
        N_(
            "The least compute that comes within 1% of the best loss that these people and this ε "
            "allow. Where the loss still falls with the largest plans that may be searched, only a "
            "bound is known: “at least” so much."
        ),
    ),
    "binding": (
        N_("Binding budget"),
        "",
        N_("The budget whose doubling lowers the loss most while the other two are held."),
    ),
    "wiggle_room": (
        N_("Wiggle room"),
        "",
        N_(
            "All configurations whose predicted loss is within 1% of the best. Among them cost, "
            "serving or risk may decide."
        ),
    ),
    "usual_rule": (
        N_("Usual rule"),
        "",
        N_(
            "20 training tokens per parameter: what compute buys most with, without privacy "
            "(Hoffmann et al. 2022). Under privacy, smaller models are better: McKenna et al. "
            "(2025) needed 5 to 100 times less compute for the same loss."
        ),
    ),
    "regret": (
        N_("Regret"),
        "",
        N_(
            "By how much the loss of a chosen configuration exceeds that of the best one, as a "
            "share of it. It says how well a law chooses, whatever its errors elsewhere."
        ),
    ),
    "utilisation": (
        N_("Utilisation"),
        "",
        N_("Share of the accelerator's peak arithmetic that the training really uses."),
    ),
    "overhead": (
        N_("DP overhead"),
        "",
        N_("How many times as long a step takes with clipping and noise as without."),
    ),
    "npv": (
        N_("Net present value"),
        "NPV",
        N_(
            "Gains minus costs over the years looked ahead, each year's discounted to today. Above "
            "zero it pays."
        ),
    ),
    "discount_rate": (
        N_("Discount rate"),
        "",
        N_("By how much less money is worth to the company for each year that it comes later."),
    ),
    "draws": (
        N_("Draws"),
        "",
        N_(
            "Every uncertain figure is drawn 20,000 times from its range (Monte Carlo). A "
            "probability is the share of the draws: it is as good as the ranges."
        ),
    ),
    "break_even": (
        N_("Break-even"),
        "",
        N_(
            "The value of one figure at which it just pays in the central case: every other figure "
            "at its own value."
        ),
    ),
    "pilot": (
        N_("Pilot run"),
        "",
        N_(
            "A small training under real privacy. What the law predicts is frozen and hashed "
            "before the first step, so that nobody can fit it to the outcome."
        ),
    ),
    "held_out": (
        N_("Held-out text"),
        "",
        N_(
            "Text kept from training to measure the loss. No noise protects what is measured on it."
        ),
    ),
}
