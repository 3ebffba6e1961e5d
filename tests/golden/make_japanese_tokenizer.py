"""Train the Japanese tokenizer that ships, on the Japanese sentences of Kessai's own catalogue.

No package that Kessai pins ships Japanese text, so it has read one product's sentences, 170 kB
under Kessai's own licence: its tokens are the usual signs and endings, and some words of this
product.

``python -m tests.golden.make_japanese_tokenizer FOLDER`` writes file and card there (a second);
what ships was made at commit 5cee7e9.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

from engine.pilot.plan import CorpusSource
from engine.pilot.text import public_tokenizers
from tests.golden.make_japanese_start import sentences

NAME, TOKENS = "japanese-512", 512
ORIGIN = "Japanese sentences of Kessai's own catalogue"


def make(folder: Path) -> Path:
    """The tokenizer as it ships, in ``folder``."""
    os.environ["KESSAI_DATA"] = str(folder)
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "catalogue.jsonl"
    lines = [json.dumps({"text": sentence}, ensure_ascii=False) for sentence in sentences()]
    text.write_text("\n".join(lines) + "\n", encoding="utf-8")
    source = CorpusSource(kind="jsonl", path=str(text))
    # Another name: the one that ships may be here already.
    card, path = public_tokenizers.train("made", source, TOKENS)
    made = folder / f"{NAME}.json"
    public_tokenizers.keep(made, path.read_bytes(), replace(card, public_text=ORIGIN))
    return made


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
