"""Bounds and reach in words: what is not known is never said as a figure."""

import pytest

from engine.allocation.result import Reach, Saturation, Word
from engine.interval import CensoredSide, Range
from engine.text import bounds
from engine.text.i18n import Words

BOTH = pytest.mark.parametrize("language", ["en", "ja"])


def saturation(value: float | None, high: float | None) -> Saturation:
    side: CensoredSide | None = None if high else "above"
    compute = Range(value=value, low=2e20, high=high, level=0.9, censored=side)
    return Saturation(compute=compute, cross_entropy=2.8, best_attainable=2.77, tolerance=0.01)


@BOTH
def test_every_word_has_its_own(language):
    words = Words(language)
    found = [bounds.reach(Reach(word=w, distance=3.0, farthest="epsilon"), words) for w in Word]
    assert len(set(found)) == len(Word) and all(found)


@BOTH
def test_saturation_beyond_the_search_is_its_bound(language):
    words = Words(language)
    beyond = bounds.saturation(saturation(None, None), words)
    assert "2 × 10²⁰" in beyond and beyond != bounds.saturation(saturation(2e20, 3e20), words)
