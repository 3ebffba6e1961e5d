"""Nothing moved unnoticed: what the laws say today is what they said when it was noted.

That those values are right is tested in the other files of this folder.
"""

import json

import pytest

from tests.golden.digest import require_same
from tests.golden.make_law import PATH, SECTIONS

NOTED = json.loads(PATH.read_text(encoding="utf-8"))


@pytest.mark.parametrize("section", SECTIONS)
def test_the_laws_say_what_they_said(section):
    # Solvers end within a hundred millionth of the objective, which is flat there; draws are
    # single precision.
    require_same(SECTIONS[section](), NOTED[section], rel=1e-4, least=1e-6)
