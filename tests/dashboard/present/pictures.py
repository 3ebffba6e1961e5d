"""Every document of six scenarios in both languages as pictures, to look at and to compare.

``python -m tests.dashboard.present.pictures FOLDER`` puts whole pages into a folder, to look at;
with ``--reviewed`` it writes the small sheets of :data:`REVIEWED` anew, once all were looked at.

LibreOffice sets the PowerPoint and the Word file, Poppler draws pages, Chromium prints the web
page. Not covered: workbook, CSV and JSON, whose cells are tested; and PowerPoint's own looks.
"""

import argparse
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from PIL import Image

from dashboard.present import deck, exports, tables
from dashboard.present.cover import Cover
from dashboard.present.deck import Material
from dashboard.present.options import Option
from dashboard.state import link
from dashboard.ui.colours import LIGHT
from engine.decision.answer import Answer, certified_answer
from engine.decision.bridge import bridge
from engine.decision.fitted import fitted_evidence
from engine.decision.question import Question
from engine.decision.start_worth import start_findings
from engine.scenarios import fields
from engine.text.i18n import LANGUAGES, Words
from tests.browser.server import CHROMIUM_ARGUMENTS, find_chromium

REVIEWED = Path(__file__).parent / "reviewed"
SCENARIOS: Mapping[str, Mapping[str, str]] = {
    "pilot": {},
    "paying": {"figures": "tasks_per_year=2000000~1500000~2500000~pert"},
    "losing": {"data": "2e5"},
    "tiny": {"data": "2e4", "compute": "1e17", "epsilon": "1"},
    "huge": {"data": "1e9", "compute": "1e24", "epsilon": "8"},
    "options": {},
}
"""Fields of a link, over the defaults."""
BESIDE: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("5M people", {"data": "5e6"}),
    ("ε = 1, 産学連携", {"epsilon": "1"}),
)
"""What "options" is compared with."""
SLIDES = (".pptx", ".pdf")
DOCUMENTS = (*SLIDES, "-record.pdf", "-record.docx", ".html")
WHOLE = ("pilot", "paying")
"""Scenarios of which all documents are drawn; of the others the slides alone, which vary most."""
DAY = date(2026, 11, 24)
_COVER = Cover(
    company="Example K.K.", department="経営企画部", presenter="Sato", meeting="取締役会"
)
_WIDE = 104
"""Pixels of a page on a sheet: enough to see that something moved, too few to read."""
_ACROSS, _LEVELS = 8, 16


def needed() -> str | None:
    """What is missing on this machine; None: nothing. Slides are set in Arial: without a font of
    its widths LibreOffice takes a wider one, and lines break elsewhere."""
    tools = [name for name in ("soffice", "pdftoppm", "fc-match") if shutil.which(name) is None]
    if find_chromium() is None:
        tools.append("chromium")
    if not tools:
        asked = ["fc-match", "--format=%{family}", "Arial"]
        said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
        if not any(name in said for name in ("Arial", "Liberation Sans", "Arimo")):
            tools.append("fonts-liberation")
    return ", ".join(tools) or None


def _question(changes: Mapping[str, str]) -> Question:
    values, refused = link.read_all({**link.write_all(link.defaults()), **changes})
    assert not refused
    return fields.question(values)


def _answer(asked: Question) -> Answer:
    return certified_answer(asked, fitted_evidence(asked.evidence_id))


def materials() -> dict[str, Material]:
    """What the six decks are made from; versions stand still, so that pictures do."""
    basis = tables.Basis(
        fit_version="0" * 12,
        code_version="0" * 12,
        day=DAY,
        address="https://kessai.example/present?compute=3.8e20&data=1e7&epsilon=4",
        cover=_COVER,
    )
    known: dict[Question, Answer] = {}

    def worth(asked: Question) -> float | None:
        if asked not in known:
            known[asked] = _answer(asked)
        study = known[asked].study
        return None if study is None else study.appraisal.npv.value

    found = {}
    for name, changes in SCENARIOS.items():
        asked = _question(changes)
        worth(asked)
        options: tuple[Option, ...] = ()
        if name == "options":
            options = (Option(letter="A", name="This scenario", answer=known[asked]),)
            for letter, (called, other) in zip("BC", BESIDE, strict=True):
                before, after = options[-1].answer.question, _question(other)
                worth(after)
                way = bridge(before, after, worth)
                options += (Option(letter=letter, name=called, answer=known[after], bridge=way),)
        found[name] = Material(
            answer=known[asked], basis=basis, options=options, start=start_findings(asked)
        )
    return found


