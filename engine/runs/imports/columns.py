"""Which column of a file says what: names people use, units in them, and what a person says of it.

A name is looked up without case, spaces, hyphens, underscores, slashes and what stands in brackets;
``config/`` and ``params/`` before it do not count. Of several columns for one role the first in
:data:`ALIASES` counts (an evaluation before a training loss). Two names are read by the others:
N is the model's size, or the people where another column has the size.

Scales (thousands, millions) and the measure of the loss are taken from the name where it says them.
Whole columns of sizes or tokens too small to be counts are asked about, never scaled in silence.

>>> found = choose_columns(("N (M)", "D", "val_loss", "train_loss", "note"), {}, "a.csv")
>>> found.by_role["cross_entropy"], found.by_role["model_size"], found.scale["model_size"]
('val_loss', 'N (M)', 1000000)
>>> found.unused
('train_loss', 'note')
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.errors import InputError
from engine.loss_unit import Measure, measure

ALIASES: dict[str, tuple[str, ...]] = {
    "run": ("run", "run_name", "display_name", "mlflow.runName", "name", "run_id", "id",
            "experiment", "trial", "実行", "実行名", "実験", "実験名", "名前", "名称"),
    "seed": ("seed", "random_seed", "repeat", "replicate", "シード"),
    "status": ("status", "state", "run_status", "状態"),
    "step": ("step", "_step", "global_step", "trainer/global_step", "train/global_step",
             "eval_step", "ステップ"),
    "iterations": ("iterations", "T", "steps", "num_steps", "n_steps", "total_steps", "max_steps",
                   "train_steps", "training_steps", "num_train_steps", "updates", "n_iters",
                   "反復回数", "ステップ数"),
    "model_size": ("model_size", "M", "params", "parameters", "n_params", "num_params",
                   "num_parameters", "parameter_count", "n_parameters", "model_params",
                   "non_embedding_params", "size", "パラメータ数", "モデルサイズ"),
    "tokens": ("tokens", "D", "n_tokens", "num_tokens", "train_tokens", "training_tokens",
               "tokens_seen", "total_tokens", "num_train_tokens", "トークン数"),
    "examples": ("examples", "samples", "examples_seen", "samples_seen", "num_examples_seen"),
    "compute_flops": ("compute_flops", "C", "flops", "compute", "total_flops", "training_flops",
                      "train_flops", "training_flop", "train_flop", "flop", "計算量"),
    "batch_size": ("batch_size", "B", "bs", "global_batch_size", "expected_batch_size",
                   "train_batch_size", "total_batch_size", "effective_batch_size", "batch",
                   "logical_batch_size", "バッチサイズ"),
    "batch_tokens": ("batch_tokens", "tokens_per_batch", "batch_size_tokens", "tokens_per_step"),
    "sampling_probability": ("sampling_probability", "q", "sample_rate", "sampling_rate"),
    "sequence_length": ("sequence_length", "S", "seq_len", "seqlen", "context_length", "seq_length",
                        "max_seq_len", "block_size", "max_length", "系列長"),
    "vocabulary_size": ("vocabulary_size", "V", "vocab_size", "vocab", "n_vocab", "語彙数"),
    "noise_multiplier": ("noise_multiplier", "sigma", "σ", "noise_mult", "dp_sigma", "z",
                         "ノイズ乗数", "ノイズ倍率"),
    "noise_batch_ratio": ("noise_batch_ratio", "sigma_bar", "σ̄", "σ/B", "noise/batch",
                          "noise_to_batch"),
    "epsilon": ("epsilon", "eps", "ε", "target_epsilon", "dp_epsilon", "privacy_budget",
                "privacy_epsilon"),
    "delta": ("delta", "δ", "target_delta", "dp_delta"),
    "data_budget": ("data_budget", "people", "users", "n_users", "num_users", "privacy_units",
                    "dataset_size", "n_train", "num_train_examples", "train_size", "人数"),
    "learning_rate": ("learning_rate", "lr", "peak_lr", "max_lr", "学習率"),
    "sampling": ("sampling", "sampling_scheme"),
    "privacy_unit": ("privacy_unit", "unit_of_privacy"),
    "cross_entropy": ("cross_entropy", "eval/loss", "eval_loss", "val/loss", "val_loss",
                      "valid_loss", "validation_loss", "validation/loss", "test/loss", "test_loss",
                      "loss", "L", "final_loss", "nll", "ce", "ce_loss", "eval/nll", "bpb",
                      "bits_per_byte", "bpc", "bits_per_char", "bits_per_token", "eval/perplexity",
                      "eval_perplexity", "val_perplexity", "val_ppl", "perplexity", "ppl",
                      "eval_ppl", "train/loss", "train_loss", "training_loss", "損失"),
}  # fmt: skip
"""Role -> names of columns, the better one first. Roles are fields of a run record and what one is
derived from."""

UNUSED = "unused"
"""What a person says of a column that means nothing here."""
TEXT_ROLES = frozenset(["run", "status", "sampling", "privacy_unit"])
SCALES = {
    "thousand": 10**3, "thousands": 10**3, "k": 10**3, "千": 10**3,
    "million": 10**6, "millions": 10**6, "m": 10**6, "mn": 10**6, "百万": 10**6,
    "billion": 10**9, "billions": 10**9, "b": 10**9, "bn": 10**9, "十億": 10**9,
    "万": 10**4, "百": 10**2, "億": 10**8, "千万": 10**7,
}  # fmt: skip
SCALED = (
    "model_size", "tokens", "examples", "data_budget", "batch_tokens", "step", "iterations",
)  # fmt: skip
"""Roles that people give in thousands, millions or billions."""
LEAST_COUNT = {"model_size": 1e4, "tokens": 1e5}
"""A column whose every value lies below is no count of parameters or tokens: it is asked about."""

_BRACKETS = re.compile(r"[(\[（【](.*?)[)\]）】]")
_COUNTED = re.compile(r"(?:人|名|個|件|回|ステップ|トークン|パラメータ)$")
"""What Japanese puts behind a scale: 万人."""
_NOISY = re.compile(r"noise|sigma|σ|ノイズ|雑音")
_PREFIX = re.compile(r"^(?:config|params|param|hparams|hyperparameters|summary|metrics|tags)[/.]")


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What the columns of one file say."""

    by_role: Mapping[str, str]
    scale: Mapping[str, int]
    """Role -> what its cells are multiplied by."""
    said: frozenset[str]
    """Roles that a person named."""
    measure: Measure | None
    """What the loss is counted in, where a person or its column's name says it."""
    unused: tuple[str, ...]

    def has(self, *roles: str) -> bool:
        """Whether the file has a column for one of ``roles``."""
        return any(role in self.by_role for role in roles)


