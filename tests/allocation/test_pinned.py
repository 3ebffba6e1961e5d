"""Nothing moved unnoticed: what the searches say today is what they said when it was noted.

That those values are right is tested in the other files of this folder.
"""

import json

import pytest

from tests.golden.digest import require_same
from tests.golden.make_allocation import PATH, SECTIONS

NOTED = json.loads(PATH.read_text(encoding="utf-8"))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_searches_say_what_they_said(section):
    # Draws are single precision; a search ends within a hundredth of a cell, on other
    # processors perhaps at a neighbour as good.
    require_same(SECTIONS[section](), NOTED[section], rel=1e-4, least=1e-6)
