"""What a device hour costs: public prices, and an own machine reckoned by hand."""

import json
from dataclasses import replace

import pytest

from engine.__main__ import main
from engine.accelerator_prices import ACCELERATORS
from engine.device_hour import HOURS_A_YEAR, OwnedMachine, offers, offers_for
from engine.errors import InputError
from engine.text import device_hour
from engine.text.i18n import Words

PLAIN = OwnedMachine(
    price_usd=80_000,
    devices=8,
    life_years=2.0,
    resale_share=0.25,
    power_kilowatt=8.0,
    usd_per_kilowatt_hour=0.1,
    power_usage_effectiveness=1.5,
    hosting_usd_per_kilowatt_month=100.0,
    staff_usd_per_year=400.0,
)


def test_an_own_hour_by_hand():
    assert PLAIN.device_hours == 16 * HOURS_A_YEAR
    assert PLAIN.standing_usd == 60_000 + 2 * (12 * 800 + 400)
    assert PLAIN.power_usd_per_device_hour == pytest.approx(0.15)
    assert PLAIN.usd_per_device_hour(0.5) == pytest.approx(80_000 / (8 * HOURS_A_YEAR) + 0.15)


@pytest.mark.parametrize("rent", [1.0, 2.0, 5.0])
def test_from_the_share_on_it_is_as_cheap_as_renting(rent):
    share = PLAIN.share_as_cheap_as(rent)
    assert share is not None
    assert PLAIN.usd_per_device_hour(share) == pytest.approx(rent)


@pytest.mark.parametrize("rent", [0.1, 0.15, 0.5])
def test_some_rents_are_never_reached(rent):
    assert PLAIN.share_as_cheap_as(rent) is None
    assert "However much it is used" in device_hour.owned(PLAIN, 0.5, rent, Words("en"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"price_usd": 0.0}, "price_usd above 0"),
        ({"life_years": float("nan")}, "life_years above 0"),
        ({"devices": 0}, "devices of at least 1"),
        ({"resale_share": 1.0}, "less than the whole price, got 1"),
        ({"power_usage_effectiveness": 0.9}, "power_usage_effectiveness of at least 1"),
        ({"staff_usd_per_year": -1.0}, "staff_usd_per_year of at least 0"),
    ],
)
def test_what_no_machine_is_is_refused(change, says):
    with pytest.raises(InputError, match=says):
        replace(PLAIN, **change)


@pytest.mark.parametrize("share", [0.0, 1.1, float("nan")])
def test_a_share_of_hours_is_one(share):
    with pytest.raises(InputError, match="share of used hours"):
        PLAIN.usd_per_device_hour(share)


def test_every_device_has_three_prices_with_source_and_date():
    for name in ACCELERATORS:
        found = offers_for(name)
        assert len({offer.seller for offer in found}) >= 3
        assert all(offer.dated and offer.source and offer.url for offer in found)
    assert {offer.device for offer in offers()} == set(ACCELERATORS)


def test_what_the_model_starts_with_lies_within_public_prices():
    for name, device in ACCELERATORS.items():
        found = offers_for(name)
        low, high = min(one.low for one in found), max(one.high for one in found)
        assert low <= device.price_per_hour_usd <= high


def test_a_price_that_cannot_be_is_refused(tmp_path):
    head = "device,seller,terms,usd_per_hour_low,usd_per_hour_high,dated,source,url"
    file = tmp_path / "prices.csv"
    file.write_text(f"{head}\nH,S,t,3.5,2.5,2026,s,u\n")
    with pytest.raises(InputError, match=r"0 < low ≤ high for S, got 3\.5 and 2\.5"):
        offers(file)


def test_how_much_of_the_machine_a_project_needs():
    words, rent = Words("en"), 4.0
    little = device_hour.needed(PLAIN, 1_000.0, rent, words)
    much = device_hour.needed(PLAIN, 0.9 * PLAIN.device_hours, rent, words)
    assert little.endswith("Buy only where other work fills the rest.")
    assert much.endswith("That alone is enough to buy.")


def test_the_command_for_people_and_machines(capsys):
    assert main(["prices", "--rent", "4", "--used-share", "0.5", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["device"] == "NVIDIA H200" and len(found["offers"]) == 4
    own = found["owned"]
    assert own["usd_per_device_hour"] == pytest.approx(OwnedMachine().usd_per_device_hour(0.5))
    assert main(["prices", "--device", "NVIDIA H100", "--language", "ja"]) == 0
    assert "公開価格は2.31から4.92米ドル" in capsys.readouterr().out
    assert main(["prices", "--device", "none"]) == 2
    assert "Expected one of NVIDIA H200" in capsys.readouterr().err
