"""Nothing moved unnoticed: what the accountants say today is what they said when it was noted.

That those values are right is tested in the other files of this folder.
"""

import json

import pytest

from tests.golden.make_accounting import PATH, SECTIONS

NOTED = json.loads(PATH.read_text())


SLOW = ("planes",)


@pytest.mark.parametrize(
    "section",
    [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in SECTIONS],
)
def test_the_accountants_say_what_they_said(section):
    found, noted = _flat(SECTIONS[section]()), _flat(NOTED[section])
    assert len(found) == len(noted)
    for ours, theirs in zip(found, noted, strict=True):
        # One in a hundred million: other processors add in another order.
        expected = (
            pytest.approx(theirs, rel=1e-8, abs=1e-15) if isinstance(theirs, float) else theirs
        )
        assert ours == expected


def _flat(value):
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in _flat(part)]
    return [value]
