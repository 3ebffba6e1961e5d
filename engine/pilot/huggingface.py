"""Folders in Hugging Face format: a public model in. :mod:`engine.pilot.huggingface_export` writes
what was trained of it.

Read are ``config.json``, ``*.safetensors`` and ``tokenizer.json`` of the families GPT-2, Llama and
Mistral, and nothing of them is run: no package of the format is loaded, a folder that brings code
(``*.py``, ``auto_map``) or pickles (``*.bin``, ``*.pt`` …) is refused, and so is every setting
under which a model would compute something else than :mod:`engine.pilot.dpsgd.model` does.

Mistral is Llama with attention that looks back so many tokens at most, which is no limit within a
window.

Not covered: other families, quantised weights, scaled rotary positions, heads of
another size than width / heads. A position beyond the window is cut off.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import InputError
from engine.pilot.ladder import parameter_count
from engine.pilot.plan import LONGEST_WINDOW, SHORTEST_WINDOW, Shape
from engine.untrusted import regular
from engine.untrusted.guard import guarded
from engine.untrusted.texts import json_value
from engine.untrusted.weights import public_weights

CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE = "config.json", "model.safetensors", "tokenizer.json"
ADAPTER_CONFIG_FILE, ADAPTER_FILE = "adapter_config.json", "adapter_model.safetensors"
FAMILIES = ("gpt2", "llama", "mistral")
LONGEST = 512
"""Tokens of a window at most."""
_CODE = ("*.py", "*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
_LARGEST_CONFIG = 2**20
_MASKS = (".attn.bias", ".attn.masked_bias", ".rotary_emb.inv_freq")
"""Ends of names of tables that old files hold beside weights."""

Weights = dict[str, np.ndarray]


@dataclass(frozen=True, kw_only=True, eq=False)
class PublicModel:
    """What a folder holds, by the names of :mod:`engine.pilot.dpsgd.model`."""

    shape: Shape
    weights: Weights
    sha256: str
    """Of all files of weights, in the order of their names."""
    tokenizer: Path | None
    """None where the folder has none in the format of the package tokenizers."""


def read_folder(folder: Path, window: int) -> PublicModel:
    """The model in ``folder``, for windows of so many tokens.

    Raises :class:`InputError` for a folder with code or pickles in it, another family, a setting
    that is not supported, or weights that are not whole.
    """
    if not folder.is_dir():
        raise InputError(
            "Expected a folder in Hugging Face format, got {path}: there is none.", path=folder
        )
    _require_no_code(folder)
    config = _config(folder / CONFIG_FILE)
    shape = _shape(config, window)
    found: Weights = {}
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.safetensors")):
        if path.name == ADAPTER_FILE:
            continue
        try:
            arrays, hashed = public_weights(path)
        except OSError as error:
            raise InputError(
                "Expected weights that can be read, {file} cannot: {reason}.",
                file=path.name,
                reason=error.strerror or error,
            ) from error
        digest.update(bytes.fromhex(hashed))
        found.update(arrays)
    if not found:
        raise InputError(
            "Expected weights as *.safetensors in {path}, found none: save the model with "
            "safetensors.",
            path=folder,
        )
    weights = _ours(found, shape)
    tokenizer = folder / TOKENIZER_FILE
    return PublicModel(
        shape=shape,
        weights=weights,
        sha256=digest.hexdigest(),
        tokenizer=tokenizer if tokenizer.is_file() else None,
    )


def _require_no_code(folder: Path) -> None:
    for pattern in _CODE:
        for path in sorted(folder.glob(pattern)):
            raise InputError(
                "Expected a folder of safetensors without code or pickles, got {name}: nothing of "
                "a folder is run here, so take it out.",
                name=path.name[:80],
            )


def _config(path: Path) -> dict[str, Any]:
    def parse() -> dict[str, Any]:
        found = json_value(regular.bytes_of(path, _LARGEST_CONFIG))
        if not isinstance(found, dict):
            raise TypeError("it is no object")
        return found

    config = guarded(
        parse,
        lambda reason: InputError(
            "Expected the settings of a model in {file}, got something else: {reason}.",
            file=path.name,
            reason=reason,
        ),
    )
    if "auto_map" in config:
        raise InputError(
            "Expected a model without code of its own, got auto_map in {file}: nothing of a folder "
            "is run here.",
            file=path.name,
        )
    if config.get("model_type") not in FAMILIES:
        raise InputError(
            "Expected a model of the families {known}, got {found}: others compute attention, "
            "positions or norms in another way (biases in Qwen2, norms of OLMo, parallel blocks of "
            "GPT-NeoX), which Kessai does not.",
            known=", ".join(FAMILIES),
            found=str(config.get("model_type"))[:40],
        )
    return config


def _shape(config: Mapping[str, Any], window: int) -> Shape:
    read = _gpt2 if config["model_type"] == "gpt2" else _llama
    shape, longest = guarded(
        lambda: read(config, window),
        lambda reason: InputError(
            "Expected the settings of a {family} model, got others: {reason}.",
            family=config["model_type"],
            reason=reason,
        ),
    )
    most = min(longest, LONGEST, LONGEST_WINDOW)
    if not SHORTEST_WINDOW <= window <= most:
        raise InputError(
            "Expected a window of {least} to {most} tokens for this model, got {value}.",
            least=SHORTEST_WINDOW,
            most=most,
            value=window,
        )
    return shape


def _require(config: Mapping[str, Any], wanted: Mapping[str, tuple[Any, ...]]) -> None:
    """Settings that are there must have one of these values."""
    for name, values in wanted.items():
        if name in config and config[name] not in values:
            raise InputError(
                "Expected {name} = {wanted} in config.json, got {found}: that model computes "
                "something else.",
                name=name,
                wanted=str(values[0]),
                found=str(config[name])[:40],
            )


def _gpt2(config: Mapping[str, Any], window: int) -> tuple[Shape, int]:
    _require(
        config,
        {
            "activation_function": ("gelu_new", "gelu_pytorch_tanh"),
            "scale_attn_weights": (True,),
            "scale_attn_by_inverse_layer_idx": (False,),
            "add_cross_attention": (False,),
        },
    )
    width = int(config["n_embd"])
    shape = Shape(
        kind="gpt2",
        depth=int(config["n_layer"]),
        width=width,
        heads=int(config["n_head"]),
        hidden=int(config.get("n_inner") or 4 * width),
        activation="gelu_new",
        vocabulary_size=int(config["vocab_size"]),
        sequence_length=window,
        norm_epsilon=float(config.get("layer_norm_epsilon", 1e-5)),
        tied=bool(config.get("tie_word_embeddings", True)),
    )
    return shape, int(config["n_positions"])


def _llama(config: Mapping[str, Any], window: int) -> tuple[Shape, int]:
    rotary = {
        **(config.get("rope_scaling") or {}),
        **(config.get("rope_parameters") or {}),
    }
    back = config.get("sliding_window") if config["model_type"] == "mistral" else None
    if back is not None and int(back) < window:
        raise InputError(
            "Expected a window of at most the {back} tokens that the model's attention looks back, "
            "got {window}.",
            back=int(back),
            window=window,
        )
    width, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    _require(
        {**config, "rope_type": rotary.get("rope_type", rotary.get("type", "default"))},
        {
            "hidden_act": ("silu",),
            "attention_bias": (False,),
            "mlp_bias": (False,),
            "rope_type": ("default",),
            "head_dim": (width // heads, None),
        },
    )
    shape = Shape(
        kind="llama",
        depth=int(config["num_hidden_layers"]),
        width=width,
        heads=heads,
        hidden=int(config["intermediate_size"]),
        activation="swiglu",
        vocabulary_size=int(config["vocab_size"]),
        sequence_length=window,
        key_value_heads=int(config.get("num_key_value_heads") or heads),
        rotary_base=float(rotary.get("rope_theta", config.get("rope_theta", 10_000.0))),
        norm_epsilon=float(config.get("rms_norm_eps", 1e-6)),
        tied=bool(config.get("tie_word_embeddings", False)),
    )
    return shape, int(config["max_position_embeddings"])


# --- names ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A matrix or vector of ours, and where the format has it: rows of ``parts`` one after the
    other; ``turned``: the format has inputs down and outputs across."""

    name: str
    parts: tuple[str, ...]
    turned: bool = False


