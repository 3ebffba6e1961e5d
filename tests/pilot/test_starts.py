"""Public starts on disk: whole, named by their content, refused where they are something else."""

import json
import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from engine.errors import InputError
from engine.pilot import starts
from engine.pilot.dpsgd.model import build, cross_entropy
from engine.pilot.ladder import parameter_count
from engine.untrusted import weights
from tests.pilot.fake_training import SHAPE
from tests.pilot.made_start import keep


@pytest.fixture(autouse=True)
def own_data(tmp_path, monkeypatch):
    monkeypatch.setenv("KESSAI_DATA", str(tmp_path))
    return tmp_path / "starts"


def test_what_was_written_is_read_with_where_it_comes_from():
    found = keep("mine", SHAPE)
    assert found.card.model_size == parameter_count(SHAPE)
    assert found.card.tokens == 8 * 10 * SHAPE.sequence_length
    assert sum(w.size for w in found.weights.values()) == found.card.model_size
    assert "mine" in starts.names()
    assert starts.card_of("mine") == found.card
    assert starts.read_exactly(found.begun(4)).weights.keys() == found.weights.keys()


def test_another_file_of_that_name_is_refused(own_data):
    before = keep("mine", SHAPE)
    (own_data / "mine.safetensors").unlink()
    keep("mine", SHAPE, seed=4)
    with pytest.raises(InputError, match="got another file for the start mine"):
        starts.read_exactly(before.begun())


def test_a_name_is_given_once():
    keep("mine", SHAPE)
    with pytest.raises(InputError, match="a name that no start has yet"):
        keep("mine", SHAPE)


@pytest.mark.parametrize("name", ["../mine", "Mine", "", "a" * 41, "a b", "a/b"])
def test_a_name_is_no_path(name):
    with pytest.raises(InputError, match="small letters, digits and hyphens"):
        starts.read(name)


def test_an_unknown_start_says_which_there_are():
    keep("mine", SHAPE)
    for asked in (starts.read, starts.card_of):
        with pytest.raises(InputError, match=r"one of the starts .*mine.*, got other"):
            asked("other")


def _card(**changes):
    found = keep("card", SHAPE).card
    return {"kessai_start": json.dumps(asdict(replace(found, **changes)))}


@pytest.mark.parametrize(
    ("arrays", "notes", "said"),
    [
        ({"a": np.zeros(3, np.float16)}, None, "float32 weights, got float16 for a"),
        ({"a": np.zeros(3, np.float32)}, None, "weights of the start bad, got 3"),
        ({"a": np.zeros(3, np.float32)}, {}, "weights with their origin"),
        ({"a": np.zeros(3, np.float32)}, {"kessai_start": "[1]"}, "weights with their origin"),
        ({"a": np.zeros(3, np.float32)}, {"kessai_start": "x" * 70_000}, "at most 65536"),
    ],
)
def test_other_files_are_refused(own_data, arrays, notes, said):
    card = _card()
    save_file(arrays, own_data / "bad.safetensors", card if notes is None else notes)
    with pytest.raises(InputError, match=said):
        starts.read("bad")


def test_metadata_beyond_the_limit_is_refused_also_where_weights_are_not_read(own_data):
    keep("other", SHAPE)
    save_file({}, own_data / "long.safetensors", {"kessai_start": "x" * 70_000})
    with pytest.raises(InputError, match="at most 65536"):
        starts.card_of("long")


@pytest.mark.parametrize("content", [b"", b"text", b"\xff" * 100, b"\x08\0\0\0\0\0\0\0{}      "])
def test_what_is_no_safetensors_file_is_refused(own_data, content):
    own_data.mkdir()
    (own_data / "bad.safetensors").write_bytes(content)
    with pytest.raises(InputError, match=r"safetensors file|with their origin"):
        starts.read("bad")


def test_a_file_cut_short_is_refused(own_data):
    keep("mine", SHAPE)
    path = own_data / "mine.safetensors"
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(InputError, match="safetensors file"):
        starts.read("mine")


SENTENCES = (
    "本日の午前、第二工場の三号機で異音が発生したため、運転を停止して点検を行いました。",
    "お客様から、納品書の数量と実際の数量が異なるとのご連絡をいただきました。",
    "会議の議事録を共有しますので、内容に誤りがあれば金曜日までにお知らせください。",
    "山田さんの担当していた取引先は、来月から大阪の営業所が引き継ぎます。",
)
"""None of them stands in the catalogue that the Japanese start was trained on."""


def test_the_japanese_start_that_ships_reads_japanese_it_has_not_seen():
    found = starts.read("japanese-30k")
    assert found.card.corpus == "kessai-catalogue-ja" and found.card.model_size == 30_192
    assert _loss("japanese-30k") < 3.0
    assert _loss("docstrings-30k") > math.log(256)


def _loss(name: str) -> float:
    """Nats per byte of the sentences, in windows of 64."""
    found = starts.read(name)
    model = build(found.card.shape)
    model.load_state_dict({key: torch.from_numpy(w) for key, w in found.weights.items()})
    total, count = 0.0, 0
    for sentence in SENTENCES:
        numbers = torch.tensor(list(sentence.encode()))
        for first in range(0, len(numbers) - 1, 64):
            window = numbers[first : first + 65]
            with torch.no_grad():
                loss = cross_entropy(model(window[None, :-1]), window[None, 1:])
            total, count = total + float(loss) * (len(window) - 1), count + len(window) - 1
    return total / count


def test_weights_are_held_to_their_limit_and_to_a_quarter_of_the_memory(monkeypatch):
    weights.require_size(weights.MOST_WEIGHTS // 4)
    with pytest.raises(InputError, match="at most 4096 MB as float32, got 4096 MB"):
        weights.require_size(weights.MOST_WEIGHTS + 1)
    monkeypatch.setattr(weights, "machine_memory", lambda: 4 * 2**30)
    weights.require_size(2**30)
    with pytest.raises(InputError, match=r"a machine with 4\.0 GB .*got 4\.0 GB"):
        weights.require_size(2**30 + 1)
    monkeypatch.setattr(weights, "machine_memory", lambda: None)
    weights.require_size(weights.MOST_WEIGHTS)
