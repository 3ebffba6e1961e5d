"""Public models in Hugging Face format: outputs, gradients and exports held to other packages."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from engine.config import TrainingConfig
from engine.errors import InputError
from engine.pilot import huggingface, huggingface_export, starts
from engine.pilot.dpsgd.clipping import clipped_sum
from engine.pilot.dpsgd.start import LowRank, initial
from engine.pilot.dpsgd.training import Training
from engine.pilot.huggingface_names import size_of
from engine.pilot.imported_start import import_folder
from engine.pilot.ladder import parameter_count, trainable_count
from engine.pilot.plan import TrainingSettings
from tests.pilot import public_models
from tests.pilot.dpsgd.test_clipping import assert_agree, by_loop, seeded
from tests.pilot.public_models import FAMILIES, POSITIONS, VOCABULARY

WINDOW = 16


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "data"))


@pytest.fixture(params=FAMILIES)
def family(request):
    return request.param


def begun(folder, family: str, rank: int = 0, **changes: Any) -> tuple[Any, TrainingSettings]:
    """The package's model, and settings of a training that begins from it."""
    theirs = public_models.saved(family, folder)
    card, _ = import_folder(folder, "mine", window=WINDOW)
    chosen = TrainingSettings(
        shape=card.shape,
        config=TrainingConfig(
            model_size=card.model_size, batch_size=4, iterations=10, sequence_length=WINDOW
        ),
        data_budget=30,
        noise_batch_ratio=0.0,
        clip_norm=1.0,
        learning_rate=0.01,
        warmup=0,
        seed=1,
        start=starts.read("mine").begun(rank),
    )
    return theirs, replace(chosen, **changes)


def some_tokens(count: int = 3, length: int = WINDOW) -> torch.Tensor:
    return torch.randint(VOCABULARY, (count, length), generator=seeded(7))


def moved(model: Any) -> Any:
    """With low-rank parts that are not 0, so that all gradients are there."""
    with torch.no_grad():
        for part in (m for m in model.modules() if isinstance(m, LowRank)):
            part.up.weight.normal_(0, 0.3, generator=seeded(5))
    return model


def trained(model: Any) -> dict[str, np.ndarray]:
    return {name: p.detach().numpy() for name, p in model.named_parameters()}


@pytest.mark.parametrize(
    ("family_", "dtype", "changes"),
    [
        *((family, torch.float32, {}) for family in FAMILIES),
        ("gpt2", torch.bfloat16, {}),
        ("llama", torch.float16, {}),
        ("gpt_neox", torch.bfloat16, {"use_parallel_residual": False, "hidden_act": "gelu_new"}),
        ("qwen3", torch.float16, {"tie_word_embeddings": True}),
    ],
)
def test_it_computes_what_the_family_s_own_code_does(tmp_path, family_, dtype, changes):
    theirs = public_models.saved(family_, tmp_path / "hf", dtype=dtype, changes=changes)
    found = huggingface.read_folder(tmp_path / "hf", WINDOW)
    assert sum(array.size for array in found.weights.values()) == parameter_count(found.shape)
    import_folder(tmp_path / "hf", "mine", window=WINDOW)
    begun_at = starts.read("mine")
    settings = TrainingSettings(
        shape=found.shape,
        config=TrainingConfig(
            model_size=parameter_count(found.shape), batch_size=1, iterations=1,
            sequence_length=WINDOW,
        ),
        data_budget=10, noise_batch_ratio=0.0, clip_norm=1.0, learning_rate=0.1, warmup=0, seed=0,
        start=begun_at.begun(),
    )  # fmt: skip
    ours = initial(settings, generator=None)
    tokens = some_tokens()
    torch.testing.assert_close(ours(tokens), theirs(tokens).logits, rtol=1e-4, atol=1e-4)
    assert begun_at.card.tokenizer.startswith("tokens-") and begun_at.card.cross_entropy is None


@pytest.mark.parametrize("rank", [0, 3])
def test_clipped_sums_are_those_of_autograd_one_example_at_a_time(tmp_path, family, rank):
    _, settings = begun(tmp_path / "hf", family, rank)
    model = moved(initial(settings, generator=seeded(2)))
    assert sum(p.numel() for p in model.parameters()) == trainable_count(settings.shape, rank)
    tokens, targets = some_tokens(5), some_tokens(5).flip(0)
    targets[1, -4:] = -1
    weights = torch.tensor([1.0, 1.0, 0.0, 1.0, 1.0])
    norms = by_loop(model, 1.0, tokens, targets, weights).norms
    for clip_norm in (1e-6, float(norms.median())):
        found = clipped_sum(model, clip_norm=clip_norm)(tokens, targets, weights)
        assert_agree(found, by_loop(model, clip_norm, tokens, targets, weights), 1e-4)