def places(shape: Shape) -> Iterator[_Place]:
    gpt2 = shape.kind == "gpt2"
    prefix = "transformer." if gpt2 else "model."
    yield _Place("embedding.weight", (f"{prefix}{'wte' if gpt2 else 'embed_tokens'}.weight",))
    if gpt2:
        yield _Place("positions.weight", (f"{prefix}wpe.weight",))
    for block in range(shape.depth):
        ours, theirs = f"blocks.{block}.", f"{prefix}{'h' if gpt2 else 'layers'}.{block}."
        for name, parts in (_GPT2_NORMS if gpt2 else _LLAMA_NORMS).items():
            yield _Place(f"{ours}{name}", (f"{theirs}{parts}",))
        for name, layers in (GPT2_LAYERS if gpt2 else LLAMA_LAYERS).items():
            whole = tuple(f"{theirs}{layer}.weight" for layer in layers)
            yield _Place(f"{ours}{name}.weight", whole, turned=gpt2)
            if gpt2:
                yield _Place(f"{ours}{name}.bias", (f"{theirs}{layers[0]}.bias",))
    for part in ("weight", "bias") if gpt2 else ("weight",):
        yield _Place(f"norm.{part}", (f"{prefix}{'ln_f' if gpt2 else 'norm'}.{part}",))
    if not shape.tied:
        yield _Place("head.weight", ("lm_head.weight",))


