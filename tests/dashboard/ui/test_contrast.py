"""What is read can be read, by everyone: WCAG 2.2 AA over all pairs of colours that the app uses.

Colour-blind eyes are simulated with the matrices of Machado, Oliveira and Fernandes, "A
Physiologically-based Model for Simulation of Color Vision Deficiency" (IEEE TVCG 15(6), 2009),
severity 1.0, on linear RGB; how far two colours are apart is CIE 1976 ΔE*ab, of which about 2.3 is
just noticed.
"""

import re
import tomllib
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from dashboard.ui.colours import DARK, GRAPHIC, LIGHT, TEXT, contrast
from engine.report import native, picture, stage, webpage

THEMES = tomllib.loads(
    (Path(__file__).resolve().parents[3] / ".streamlit" / "config.toml").read_text("utf-8")
)["theme"]
PALETTES = {"light": LIGHT, "dark": DARK}
CAPTION = 0.6
"""Streamlit writes captions, placeholders and shortcuts in the text's colour at this opacity."""
DISTANCE = 15.0
"""Least ΔE of two meanings, some six times what is just noticed."""
SIMULATED = {
    "all cones": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
_XYZ = ((0.4124564, 0.3575761, 0.1804375), (0.2126729, 0.7151522, 0.0721750),
        (0.0193339, 0.1191920, 0.9503041))  # fmt: skip
_WHITE = (0.95047, 1.0, 1.08883)


def blended(colour, below, share):
    """``colour`` at an opacity over another."""
    pairs = [(int(colour[i : i + 2], 16), int(below[i : i + 2], 16)) for i in (1, 3, 5)]
    return "#" + "".join(f"{round(share * top + (1 - share) * low):02X}" for top, low in pairs)


def lab(colour, cones):
    """CIE L*a*b* (D65) of a colour as such eyes see it."""
    channels = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    xyz = np.array(_XYZ) @ np.clip(np.array(SIMULATED[cones]) @ linear, 0, 1) / _WHITE
    cubed = xyz > (6 / 29) ** 3
    f = np.where(cubed, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def surfaces(theme):
    keys = ("backgroundColor", "secondaryBackgroundColor")
    return [part[key] for part in (theme, theme["sidebar"]) for key in keys]


@pytest.mark.parametrize("name", PALETTES)
def test_faded_text_on_every_surface(name):
    theme = THEMES[name]
    for surface in surfaces(theme):
        faded = blended(theme["textColor"], surface, CAPTION)
        assert contrast(faded, surface) >= TEXT, (name, surface)


@pytest.mark.parametrize("name", PALETTES)
@pytest.mark.parametrize("hue", ["red", "orange", "yellow", "green", "blue", "gray"])
def test_text_in_a_hue_on_the_page_and_in_its_box(name, hue):
    theme = THEMES[name]
    for surface in (*surfaces(theme), theme[f"{hue}BackgroundColor"]):
        assert contrast(theme[f"{hue}TextColor"], surface) >= TEXT, surface
    assert contrast(theme["textColor"], theme[f"{hue}BackgroundColor"]) >= TEXT
    assert contrast(theme[f"{hue}Color"], theme["backgroundColor"]) >= GRAPHIC


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES)
def test_lines_and_marks_of_charts(colours):
    for mark in (colours.recommendation, colours.rule, colours.evidence, colours.outside):
        assert contrast(mark, colours.paper) >= GRAPHIC, mark


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES)
def test_words_on_charts(colours):
    for text in (colours.ink, colours.quiet):
        assert contrast(text, colours.paper) >= TEXT, text
    for hue in (colours.recommendation, colours.rule, colours.evidence, colours.outside):
        assert contrast(colours.legible(hue), colours.paper) >= TEXT, hue
    assert contrast(colours.paper, colours.recommendation) >= TEXT, "written on a bar"


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES)
def test_words_on_the_veil_over_the_deepest_colour_of_a_map(colours):
    deepest = blended(colours.recommendation, colours.paper, 0.62)
    for text in (colours.ink, colours.quiet):
        assert contrast(text, blended(colours.paper, deepest, 0.75)) >= TEXT, text


def test_a_hue_too_pale_for_text_gives_way_to_ink_and_no_other():
    assert LIGHT.legible(LIGHT.rule) == LIGHT.ink
    assert LIGHT.legible(LIGHT.recommendation) == LIGHT.recommendation
    assert DARK.legible(DARK.rule) == DARK.rule


@pytest.mark.parametrize("cones", SIMULATED)
@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES)
def test_meanings_stay_apart_for_colour_blind_eyes(colours, cones):
    names = ("recommendation", "rule", "evidence", "outside", "ink")
    for first, second in combinations(names, 2):
        a, b = (lab(getattr(colours, name), cones) for name in (first, second))
        assert np.linalg.norm(a - b) >= DISTANCE, (first, second)


def test_the_simulation_confuses_what_colour_blind_eyes_confuse():
    def apart(cones):
        return np.linalg.norm(lab("#C00000", cones) - lab("#5A7A00", cones))

    assert apart("all cones") > 80
    assert apart("deuteranopia") < 40 and apart("protanopia") < 40


def test_errors_have_a_colour_of_their_own():
    """Vermilion and the darker orange look alike to some: it is never on a chart."""
    used = {getattr(p, n) for p in (LIGHT, DARK) for n in ("recommendation", "rule", "evidence")}
    assert used.isdisjoint({THEMES["light"]["redColor"], THEMES["dark"]["redColor"]})


def test_print_and_slides():
    white, look = (
        "#FFFFFF",
        (Path(__file__).resolve().parents[3] / "engine/report/print/look.typ").read_text("utf-8"),
    )
    printed = dict(re.findall(r'#let (\w+) = rgb\("(#\w{6})"\)', look))
    for text in ("ink", "quiet", "accent"):
        assert contrast(printed[text], white) >= TEXT
    assert contrast(white, printed["accent"]) >= TEXT, "heads of tables"
    assert contrast(printed["ink"], printed["tint"]) >= TEXT, "every other row"
    for colour in (native._INK, native._QUIET):
        assert contrast(f"#{colour}", white) >= TEXT
    for mark in (LIGHT.recommendation, LIGHT.rule, LIGHT.outside):
        assert contrast(mark, white) >= GRAPHIC, "charts of exports are in the light colours"


def test_the_web_page_that_is_taken_along():
    found = dict(re.findall(r"--(\w+):(#[0-9A-F]{6}|#fff)", webpage._STYLE))
    white = "#FFFFFF"
    assert found["paper"] == "#fff"
    for name in ("ink", "quiet", "accent"):
        assert contrast(found[name], white) >= TEXT, name


@pytest.mark.parametrize("colours", PALETTES.values(), ids=PALETTES)
def test_quiet_words_of_pictures_and_slides_on_the_screen(colours):
    quiet = blended(colours.ink, colours.paper, picture._QUIET)
    assert contrast(quiet, colours.paper) >= TEXT
    footer, *_ = re.findall(r"footer{[^}]*opacity:([\d.]+)", stage.STYLE)
    share = float(footer)
    assert contrast(blended(colours.ink, colours.paper, share), colours.paper) >= TEXT