def plain(name: str) -> str:
    """A column's name without case, separators, brackets and prefixes.

    >>> plain("config/Batch-Size"), plain("N (millions)"), plain("eval/loss")
    ('batchsize', 'n', 'evalloss')
    """
    tidy = unicodedata.normalize("NFKC", name).strip().casefold()
    tidy = _BRACKETS.sub("", _PREFIX.sub("", tidy))
    return re.sub(r"[\s_\-./:]+", "", tidy)


_ROLE_OF = {plain(alias): role for role, names in ALIASES.items() for alias in names}
KNOWN = tuple(alias for names in ALIASES.values() for alias in names)


def known(header: Sequence[str]) -> int:
    """How many columns of a header have a role."""
    return len({_role(name)[0] for name in header} - {""})


def role_of(name: str) -> str:
    """The role of one column by its name alone; "" where it has none.

    >>> role_of("eval/loss"), role_of("N"), role_of("remark")
    ('cross_entropy', 'model_size', '')
    """
    if plain(name) == "n":
        return "model_size"
    try:
        return _role(name)[0]
    except InputError:
        return ""


def role_named(text: str) -> str:
    """The role that a person means, by its own name or an alias. Raises :class:`InputError`."""
    role = text if text in ALIASES else _ROLE_OF.get(plain(text), "")
    if not role:
        raise InputError(
            "Expected one of {expected} behind the = of --map, got {value}.",
            expected=", ".join(ALIASES),
            value=text[:40] or "nothing",
        )
    return role


def choose_columns(
    header: Sequence[str], said: Mapping[str, str], file: str, loss_unit: Measure | None = None
) -> Columns:
    """The role of each column, by what a person ``said`` (theirs -> ours, or :data:`UNUSED`) and by
    its name; the measure of the loss likewise.

    Raises :class:`InputError` for a column that is not there, a role that does not exist, and two
    columns that would be the same thing.
    """
    by_role: dict[str, str] = {}
    scale: dict[str, int] = {}
    unused: set[str] = set()
    for theirs, ours in said.items():
        column = _column(header, theirs, file)
        if ours == UNUSED:
            unused.add(column)
            continue
        name, _, unit = ours.partition(":")
        role = role_named(name.strip())
        if role in by_role:
            raise InputError(
                "Expected one column for {name}, got {first} and {second}.",
                name=role,
                first=by_role[role],
                second=column,
            )
        by_role[role] = column
        scale[role] = _said_scale(unit.strip())
    named = frozenset(by_role)
    free = [name for name in header if name not in by_role.values() and name not in unused]
    _guess(free, by_role, scale)
    _read_capital_n(free, by_role, scale)
    used = set(by_role.values())
    _require_noise(by_role, [name for name in free if name not in used])
    loss = by_role.get("cross_entropy")
    return Columns(
        by_role=by_role,
        scale={role: factor for role, factor in scale.items() if factor != 1},
        said=named,
        measure=loss_unit or (None if loss is None else _stated_measure(loss)),
        unused=tuple(name for name in header if name not in used),
    )