_GPT2_NORMS = {
    f"{ours}.{part}": f"{theirs}.{part}"
    for ours, theirs in (("attention_norm", "ln_1"), ("feed_forward_norm", "ln_2"))
    for part in ("weight", "bias")
}
_LLAMA_NORMS = {
    "attention_norm.weight": "input_layernorm.weight",
    "feed_forward_norm.weight": "post_attention_layernorm.weight",
}
GPT2_LAYERS = {
    "attention.query_key_value": ("attn.c_attn",),
    "attention.out": ("attn.c_proj",),
    "feed_forward.up": ("mlp.c_fc",),
    "feed_forward.down": ("mlp.c_proj",),
}
LLAMA_LAYERS = {
    "attention.query_key_value": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
    "attention.out": ("self_attn.o_proj",),
    "feed_forward.gate": ("mlp.gate_proj",),
    "feed_forward.up": ("mlp.up_proj",),
    "feed_forward.down": ("mlp.down_proj",),
}


def _ours(found: Mapping[str, np.ndarray], shape: Shape) -> Weights:
    """Weights by our names. Raises :class:`InputError` for what lacks or is of another size."""
    plain = {
        _with_prefix(name, shape): array
        for name, array in found.items()
        if not name.endswith(_MASKS)
    }
    weights: Weights = {}
    for place in places(shape):
        lacking = next((part for part in place.parts if part not in plain), None)
        if lacking is not None:
            raise InputError(
                "Expected the weights {name} in the folder, found none: they are not whole, or of "
                "another family.",
                name=lacking,
            )
        parts = [plain.pop(part) for part in place.parts]
        joined = np.concatenate(
            [part.T if place.turned and part.ndim == 2 else part for part in parts]
        )
        if place.name == "positions.weight":
            joined = joined[: shape.sequence_length]
        weights[place.name] = np.ascontiguousarray(joined, dtype=np.float32)
    plain.pop("lm_head.weight", None)  # of a tied model: the embedding once more
    if plain:
        raise InputError(
            "Expected the weights of a {kind} model and nothing else, got {name}: that model "
            "computes something else.",
            kind=shape.kind,
            name=min(plain)[:80],
        )
    sizes = sum(array.size for array in weights.values())
    if sizes != parameter_count(shape):
        raise InputError(
            "Expected {wanted} weights by config.json, got {found}: the folder is not whole.",
            wanted=f"{parameter_count(shape):,}",
            found=f"{sizes:,}",
        )
    return weights


def _with_prefix(name: str, shape: Shape) -> str:
    """Files of the bare model have no prefix."""
    prefix = "transformer." if shape.kind == "gpt2" else "model."
    return name if name.startswith((prefix, "lm_head.")) else f"{prefix}{name}"
