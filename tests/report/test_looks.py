"""The exports as pictures: rendered by LibreOffice and Poppler, no page is blank or overflows.

Run on purpose with ``-m exhaustive``; it needs LibreOffice Impress and poppler-utils. To look at
the pictures, name a folder in ``KESSAI_PICTURES``.
"""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.report.print.typeset import record_pdf, slides_pdf
from engine.report.slides import pptx

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif(
        not (shutil.which("soffice") and shutil.which("pdftoppm")),
        reason="needs LibreOffice and pdftoppm: apt-get install libreoffice-impress poppler-utils",
    ),
]
_INK = 200
"""Grey below which a pixel counts as ink."""


@pytest.fixture
def folder(tmp_path) -> Path:
    chosen = os.environ.get("KESSAI_PICTURES")
    if not chosen:
        return tmp_path
    Path(chosen).mkdir(parents=True, exist_ok=True)
    return Path(chosen)


def pictures(file: Path) -> list[np.ndarray]:
    """Grey values of every page."""
    subprocess.run(["pdftoppm", "-r", "60", "-png", file, file.with_suffix("")], check=True)
    found = sorted(file.parent.glob(f"{file.stem}-*.png"))
    return [np.asarray(Image.open(path).convert("L")) for path in found]


def assert_page(grey: np.ndarray) -> None:
    """Ink on it, and none in the outermost margin but for the bar on top."""
    assert (grey < _INK).mean() > 0.003, "blank"
    edge = round(0.015 * grey.shape[1])
    below = grey[round(0.03 * grey.shape[0]) :]
    assert (below[:, :edge] >= _INK).all() and (below[:, -edge:] >= _INK).all(), "runs over"


def test_slides_in_libreoffice(deck, folder):
    (folder / "slides.pptx").write_bytes(pptx(deck))
    command = ["soffice", "--headless", "--convert-to", "pdf:impress_pdf_Export"]
    command += ["--outdir", folder, folder / "slides.pptx"]
    subprocess.run(command, check=True, capture_output=True, timeout=240)
    shown = pictures(folder / "slides.pdf")
    assert len(shown) > len(deck.slides)
    for grey in shown:
        assert_page(grey)


@pytest.mark.parametrize("make", [slides_pdf, record_pdf])
def test_print(deck, face, folder, make):
    file = folder / f"{make.__name__}.pdf"
    file.write_bytes(make(deck, face))
    for grey in pictures(file):
        assert_page(grey)
