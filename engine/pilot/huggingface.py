"""Folders in Hugging Face format: a public model in. :mod:`engine.pilot.huggingface_export` writes
what was trained of it.

Read are ``config.json``, ``*.safetensors`` and ``tokenizer.json`` of the families GPT-2, GPT-NeoX
(Pythia too), Llama, Mistral, OLMo 2, Qwen2 and Qwen3, and nothing of them is run: no package of the
format is loaded, a folder that brings code (``*.py``, ``auto_map``) or pickles (``*.bin``, ``*.pt``
…) is refused, and so is every setting under which a model would compute something else than
:mod:`engine.pilot.dpsgd.model` does.

Mistral, and Qwen where it says so, looks back so many tokens at most, which is no limit within a
window.

Not covered: other families, quantised weights, scaled rotary positions, and but for Qwen3 heads of
another size than width / heads. A position beyond the window is cut off.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import InputError
from engine.pilot.huggingface_names import Weights, weights_of
from engine.pilot.plan import LONGEST_WINDOW, SHORTEST_WINDOW
from engine.pilot.shape import Shape
from engine.untrusted import regular
from engine.untrusted.guard import guarded
from engine.untrusted.texts import json_value
from engine.untrusted.weights import public_weights, require_size

CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE = "config.json", "model.safetensors", "tokenizer.json"
ADAPTER_CONFIG_FILE, ADAPTER_FILE = "adapter_config.json", "adapter_model.safetensors"
FAMILIES = ("gpt2", "gpt_neox", "llama", "mistral", "olmo2", "qwen2", "qwen3")
_CODE = ("*.py", "*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5", "*.msgpack")
_LARGEST_CONFIG = 2**20


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
        require_size(sum(array.nbytes for array in found.values()))
    if not found:
        raise InputError(
            "Expected weights as *.safetensors in {path}, found none: save the model with "
            "safetensors.",
            path=folder,
        )
    weights = weights_of(found, shape)
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
    if config.get("quantization_config") or config.get("compression_config"):
        raise InputError(
            "Expected weights as they were trained, got a quantised model by {file}: take the "
            "folder of the model that it was made of.",
            file=path.name,
        )
    if config.get("model_type") not in FAMILIES:
        raise InputError(
            "Expected a model of the families {known}, got {found}: others compute attention, "
            "positions or norms in another way (scaled embeddings of Gemma, joined matrices of "
            "Phi-3, experts of Mixtral), which Kessai does not.",
            known=", ".join(FAMILIES),
            found=str(config.get("model_type"))[:40],
        )
    return config


def _shape(config: Mapping[str, Any], window: int) -> Shape:
    read = {"gpt2": _gpt2, "gpt_neox": _gpt_neox}.get(config["model_type"], _llama)
    shape, longest = guarded(
        lambda: read(config, window),
        lambda reason: InputError(
            "Expected the settings of a {family} model, got others: {reason}.",
            family=config["model_type"],
            reason=reason,
        ),
    )
    most = min(longest, LONGEST_WINDOW)
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


def _gpt_neox(config: Mapping[str, Any], window: int) -> tuple[Shape, int]:
    rotary = _rotary(config)
    act = config.get("hidden_act", "gelu")
    _require(
        {**config, "rope_type": _rope_type(config)},
        {
            "hidden_act": ("gelu", "gelu_new", "gelu_pytorch_tanh"),
            "attention_bias": (True,),
            "rope_type": ("default",),
        },
    )
    shape = Shape(
        kind="gpt_neox",
        depth=int(config["num_hidden_layers"]),
        width=int(config["hidden_size"]),
        heads=int(config["num_attention_heads"]),
        hidden=int(config["intermediate_size"]),
        activation="gelu" if act == "gelu" else "gelu_new",
        vocabulary_size=int(config["vocab_size"]),
        sequence_length=window,
        rotary_base=float(rotary.get("rope_theta", config.get("rotary_emb_base", 10_000.0))),
        norm_epsilon=float(config.get("layer_norm_eps", 1e-5)),
        tied=bool(config.get("tie_word_embeddings", False)),
        rotary_share=float(rotary.get("partial_rotary_factor", config.get("rotary_pct", 0.25))),
        parallel=bool(config.get("use_parallel_residual", True)),
    )
    return shape, int(config["max_position_embeddings"])


def _rotary(config: Mapping[str, Any]) -> dict[str, Any]:
    return {**(config.get("rope_scaling") or {}), **(config.get("rope_parameters") or {})}


def _rope_type(config: Mapping[str, Any]) -> Any:
    """How rotary positions are scaled; where old and new settings disagree, the one that scales."""
    both = [config.get("rope_scaling") or {}, config.get("rope_parameters") or {}]
    kinds = [rotary.get("rope_type", rotary.get("type", "default")) for rotary in both]
    return next((kind for kind in kinds if kind != "default"), "default")


def _looks_back(config: Mapping[str, Any]) -> int | None:
    """Tokens that attention looks back, in some layers at least; None: all."""
    limited = config["model_type"] == "mistral" or bool(config.get("use_sliding_window"))
    back = config.get("sliding_window") if limited else None
    return None if back is None else int(back)


def _llama(config: Mapping[str, Any], window: int) -> tuple[Shape, int]:
    kind = str(config["model_type"]).replace("mistral", "llama")
    rotary, back = _rotary(config), _looks_back(config)
    if back is not None and back < window:
        raise InputError(
            "Expected a window of at most the {back} tokens that the model's attention looks back, "
            "got {window}.",
            back=back,
            window=window,
        )
    width, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
    of_head = config.get("head_dim") or (128 if kind == "qwen3" else width // heads)
    _require(
        {**config, "rope_type": _rope_type(config)},
        {
            "hidden_act": ("silu",),
            "attention_bias": (False,),
            "mlp_bias": (False,),
            "rope_type": ("default",),
            "head_dim": (of_head if kind == "qwen3" else width // heads, None),
        },
    )
    shape = Shape(
        kind=kind,
        depth=int(config["num_hidden_layers"]),
        width=width,
        heads=heads,
        hidden=int(config["intermediate_size"]),
        activation="swiglu",
        vocabulary_size=int(config["vocab_size"]),
        sequence_length=window,
        key_value_heads=int(config.get("num_key_value_heads") or heads),
        rotary_base=float(rotary.get("rope_theta", config.get("rope_theta", 10_000.0))),
        norm_epsilon=float(config.get("rms_norm_eps", 1e-5 if kind == "olmo2" else 1e-6)),
        tied=bool(config.get("tie_word_embeddings", False)),
        head_size=0 if int(of_head) == width // heads else int(of_head),
    )
    return shape, int(config["max_position_embeddings"])
