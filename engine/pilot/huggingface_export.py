"""What was trained of a public model, as files that other packages load.

An adapter as the package peft loads it (low-rank parts, α = r), or, where all weights moved, a
folder that the package transformers loads. Rows of the projection to queries, keys and values lie
in one matrix here: its low-rank update B A is three updates with the same A. What was trained of
Mistral goes out as Llama. A position beyond the window was cut off, and is not exported.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from safetensors.numpy import save

from engine.errors import InputError
from engine.pilot.huggingface import (
    ADAPTER_CONFIG_FILE,
    ADAPTER_FILE,
    CONFIG_FILE,
    FAMILIES,
    WEIGHTS_FILE,
)
from engine.pilot.huggingface_names import NAMES, Weights, layer_place, places
from engine.pilot.shape import Shape


def adapter_files(
    shape: Shape, rank: int, trained: Mapping[str, np.ndarray], *, base: str
) -> dict[str, bytes]:
    """The files of an adapter as the package peft loads it; ``trained`` by our names, ``base`` is
    what it is an adapter of."""
    _require_foreign(shape)
    layers = NAMES[shape.kind].layers
    found: Weights = {}
    for block in range(shape.depth):
        for ours in layers:
            place = layer_place(shape, block, ours, "weight")
            down = trained[f"blocks.{block}.{ours}.down.weight"]
            up = trained[f"blocks.{block}.{ours}.up.weight"]
            for weight, part in replace(place, turned=False).theirs(up).items():
                name = f"base_model.model.{weight.removesuffix('.weight')}"
                found[f"{name}.lora_A.weight"] = np.array(down, dtype=np.float32, order="C")
                found[f"{name}.lora_B.weight"] = part
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


def model_files(shape: Shape, weights: Mapping[str, np.ndarray]) -> dict[str, bytes]:
    """The files of a whole model as the package transformers loads it."""
    _require_foreign(shape)
    found: Weights = {}
    for place in places(shape):
        found.update(place.theirs(weights[place.name]))
    make = {"gpt2": _gpt2_config, "gpt_neox": _gpt_neox_config}.get(shape.kind, _llama_config)
    config = make(shape)
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


def _gpt_neox_config(shape: Shape) -> dict[str, Any]:
    return {
        "model_type": "gpt_neox",
        "architectures": ["GPTNeoXForCausalLM"],
        "num_hidden_layers": shape.depth,
        "hidden_size": shape.width,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.hidden,
        "hidden_act": shape.activation,
        "max_position_embeddings": shape.sequence_length,
        "layer_norm_eps": shape.norm_epsilon,
        "rotary_emb_base": shape.rotary_base,
        "rotary_pct": shape.rotary_share,
        "use_parallel_residual": shape.parallel,
        "vocab_size": shape.vocabulary_size,
        "tie_word_embeddings": shape.tied,
        "dtype": "float32",
    }


_CLASSES = {"llama": "Llama", "olmo2": "Olmo2", "qwen2": "Qwen2", "qwen3": "Qwen3"}


def _llama_config(shape: Shape) -> dict[str, Any]:
    return {
        "model_type": shape.kind,
        "architectures": [f"{_CLASSES[shape.kind]}ForCausalLM"],
        **({"head_dim": shape.head_width} if shape.kind == "qwen3" else {}),
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
