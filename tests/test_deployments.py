"""The strip of published deployments."""

import pytest

from engine.deployments import deployments
from engine.errors import InputError


def test_every_deployment_says_its_unit_and_source():
    found = deployments()
    assert len(found) >= 5
    for peer in found:
        assert peer.unit
        assert peer.source
        assert peer.url.startswith("https://")
        assert peer.model in ("central", "local")
    assert [peer.epsilon for peer in found] == sorted(peer.epsilon for peer in found)


def test_a_row_that_cannot_be_true_is_refused(tmp_path):
    path = tmp_path / "deployments.csv"
    header = "organisation,what,year,epsilon,delta,unit,model,source,url"
    path.write_text(f"{header}\nA,b,2020,-1,0,person,central,s,https://x\n")
    with pytest.raises(InputError, match="epsilon > 0"):
        deployments(path)
