"""Tiny public models of all families with random weights, as the package transformers saves."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

VOCABULARY, POSITIONS = 40, 48
NOTHING: Mapping[str, Any] = {}
FAMILIES = ("gpt2", "gpt_neox", "llama", "mistral", "olmo2", "qwen2", "qwen3")
_CLASSES = {
    "llama": "Llama",
    "mistral": "Mistral",
    "olmo2": "Olmo2",
    "qwen2": "Qwen2",
    "qwen3": "Qwen3",
}
NEEDED = "pip install -r tests/pilot/requirements.txt"


def model(family: str, *, seed: int = 0, changes: Mapping[str, Any] = NOTHING) -> Any:
    """The package's own model, every weight moved, norms and biases too; ``changes`` of its
    settings."""
    found = pytest.importorskip(
        "transformers", reason="pip install -r tests/pilot/requirements.txt"
    )
    torch.manual_seed(seed)
    if family == "gpt2":
        made = found.GPT2LMHeadModel(
            found.GPT2Config(
                n_layer=2,
                n_embd=16,
                n_head=2,
                n_positions=POSITIONS,
                vocab_size=VOCABULARY,
                bos_token_id=0,
                eos_token_id=0,
            )
        )
    elif family == "gpt_neox":
        made = found.GPTNeoXForCausalLM(
            found.GPTNeoXConfig(
                hidden_size=16,
                num_hidden_layers=2,
                num_attention_heads=2,
                intermediate_size=24,
                vocab_size=VOCABULARY,
                max_position_embeddings=POSITIONS,
                rotary_pct=0.5,
                rotary_emb_base=5_000.0,
                bos_token_id=0,
                eos_token_id=0,
                **changes,
            )
        )
    else:
        name = _CLASSES[family]
        own = {**changes, **({"head_dim": 6} if family == "qwen3" else {})}
        made = getattr(found, f"{name}ForCausalLM")(
            getattr(found, f"{name}Config")(
                **own,
                hidden_size=16,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                intermediate_size=24,
                vocab_size=VOCABULARY,
                max_position_embeddings=POSITIONS,
                rope_theta=5_000.0,
                bos_token_id=0,
                eos_token_id=0,
                pad_token_id=None,  # else its embedding would not move
            )
        )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    return made.eval()


def saved(
    family: str,
    folder: Path,
    *,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
    changes: Mapping[str, Any] = NOTHING,
) -> Any:
    """The model, saved in ``folder`` with a tokenizer of single bytes."""
    made = model(family, seed=seed, changes=changes)
    made.to(dtype).save_pretrained(folder)
    tokenizers = pytest.importorskip("tokenizers")
    letters = {chr(97 + n): n for n in range(26)}
    words = tokenizers.Tokenizer(tokenizers.models.WordLevel(letters, unk_token="a"))
    words.pre_tokenizer = tokenizers.pre_tokenizers.Split("", "isolated")
    words.save(str(folder / "tokenizer.json"))
    # Read again: a model that is cast back has rotary tables of the narrower type.
    return type(made).from_pretrained(folder, dtype=torch.float32).eval()
