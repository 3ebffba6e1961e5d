"""Documents of six scenarios in both languages look as they did when they were looked at, and no
word of a slide stands over its footer or beside it.

Run on purpose with ``-m exhaustive``: some fifteen minutes. After a change that is meant, look at
the pages that ``python -m tests.dashboard.present.pictures --reviewed FOLDER`` makes, then commit
its sheets.
"""

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.report.master import HEIGHT, WIDTH
from engine.text.i18n import LANGUAGES
from tests.dashboard.present import pictures

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(
        pictures.needed() is not None,
        reason=f"needs {pictures.needed()}: apt-get install chromium poppler-utils "
        "libreoffice-impress libreoffice-writer fonts-liberation",
    ),
]
_MOVED = 40
"""Grey levels of 255 by which a pixel of a small page may differ: type is set a little otherwise by
another release of a tool."""
_SHARE = 0.02
"""Of a sheet's pixels that may differ by more."""
_FOOT, _EDGE = 27.0, 30.0
"""Points of our own slides under which only the footer stands, and beside which nothing does."""
_HANGING = 30.0
"""Points that a closing mark may stand beyond the text's edge, as Japanese is set."""
_WORD = re.compile(
    r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)</word>'
)


@pytest.fixture(scope="module")
def materials():
    return pictures.materials()


def words_beyond(file: Path, footer: str) -> list[str]:
    """Words of a PDF of slides that lie over the footer or beyond the sides, as they were set."""
    text = subprocess.run(
        ["pdftotext", "-bbox", file, "-"], check=True, capture_output=True, text=True
    ).stdout
    found = []
    for number, page in enumerate(text.split("<page ")[1:], start=1):
        for left, _, right, bottom, word in _WORD.findall(page):
            of_the_foot = word in footer or word.isdigit()
            over = float(bottom) > HEIGHT - _FOOT + 4 and not of_the_foot
            hangs = _HANGING if word.endswith(("。", "、")) else 0.0
            if over or float(left) < _EDGE or float(right) > WIDTH - _EDGE + hangs:
                found.append(f"page {number}: {word}")
    return found


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", pictures.SCENARIOS)
def test_documents_look_as_reviewed(materials, name, language, tmp_path):
    differing = []
    for document in pictures.documents(materials[name], name, language, tmp_path):
        path = pictures.REVIEWED / f"{document.name}.png"
        seen = np.asarray(Image.open(path).convert("L")).astype(int)
        now = document.sheet().astype(int)
        if now.shape != seen.shape:
            differing.append(f"{document.name}: other pages, {now.shape} for {seen.shape}")
        elif (np.abs(now - seen) > _MOVED).mean() > _SHARE:
            differing.append(f"{document.name}: {(np.abs(now - seen) > _MOVED).mean():.1%}")
    assert differing == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", pictures.SCENARIOS)
def test_no_word_of_a_slide_lies_over_its_footer(materials, name, language, tmp_path):
    next(pictures.documents(materials[name], name, language, tmp_path))
    slides = tmp_path / f"{name}-{language}-pptx.pptx.pdf"
    assert words_beyond(slides, pictures.footer(materials[name], language)) == []
