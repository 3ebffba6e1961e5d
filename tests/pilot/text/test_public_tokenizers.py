"""A tokenizer of public text: made, named, refused; with the real package."""

import json
from dataclasses import replace

import numpy as np
import pytest

from engine.__main__ import main
from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.text import public_tokenizers, registry
from engine.pilot.text.corpus import load
from engine.pilot.text.tokens import tokenizer_of

pytest.importorskip("tokenizers", reason="pip install -r tests/pilot/requirements.txt")

PUBLIC = [
    f"公開された文章、その{k}。the public text number {k} is public\n" * 3 for k in range(300)
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path / "runs"))
    monkeypatch.setenv("KESSAI_TEXTS", str(tmp_path / "texts.json"))
    text = tmp_path / "public.jsonl"
    text.write_text("\n".join(json.dumps({"text": one}) for one in PUBLIC))
    return CorpusSource(kind="jsonl", path=str(text))


def test_it_is_smaller_than_bytes_and_loses_nothing(place):
    card, path = public_tokenizers.train("mine", place, 320)
    assert card.vocabulary_size == 320 and card.byte_level and card.documents == len(PUBLIC)
    assert public_tokenizers.read_card(path) == card and "mine" in public_tokenizers.names()
    tokenizer = tokenizer_of("mine")
    assert tokenizer.name == f"tokens-{card.sha256[:8]}" and tokenizer.vocabulary_size == 320
    texts = [PUBLIC[0], "🙂 never seen, 見たことのない文", " \n\t", "\x00"]
    tokens = tokenizer.encode(texts)
    assert [tokenizer.model.decode(one.tolist()) for one in tokens] == texts
    every = np.concatenate(tokens)
    whole = sum(len(text.encode()) for text in texts)
    assert tokenizer.bytes_per_token(every) == pytest.approx(whole / every.size)
    assert len(tokens[0]) < len(PUBLIC[0].encode()) / 2


def test_a_corpus_read_by_it_is_a_family_in_tokens_and_knows_its_bytes(place, tmp_path):
    public_tokenizers.train("mine", place, 320)
    by_bytes = load(place, cache=tmp_path / "cache")
    found = load(replace(place, tokenizer="mine"), cache=tmp_path / "cache")
    assert found.family.startswith("gpt-tokens-") and by_bytes.bytes_per_token == 1.0
    assert found.bytes_per_token is not None
    assert found.tokens.size * found.bytes_per_token == pytest.approx(by_bytes.tokens.size)
    assert found.documents == by_bytes.documents


def test_the_one_that_ships_has_its_card():
    shipped = tokenizer_of("docstrings-512")
    assert shipped.vocabulary_size == 512
    (tokens,) = shipped.encode(["Return the sum of the elements of the array."])
    assert len(tokens) < 30
    (tokens,) = shipped.encode(["決裁"])
    assert shipped.model.decode(tokens.tolist()) == "決裁"


EVERYDAY = [
    "今日は雨が降っていたので、駅前の喫茶店で本を読みながら友人を待っていました。",
    "昨日の会議では、来月の出張について部長から説明がありました。",
    "週末は家族と海へ行き、子どもたちは砂浜で元気に遊んでいました。",
    "新しい冷蔵庫が届いたのですが、扉の色が注文したものと違っていました。",
    "母の作る味噌汁は、いつも少しだけ甘い気がする。",
]
"""Japanese that is in no catalogue of ours."""


def test_the_japanese_one_that_ships_reads_japanese_in_less_than_half_the_tokens():
    shipped = tokenizer_of("japanese-512")
    assert shipped.vocabulary_size == 512
    tokens = shipped.encode(EVERYDAY)
    size = sum(len(text.encode()) for text in EVERYDAY)
    assert 2.1 < size / sum(map(len, tokens)) < 2.2, "what docs/pilots.md says"
    assert [shipped.model.decode(one.tolist()) for one in tokens] == EVERYDAY
    strange = "𠮷野家で①番、ﾊﾝｶｸ🍜"
    (one,) = shipped.encode([strange])
    assert shipped.model.decode(one.tolist()) == strange
    card = public_tokenizers.cards()["japanese-512"]
    assert "catalogue" in card.public_text and card.byte_level


def test_one_from_elsewhere_is_taken_in_with_a_statement(place, capsys):
    _, path = public_tokenizers.train("mine", place, 300)
    bare = path.with_name("bare.tokenizer")
    bare.write_bytes(path.read_bytes())
    with pytest.raises(InputError, match="tokenizer admit"):
        tokenizer_of(str(bare))
    said = ["tokenizer", "admit", "theirs", str(bare), "--public-text", "A model's, of Wikipedia"]
    assert main([*said, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["public_text"] == "A model's, of Wikipedia"
    assert tokenizer_of("theirs").bytes_per_token(np.zeros(3, dtype=int)) is None
    assert main(said) == 2 and "no tokenizer has yet" in capsys.readouterr().err
    assert main(["tokenizer", "list"]) == 0
    listed = capsys.readouterr().out
    assert "theirs" in listed and "docstrings-512" in listed


def test_only_public_text_is_trained_on(place, tmp_path, capsys):
    ask = ["tokenizer", "train", "mine", "--corpus", "jsonl", "--path", place.path]
    assert main(ask) == 2 and "may be public text only" in capsys.readouterr().err
    with registry.changing() as held:
        held[0] = held[0].with_root(str(tmp_path))
        held[0] = held[0].with_population("customers", registry.Cap(epsilon=8, delta=1e-6))
        held[0] = held[0].with_text("letters", registry.Text(source=place, population="customers"))
    assert main([*ask, "--public"]) == 2
    assert "one of the population customers" in capsys.readouterr().err
    assert public_tokenizers.names() == ["docstrings-512", "japanese-512"]
    with registry.changing() as held:
        held[0] = held[0].without_text("letters")
    assert main([*ask, "--public", "--vocabulary", "300"]) == 0


@pytest.mark.parametrize(
    ("name", "vocabulary", "part"),
    [("mine", 256, "257 to"), ("Mine!", 300, "small letters"), ("docstrings-512", 300, "no tok")],
)
def test_what_cannot_be_made_is_refused(place, name, vocabulary, part):
    with pytest.raises(InputError, match=part):
        public_tokenizers.train(name, place, vocabulary)
