"""Train the Japanese start that ships, on the Japanese sentences of Kessai's own catalogue.

No package ships Japanese text that may be used, so this start has read one product's sentences and
nothing else: 165 kB. What it knows is how Japanese lies in bytes, which signs are frequent and how
polite sentences end; it is a place to begin a demonstration from, no model of Japanese.

``python -m tests.golden.make_japanese_start FOLDER`` writes text and weights there (ten minutes);
the file that ships was made at commit d928776.
"""

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

from babel.messages.pofile import read_po

from engine.pilot import starts
from engine.pilot.plan import CorpusSource
from engine.pilot.pretraining import Pretraining, pretrain

NAME, ORIGIN = "japanese-30k", "kessai-catalogue-ja"
CATALOGUE = Path("engine/text/locale/ja/LC_MESSAGES/kessai.po")
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_LEAST = 6
"""Japanese signs of a sentence."""


def sentences() -> list[str]:
    """Every translation once, places of figures left out, short labels too."""
    with CATALOGUE.open("rb") as file:
        messages = [message for message in read_po(file) if message.id]
    found = []
    for message in messages:
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        found += [re.sub(r"\{[^}]*\}", "", str(text)) for text in texts]
    return [text for text in dict.fromkeys(found) if len(_JAPANESE.findall(text)) >= _LEAST]


def make(folder: Path) -> Path:
    """The start as it ships, in ``folder``."""
    os.environ["KESSAI_DATA"] = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "catalogue.jsonl"
    lines = [json.dumps({"text": sentence}, ensure_ascii=False) for sentence in sentences()]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    asked = Pretraining(
        corpus=CorpusSource(kind="jsonl", path=str(text)),
        model_size=3e4,
        batch_size=64,
        iterations=1500,
        learning_rate=2**-7,
        seed=1,
    )
    card, path = pretrain(NAME, asked, report=lambda step, loss: print(step, f"{loss:.4f}"))
    weights = dict(starts.read(NAME).weights)
    path.unlink()
    return starts.write(NAME, replace(card, corpus=ORIGIN), weights)


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
