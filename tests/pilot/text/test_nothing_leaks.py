"""Nothing of people's text or names reaches a message, a status, a log or a file but the tokens."""

import json
import os
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import InputError
from engine.pilot.plan import CorpusSource
from engine.pilot.prepared import Speed
from engine.pilot.running.devices import Device
from engine.pilot.running.folder import PilotFolder
from engine.pilot.running.preparation import run_preparation
from engine.pilot.running.status import State
from engine.pilot.text.corpus import load
from engine.pilot.text.tokens import Tokenizer
from tests.present import present

NAME, TEXT = "qxperson", "qxletter 佐倉"
PLANTED = [NAME, "qxletter", "佐倉"]
ROWS = [(f"{NAME}{i}", f"{TEXT} number {i} and what else was written there") for i in range(120)]
LINES = [json.dumps({"author": a, "text": t}, ensure_ascii=False) for a, t in ROWS]
TABLE = {"author": [a for a, _ in ROWS], "text": [t for _, t in ROWS]}
CPU = Device(kind="cpu", hardware="made", precision="float32", physical_batch_size=64)
SPEEDS = (Speed(model_size=30_000, seconds_per_example=1e-4, seconds_per_step=1e-3),)


def parquet(columns):
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


def lines(*more, encoding="utf-8", rows=LINES):
    return "\n".join([*rows, *more]).encode(encoding)


SOUND = {
    "jsonl": lines(),
    "jsonl, some rows broken": lines(TEXT, LINES[0][:30], "[" * 90 + TEXT),
    "jsonl, cp932": lines(encoding="cp932"),
    "csv": lines(rows=["author,text", *(f"{a},{t}" for a, t in ROWS)]),
    "parquet": parquet(TABLE),
}
REFUSED = {
    "jsonl, most rows broken": lines(rows=[TEXT] * 90 + LINES[:30]),
    "jsonl, names in lists": lines(rows=[json.dumps({"author": [a], "text": t}) for a, t in ROWS]),
    "jsonl, names as columns": lines(rows=[json.dumps({a: t}) for a, t in ROWS]),
    "csv, no header": lines(rows=[f"{a},{t}" for a, t in ROWS]),
    "csv, open quotes": lines(rows=["author,text", *(f'{a},"{t}' for a, t in ROWS)]),
    "parquet, torn": parquet(TABLE)[:-40],
    "parquet, names as columns": parquet({NAME: TABLE["author"], "qxletter": TABLE["text"]}),
}


def prepared(tmp_path, kind, content, **changes):
    """The status of a preparation of ``content``, and the folder with all that it wrote."""
    (tmp_path / "corpus").write_bytes(content)
    source = CorpusSource(kind=kind, path=str(tmp_path / "corpus"), unit_column="author")
    folder = PilotFolder(path=tmp_path / "written" / "preparation")
    folder.store_source(replace(source, **changes))
    lock = present(folder.take_lock())
    status = run_preparation(
        folder,
        lock,
        CPU,
        load=lambda source, progress: load(
            source, cache=tmp_path / "written" / "cache", progress=progress
        ),
        measure=lambda *_: SPEEDS,
        begin=lambda _: {},
    )
    lock.release()
    return status, folder.path.parent


def planted_in(content):
    text = content.decode("utf-8", "ignore") + content.decode("utf-16-le", "ignore")
    return [one for one in PLANTED if one in text]


def found_in(written):
    files = [path for path in written.rglob("*") if path.is_file()]
    assert files
    return {
        path.name: found
        for path in files
        if (found := planted_in(path.read_bytes() + os.fsencode(path)))
    }


@pytest.mark.parametrize("name", SOUND)
def test_of_a_text_only_its_tokens_are_kept(tmp_path, name):
    status, written = prepared(tmp_path, name.split(",")[0], SOUND[name])
    assert status.state is State.FINISHED
    assert found_in(written) == {"tokens.npy": ["qxletter", "佐倉"]}, "and nobody's name"
    for path in written.glob("cache/**/*"):
        assert path.stat().st_mode & 0o077 == 0, "which the owner alone may read"


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_quotes_nothing(tmp_path, name):
    status, written = prepared(tmp_path, name.split(",")[0], REFUSED[name])
    assert status.state is State.FAILED
    assert not planted_in(f"{status.sentence} {status.values}".encode())
    assert found_in(written) == {}


class Panic(BaseException):
    """What a package in Rust raises; known by its name alone."""


Panic.__name__ = "PanicException"


@pytest.mark.parametrize("error", [ValueError, RuntimeError, KeyError, Panic])
def test_a_tokenizer_that_gives_up_quotes_nothing(capfd, error):
    def encode_batch(texts, *, add_special_tokens):
        os.write(2, f"panicked inside {texts[0]}".encode())  # as Rust does
        raise error(texts[0])

    model = SimpleNamespace(encode_batch=encode_batch)
    tokenizer = Tokenizer(name="made", vocabulary_size=9, sha256="ab" * 32, model=model)
    with pytest.raises(InputError, match="gave up on one") as refused:
        tokenizer.encode([TEXT])
    os.write(2, b"said afterwards")
    assert not planted_in(str(refused.value).encode())
    assert capfd.readouterr().err == "said afterwards"


def test_a_tokenizer_that_works_is_heard():
    model = SimpleNamespace(encode_batch=lambda texts, **_: [SimpleNamespace(ids=[3, 1])])
    tokenizer = Tokenizer(name="made", vocabulary_size=9, sha256="ab" * 32, model=model)
    assert [np.asarray(one).tolist() for one in tokenizer.encode([TEXT])] == [[3, 1]]
