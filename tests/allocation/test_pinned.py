"""Nothing moved unnoticed: what the searches say today is what they said when it was noted.

That those values are right is tested in the other files of this folder.
"""

import json

import pytest

from tests.golden.digest import leaves
from tests.golden.make_allocation import PATH, SECTIONS

NOTED = json.loads(PATH.read_text(encoding="utf-8"))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_searches_say_what_they_said(section):
    found, noted = leaves(SECTIONS[section]()), leaves(NOTED[section])
    assert len(found) == len(noted)
    for ours, theirs in zip(found, noted, strict=True):
        # Draws are single precision; a search ends within a hundredth of a cell, on other
        # processors perhaps at a neighbour as good.
        expected = (
            pytest.approx(theirs, rel=1e-4, abs=1e-6) if isinstance(theirs, float) else theirs
        )
        assert ours == expected
