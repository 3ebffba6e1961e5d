import hashlib
import json
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InputError
from engine.pilot.text.tokens import Tokenizer, tokenizer_of


class FakeModel:
    """As much of tokenizers.Tokenizer as is used: a token is a word's place in the vocabulary."""

    def __init__(self, vocabulary):
        self.vocabulary, self.calls = vocabulary, []

    @classmethod
    def from_str(cls, text):
        model = json.loads(text)["model"]
        if not isinstance(model, dict):
            raise Exception("data did not match any variant")  # as the package does
        return cls(model["vocab"])

    def no_truncation(self):
        self.calls.append("no_truncation")

    def no_padding(self):
        self.calls.append("no_padding")

    def get_vocab(self, *, with_added_tokens):
        assert with_added_tokens
        return self.vocabulary

    def encode_batch(self, texts, *, add_special_tokens):
        assert not add_special_tokens
        return [SimpleNamespace(ids=[self.vocabulary[w] for w in t.split()]) for t in texts]


@pytest.fixture
def package(monkeypatch):
    module = ModuleType("tokenizers")
    vars(module)["Tokenizer"] = FakeModel
    monkeypatch.setitem(sys.modules, "tokenizers", module)


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]))))
def test_bytes_go_back_to_the_text(texts):
    encoded = tokenizer_of("bytes").encode(texts)
    assert [tokens.tobytes().decode() for tokens in encoded] == texts


def test_bytes_need_a_vocabulary_of_256():
    tokenizer = tokenizer_of("bytes")
    assert (tokenizer.vocabulary_size, tokenizer.name) == (256, "bytes")
    assert tokenizer.sha256 == hashlib.sha256(b"bytes").hexdigest()


@pytest.mark.parametrize(
    ("size", "dtype"),
    [(256, "u1"), (257, "<u2"), (65_536, "<u2"), (65_537, "<i4"), (10**6, "<i4")],
)
def test_the_smallest_type_that_holds_every_token(size, dtype):
    chosen = Tokenizer(name="x", vocabulary_size=size, sha256="").dtype
    assert chosen == np.dtype(dtype)
    assert np.iinfo(chosen).max >= size - 1


def with_card(path, **changes):
    """A card beside a tokenizer's file."""
    card = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "vocabulary_size": 300,
        "public_text": "a public text",
        **changes,
    }
    path.with_name(f"{path.stem}.card.json").write_text(json.dumps(card))
    return str(path)


def test_a_given_tokenizer_is_named_by_its_content(package, tmp_path):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"model": {"vocab": {"a": 0, "b": 299}}}))
    tokenizer = tokenizer_of(with_card(path))
    assert tokenizer.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert tokenizer.name == f"tokens-{tokenizer.sha256[:8]}"
    assert tokenizer.vocabulary_size == 300
    assert tokenizer.model.calls == ["no_truncation", "no_padding"]
    encoded = tokenizer.encode(["a b", "", "b"])
    assert [tokens.tolist() for tokens in encoded] == [[0, 299], [], [299]]
    assert {tokens.dtype.str for tokens in encoded} == {"<u2"}


@pytest.mark.parametrize("content", ["", "{}", "[]", "3", '{"model": 3}', "\ud800"])
def test_what_is_no_tokenizer_is_refused(package, tmp_path, content):
    path = tmp_path / "t.json"
    path.write_bytes(content.encode(errors="surrogatepass"))
    with pytest.raises(InputError, match="as the package tokenizers writes it"):
        tokenizer_of(str(path))


@pytest.mark.parametrize("card", [None, {"sha256": "0" * 64}, {"public_text": ""}, {"unknown": 3}])
def test_a_tokenizer_whose_text_nobody_called_public_is_refused(package, tmp_path, card):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"model": {"vocab": {"a": 0}}}))
    if card is not None:
        with_card(path, **card)
    with pytest.raises(InputError, match="a vocabulary publishes its text"):
        tokenizer_of(str(path))


def test_bytes_per_token_are_counted_where_tokens_are_bytes(package, tmp_path):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"model": {"vocab": {"a": 0, "bcd": 1}}}))
    tokens = np.array([0, 0, 1, 1, 1])
    assert tokenizer_of(with_card(path)).bytes_per_token(tokens) is None  # not said
    found = tokenizer_of(with_card(path, byte_level=True))
    assert found.bytes_per_token(tokens) == pytest.approx(11 / 5)
    assert found.bytes_per_token(tokens[:0]) is None
    assert tokenizer_of("bytes").bytes_per_token(tokens) == 1.0


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError, match='Expected "bytes" or the path'):
        tokenizer_of(str(tmp_path / "none.json"))


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    (tmp_path / "t.json").write_text('{"model": {}}')
    with pytest.raises(InputError, match="pip install tokenizers"):
        tokenizer_of(str(tmp_path / "t.json"))
