"""What was trained of a public model, as files that other packages load.

An adapter as the package peft loads it (low-rank parts, α = r), or, where all weights moved, a
folder that the package transformers loads. Rows of the projection to queries, keys and values lie
in one matrix here: its low-rank update B A is three updates with the same A. What was trained of
Mistral goes out as Llama. A position beyond the window was cut off, and is not exported.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors.numpy import save

from engine.errors import InputError
from engine.pilot.huggingface import (
    ADAPTER_CONFIG_FILE,
    ADAPTER_FILE,
    CONFIG_FILE,
    FAMILIES,
    GPT2_LAYERS,
    LLAMA_LAYERS,
    WEIGHTS_FILE,
    Weights,
    places,
)
from engine.pilot.ladder import key_value_width
from engine.pilot.plan import Shape


def adapter_files(
    shape: Shape, rank: int, trained: Mapping[str, np.ndarray], *, base: str
) -> dict[str, bytes]:
    """The files of an adapter as the package peft loads it; ``trained`` by our names, ``base`` is
    what it is an adapter of."""
    _require_foreign(shape)
    layers = GPT2_LAYERS if shape.kind == "gpt2" else LLAMA_LAYERS
    prefix = "transformer.h" if shape.kind == "gpt2" else "model.layers"
    found: Weights = {}
    for block in range(shape.depth):
        for ours, theirs in layers.items():
            down = trained[f"blocks.{block}.{ours}.down.weight"]
            up = trained[f"blocks.{block}.{ours}.up.weight"]
            rows = _rows(shape, len(theirs), len(up))
            for layer, part in zip(theirs, np.split(up, rows), strict=True):
                name = f"base_model.model.{prefix}.{block}.{layer}"
                found[f"{name}.lora_A.weight"] = np.array(down, dtype=np.float32, order="C")
                found[f"{name}.lora_B.weight"] = np.array(part, dtype=np.float32, order="C")
    config = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": rank,
        "lora_alpha": rank,
        "lora_dropout": 0.0,
        "target_modules": sorted(
            {n.rsplit(".", 1)[-1] for names in layers.values() for n in names}
        ),
        "fan_in_fan_out": shape.kind == "gpt2",
        "bias": "none",
        "inference_mode": True,
    }
    return {
        ADAPTER_CONFIG_FILE: json.dumps(config, indent=1).encode(),
        ADAPTER_FILE: save(found, {"format": "pt"}),
    }


def _rows(shape: Shape, parts: int, rows: int) -> list[int]:
    """Where the rows of queries, keys and values end."""
    if parts == 1:
        return []
    shared = key_value_width(shape)
    return [rows - 2 * shared, rows - shared]


def model_files(shape: Shape, weights: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """The files of a whole model as the package transformers loads it."""
    _require_foreign(shape)
    found: Weights = {}
    for place in places(shape):
        whole = weights[place.name]
        rows = _rows(shape, len(place.parts), len(whole))
        for name, part in zip(place.parts, np.split(whole, rows), strict=True):
            turned = part.T if place.turned and part.ndim == 2 else part
            found[name] = np.array(turned, dtype=np.float32, order="C")
    config = _gpt2_config(shape) if shape.kind == "gpt2" else _llama_config(shape)
    return {
        CONFIG_FILE: json.dumps(config, indent=1).encode(),
        WEIGHTS_FILE: save(found, {"format": "pt"}),
    }


def _require_foreign(shape: Shape) -> None:
    if shape.kind not in FAMILIES:
        raise InputError(
            "Expected a training from an imported start ({known}), got one of Kessai's own "
            "architecture, which no other package loads.",
            known=", ".join(FAMILIES),
        )


def _gpt2_config(shape: Shape) -> dict[str, Any]:
    return {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "n_layer": shape.depth,
        "n_embd": shape.width,
        "n_head": shape.heads,
        "n_inner": shape.hidden,
        "n_positions": shape.sequence_length,
        "activation_function": "gelu_new",
        "layer_norm_epsilon": shape.norm_epsilon,
        "vocab_size": shape.vocabulary_size,
        "tie_word_embeddings": shape.tied,
        "dtype": "float32",
    }


def _llama_config(shape: Shape) -> dict[str, Any]:
    return {
        "model_type": "llama",
        "architectures": ["LlamaForCausalLM"],
        "num_hidden_layers": shape.depth,
        "hidden_size": shape.width,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.key_value_heads or shape.heads,
        "intermediate_size": shape.hidden,
        "hidden_act": "silu",
        "max_position_embeddings": shape.sequence_length,
        "rms_norm_eps": shape.norm_epsilon,
        "rope_theta": shape.rotary_base,
        "vocab_size": shape.vocabulary_size,
        "tie_word_embeddings": shape.tied,
        "dtype": "float32",
    }