@dataclass(frozen=True, kw_only=True)
class Document:
    """One file as pages in grey, 0 to 255."""

    name: str
    pages: tuple[np.ndarray, ...]

    def sheet(self) -> np.ndarray:
        """All pages small and in a few greys, side by side."""
        small = [_small(page) for page in self.pages]
        high = max(page.shape[0] for page in small)
        rows = math.ceil(len(small) / _ACROSS)
        whole = np.full((rows * (high + 2), _ACROSS * (_WIDE + 2)), 255, np.uint8)
        for place, page in enumerate(small):
            down, across = divmod(place, _ACROSS)
            top, left = down * (high + 2), across * (_WIDE + 2)
            whole[top : top + page.shape[0], left : left + _WIDE] = page
        return whole


def _small(page: np.ndarray) -> np.ndarray:
    height = round(_WIDE * page.shape[0] / page.shape[1])
    shrunk = np.asarray(Image.fromarray(page).resize((_WIDE, height), Image.Resampling.BOX))
    step = 255 / (_LEVELS - 1)
    return (np.round(shrunk / step) * step).astype(np.uint8)


def documents(found: Material, called: str, language: str, folder: Path) -> Iterator[Document]:
    """Each document of a scenario. Files and pages of it go to ``folder``."""
    made = deck.deck(found, Words(language), LIGHT)
    for export in exports.EXPORTS:
        if export.suffix not in (DOCUMENTS if called in WHOLE else SLIDES):
            continue
        name = f"{called}-{language}{export.suffix.replace('.', '-').replace('--', '-')}"
        file = folder / f"{name}{Path(export.suffix).suffix or export.suffix}"
        file.write_bytes(export.make(made))
        yield Document(name=name, pages=tuple(_pages(_printed(file))))


def footer(found: Material, language: str) -> str:
    """The line under every page."""
    return tables.footer(found.answer, found.basis, Words(language))


def _printed(file: Path) -> Path:
    """The file as PDF."""
    if file.suffix == ".pdf":
        return file
    target = file.with_suffix(f"{file.suffix}.pdf")
    if file.suffix == ".html":
        command = [find_chromium() or "", *CHROMIUM_ARGUMENTS, "--headless"]
        command += ["--no-pdf-header-footer", f"--print-to-pdf={target}", file.as_uri()]
        subprocess.run(command, check=True, capture_output=True, timeout=240)
        return target
    command = ["soffice", "--headless", "--convert-to", "pdf", "--outdir", str(file.parent / "set")]
    subprocess.run([*command, str(file)], check=True, capture_output=True, timeout=300)
    (file.parent / "set" / f"{file.stem}.pdf").rename(target)
    return target


def _pages(file: Path) -> Iterator[np.ndarray]:
    stem = file.with_suffix("")
    for before in file.parent.glob(f"{stem.name}-*.png"):  # Of a run with more pages.
        before.unlink()
    subprocess.run(["pdftoppm", "-r", "72", "-png", file, stem], check=True)
    for path in sorted(file.parent.glob(f"{stem.name}-*.png")):
        yield np.asarray(Image.open(path).convert("L"))


def main(arguments: list[str]) -> None:
    """Make all pages, and with ``--reviewed`` the sheets that tests compare with."""
    asked = argparse.ArgumentParser(description="Documents of six scenarios as pictures.")
    asked.add_argument("folder", nargs="?", type=Path, help="where whole pages go")
    asked.add_argument("--reviewed", action="store_true", help="write the sheets of tests anew")
    asked.add_argument("--only", nargs="*", default=[*SCENARIOS], help="names of scenarios")
    given = asked.parse_args(arguments)
    folder = given.folder or Path(tempfile.mkdtemp(prefix="kessai-pictures-"))
    folder.mkdir(parents=True, exist_ok=True)
    REVIEWED.mkdir(exist_ok=True)
    for name, found in materials().items():
        for language in LANGUAGES if name in given.only else ():
            for document in documents(found, name, language, folder):
                print(document.name, len(document.pages), flush=True)
                if given.reviewed:
                    path = REVIEWED / f"{document.name}.png"
                    Image.fromarray(document.sheet()).save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
