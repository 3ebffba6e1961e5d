"""Nothing moved unnoticed: what the accountants say today is what they said when it was noted.

That those values are right is tested in the other files of this folder.
"""

import json

import pytest

from tests.golden.digest import require_same
from tests.golden.make_accounting import PATH, SECTIONS

NOTED = json.loads(PATH.read_text())


SLOW = ("planes",)


@pytest.mark.parametrize(
    "section",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in SECTIONS],
)
def test_the_accountants_say_what_they_said(section):
    # One in a hundred million: other processors add in another order.
    require_same(SECTIONS[section](), NOTED[section], rel=1e-8, least=1e-15)