def test_the_whole_gradient_is_that_of_the_family_s_own_code(tmp_path, family):
    """Positions and tied heads are where gradients of single examples go wrong elsewhere."""
    theirs, settings = begun(tmp_path / "hf", family)
    ours = initial(settings, generator=None)
    tokens, targets = some_tokens(1), some_tokens(1).flip(1)
    found = clipped_sum(ours, clip_norm=1e6)(tokens, targets, torch.ones(1))
    loss = torch.nn.functional.cross_entropy(theirs(tokens).logits[0], targets[0])
    loss.backward()
    squares = sum(
        float(p.grad[: WINDOW if name.endswith("wpe.weight") else None].square().sum())
        for name, p in theirs.named_parameters()
    )
    assert float(found.norms[0]) == pytest.approx(squares**0.5, rel=1e-4)
    assert float(found.losses[0]) == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_peft_loads_the_adapter_and_computes_the_same(tmp_path, family):
    peft = pytest.importorskip("peft", reason=public_models.NEEDED)
    theirs, settings = begun(tmp_path / "hf", family, rank=3)
    ours = moved(initial(settings, generator=seeded(2)))
    out = tmp_path / "adapter"
    out.mkdir()
    files = huggingface_export.adapter_files(settings.shape, 3, trained(ours), base="mine")
    for name, content in files.items():
        (out / name).write_bytes(content)
    tokens = some_tokens()
    plain = theirs(tokens).logits
    adapted = peft.PeftModel.from_pretrained(theirs, out).eval()
    torch.testing.assert_close(adapted(tokens).logits, ours(tokens), rtol=1e-4, atol=1e-4)
    assert (adapted(tokens).logits - plain).abs().max() > 0.1


def test_transformers_loads_the_whole_model_and_computes_the_same(tmp_path, family):
    transformers = pytest.importorskip("transformers")
    _, settings = begun(tmp_path / "hf", family)
    ours = initial(settings, generator=None)
    with torch.no_grad():
        for parameter in ours.parameters():
            parameter.add_(0.1)
    out = tmp_path / "whole"
    out.mkdir()
    for name, content in huggingface_export.model_files(settings.shape, trained(ours)).items():
        (out / name).write_bytes(content)
    again = transformers.AutoModelForCausalLM.from_pretrained(out).eval()
    tokens = some_tokens()
    torch.testing.assert_close(again(tokens).logits, ours(tokens), rtol=1e-4, atol=1e-4)
    assert huggingface.read_folder(out, WINDOW).shape == settings.shape


class Letters:
    """Units of one document each, of letters that repeat."""

    fingerprint, vocabulary_size = "a1" * 32, VOCABULARY

    def split(self) -> tuple[np.ndarray, np.ndarray]:
        return np.arange(30), np.arange(30, 40)

    def documents_in(self, units: np.ndarray) -> np.ndarray:
        return np.ones(len(units), dtype=np.int64)

    def documents_of(self, units: np.ndarray, picks01: np.ndarray) -> np.ndarray:
        return units

    def windows(
        self, documents: np.ndarray, offsets01: np.ndarray, sequence_length: int
    ) -> tuple[np.ndarray, np.ndarray]:
        tokens = (np.arange(sequence_length + 1) + documents[:, None]) % 5
        return tokens[:, :-1].astype(np.int64), tokens[:, 1:].astype(np.int64)


@pytest.mark.parametrize(
    ("family_", "rank"),
    [("gpt2", 0), ("gpt2", 2), ("gpt_neox", 2), ("llama", 0), ("qwen3", 2), ("olmo2", 0)],
)
@pytest.mark.slow
def test_it_learns_privately_and_goes_on_after_a_stop(tmp_path, family_, rank):
    _, settings = begun(tmp_path / "hf", family_, rank)
    chosen = replace(settings, seed=None, noise_batch_ratio=0.01, learning_rate=0.02)
    chosen = replace(chosen, config=replace(chosen.config, iterations=25, batch_size=20))
    first = Training(chosen, Letters(), folder=tmp_path / "run")
    before = first.held_out_loss()
    outcome = first.run()
    assert outcome.private and outcome.charged == 25
    assert outcome.cross_entropy < before
    again = Training(chosen, Letters(), folder=tmp_path / "run").run()
    assert again.cross_entropy == outcome.cross_entropy and again.charged == 25


@pytest.mark.parametrize("name", ["modeling.py", "pytorch_model.bin", "weights.pt"])
def test_code_and_pickles_are_refused(tmp_path, name):
    public_models.saved("gpt2", tmp_path / "hf")
    (tmp_path / "hf" / name).write_bytes(b"")
    with pytest.raises(InputError, match=rf"without code or pickles, got {name}"):
        huggingface.read_folder(tmp_path / "hf", WINDOW)