def _column(header: Sequence[str], theirs: str, file: str) -> str:
    same = [name for name in header if name == theirs] or [
        name for name in header if plain(name) == plain(theirs)
    ]
    if len(same) != 1:
        raise InputError(
            "Expected a column of {file} before the = of --map, got {name}: it has {columns}.",
            file=file,
            name=theirs[:40],
            columns=", ".join(header[:40]),
        )
    return same[0]


def _said_scale(unit: str) -> int:
    if unit and unit.casefold() not in SCALES:
        raise InputError(
            "Expected thousands, millions or billions behind the : of --map, got {value}.",
            value=unit[:40],
        )
    return SCALES[unit.casefold()] if unit else 1


def _guess(header: Sequence[str], by_role: dict[str, str], scale: dict[str, int]) -> None:
    taken = set(by_role)
    best: dict[str, tuple[int, str, int]] = {}
    for name in header:
        role, factor, rank = _role(name)
        if not role or role in taken:
            continue
        if role in best and best[role][0] == rank:
            raise InputError(
                "Expected one column for {name}, got {first} and {second}: say which with "
                "--map THEIRS={name}.",
                name=role,
                first=best[role][1],
                second=name,
            )
        if role not in best or rank < best[role][0]:
            best[role] = (rank, name, factor)
    for role, (_, name, factor) in best.items():
        by_role[role], scale[role] = name, factor


def _role(name: str) -> tuple[str, int, int]:
    """Role, scale and rank of a name; ("", 1, 0) where it has none."""
    tidy = plain(name)
    if tidy in _ROLE_OF:
        return _with_rank(_ROLE_OF[tidy], tidy, _bracket_scale(name))
    words = re.split(r"[\s_\-./]+", unicodedata.normalize("NFKC", name).strip().casefold())
    words = [word for word in words if word not in ("in", "nats", "bits", "per", "token", "byte")]
    factor = SCALES.get(words[-1], 1) if len(words) > 1 else 1
    stem = plain("_".join(words[:-1] if factor != 1 else words))
    role = _ROLE_OF.get(stem, "n" if stem == "n" else "")
    if role == "n" and factor != 1:
        role = "model_size"
    if not role or role == "n" or (factor != 1 and role not in SCALED):
        return "", 1, 0
    return _with_rank(role, stem, factor if factor != 1 else _bracket_scale(name))


def _with_rank(role: str, tidy: str, factor: int) -> tuple[str, int, int]:
    ranks = [plain(alias) for alias in ALIASES[role]]
    return role, factor if role in SCALED else 1, ranks.index(tidy) if tidy in ranks else 99


def _bracket_scale(name: str) -> int:
    inside = _BRACKETS.search(unicodedata.normalize("NFKC", name).casefold())
    words = re.split(r"[\s_\-./]+", inside[1].strip()) if inside else []
    scales = [_COUNTED.sub("", word) for word in words]
    return next((SCALES[word] for word in scales if word in SCALES), 1)


def _read_capital_n(header: Sequence[str], by_role: dict[str, str], scale: dict[str, int]) -> None:
    """N is the size, or the people where the size has a column of its own."""
    for name in header:
        if plain(name) != "n" or name in by_role.values():
            continue
        role = "data_budget" if "model_size" in by_role else "model_size"
        if role not in by_role:
            by_role[role], scale[role] = name, _bracket_scale(name)


def _require_noise(by_role: Mapping[str, str], unused: Sequence[str]) -> None:
    """Raises :class:`InputError` where a column seems to speak of noise and none is read: its runs
    would count as trained without."""
    if {"noise_multiplier", "noise_batch_ratio", "epsilon"} & by_role.keys():
        return
    for name in unused:
        if _NOISY.search(unicodedata.normalize("NFKC", name).casefold()):
            raise InputError(
                "Expected to know what {column} says of the noise: give --map "
                '"{column}=noise_multiplier" or --map "{column}=noise_batch_ratio", or --map '
                '"{column}=unused" where it says nothing of it.',
                column=name,
            )


def _stated_measure(name: str) -> Measure | None:
    """The measure that a loss column's name says; None where it says none.

    Raises :class:`InputError` for bits of what is not said.
    """
    tidy = unicodedata.normalize("NFKC", name).casefold()
    words = set(re.split(r"[\s_\-./()\[\]]+", tidy))
    if words & {"ppl", "perplexity"}:
        return Measure.PERPLEXITY
    if "bpb" in words:
        return Measure.BITS_PER_BYTE
    for count in ("nats", "bits"):
        for what in ("token", "byte"):
            if words & {count, count[:-1]} and words & {what, f"{what}s"}:
                return measure(f"{count}-per-{what}")
    if words & {"bits", "bit", "bpc"}:
        raise InputError(
            "Expected the unit of the losses in {column}, which says bits and not of what: give "
            "--loss-unit bits-per-token or --loss-unit bits-per-byte.",
            column=name,
        )
    if words & {"byte", "bytes"}:
        raise InputError(
            "Expected the unit of the losses in {column}, which says bytes and not nats or bits: "
            "give --loss-unit nats-per-byte or --loss-unit bits-per-byte.",
            column=name,
        )
    return None