@pytest.mark.parametrize(
    ("family_", "change", "said"),
    [
        ("gpt2", {"auto_map": {"AutoModel": "x.Y"}}, "auto_map"),
        ("gpt2", {"model_type": "bloom"}, "families gpt2, gpt_neox, llama, .*got bloom"),
        ("gpt2", {"activation_function": "relu"}, "activation_function = gelu_new"),
        ("gpt2", {"n_embd": "wide"}, "settings of a gpt2 model"),
        ("gpt2", {"n_layer": 3}, r"weights transformer\.h\.2\."),
        ("gpt2", {"n_layer": 1}, r"nothing else, got transformer\.h\.1\."),
        ("gpt2", {"vocab_size": VOCABULARY + 1}, r"wte.weight of 41 × 16 .* got 40 × 16"),
        ("llama", {"quantization_config": {"quant_method": "gptq"}}, "quantised model"),
        ("llama", {"model_type": "gemma"}, "scaled embeddings of Gemma"),
        ("llama", {"model_type": "qwen2"}, r"weights .*q_proj\.bias"),
        ("qwen2", {"model_type": "llama"}, r"nothing else, got .*k_proj\.bias"),
        ("qwen3", {"model_type": "llama", "head_dim": 4}, r"nothing else, got .*k_norm"),
        ("olmo2", {"model_type": "llama"}, r"weights .*input_layernorm"),
        ("gpt_neox", {"hidden_act": "relu"}, "hidden_act = gelu"),
        ("gpt_neox", {"attention_bias": False}, "attention_bias = True"),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 9}, "at most the 9 tokens"),
        ("mistral", {"sliding_window": WINDOW - 1}, f"at most the {WINDOW - 1} tokens"),
        ("llama", {"rope_scaling": {"rope_type": "llama3"}}, "rope_type = default"),
        ("llama", {"attention_bias": True}, "attention_bias = False"),
        ("llama", {"head_dim": 32}, "head_dim = 4"),
    ],
)
def test_what_would_compute_something_else_is_refused(tmp_path, family_, change, said):
    public_models.saved(family_, tmp_path / "hf")
    path = tmp_path / "hf" / "config.json"
    config = json.loads(path.read_text()) | change
    if "rope_scaling" in change:
        del config["rope_parameters"]
    path.write_text(json.dumps(config))
    with pytest.raises(InputError, match=said):
        huggingface.read_folder(tmp_path / "hf", WINDOW)


def test_a_scaling_of_positions_is_seen_in_whichever_form_it_is_written(tmp_path):
    """Files of old releases have one name for it, new ones another, and some have both."""
    public_models.saved("llama", tmp_path / "hf")
    path = tmp_path / "hf" / "config.json"
    config = json.loads(path.read_text())
    config["rope_scaling"] = {"type": "linear", "factor": 2.0}
    path.write_text(json.dumps(config))
    with pytest.raises(InputError, match=r"rope_type = default .*, got linear"):
        huggingface.read_folder(tmp_path / "hf", WINDOW)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda w: w[:3], r"of 48 × 16 numbers by config.json, got 3 × 16: weights and settings"),
        (lambda w: w.T, r"of 48 × 16 numbers by config.json, got 16 × 48"),
        (lambda w: w.ravel(), r"got 768"),
        (lambda w: w * np.float32("nan"), r"NaN or infinity in .*query_key_value"),
    ],
)
def test_weights_of_another_size_or_without_numbers_are_refused(tmp_path, change, said):
    public_models.saved("gpt_neox", tmp_path / "hf")
    path = tmp_path / "hf" / "model.safetensors"
    weights = load_file(path)
    name = "gpt_neox.layers.1.attention.query_key_value.weight"
    weights[name] = np.ascontiguousarray(change(weights[name]))
    save_file(weights, path)
    with pytest.raises(InputError, match=said):
        huggingface.read_folder(tmp_path / "hf", WINDOW)


def test_sizes_of_single_weights_are_those_of_the_model(tmp_path, family):
    """Another count of the same: what torch's model is made of."""
    _, settings = begun(tmp_path / "hf", family)
    model = initial(settings, generator=None)
    found = {name: tuple(weight.shape) for name, weight in model.named_parameters()}
    assert found == {name: size_of(settings.shape, name) for name in found}
    assert sum(map(math.prod, found.values())) == parameter_count(settings.shape)


def test_windows_tokenizers_and_names_are_held_to_the_model(tmp_path):
    folder = tmp_path / "hf"
    public_models.saved("gpt2", folder)
    for window in (8, POSITIONS + 1):
        with pytest.raises(InputError, match=f"window of 16 to {POSITIONS} tokens"):
            import_folder(folder, "mine", window=window)
    tokenizer = (folder / "tokenizer.json").read_text()
    (folder / "tokenizer.json").write_text(tokenizer.replace('"z": 25', '"z": 99'))
    with pytest.raises(InputError, match=r"at most 40 tokens.*got 100"):
        import_folder(folder, "mine", window=WINDOW)
    (folder / "tokenizer.json").unlink()
    with pytest.raises(InputError, match=r"tokenizer as tokenizer\.json"):
        import_folder(folder, "mine", window=WINDOW)
    with pytest.raises(InputError, match="there is none"):
        import_folder(tmp_path / "nowhere", "mine", window=WINDOW)
    assert "mine" not in starts.names()
