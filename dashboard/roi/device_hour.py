"""What a device hour costs: public prices, and a machine of one's own as the other way."""

import streamlit as st

from dashboard.answers import decision_cache
from dashboard.state import session, widgets
from dashboard.ui import blocks
from engine.api.decisions import Answer, devices
from engine.api.money import OwnedMachine, offers_for
from engine.api.scenarios import fields as grammar
from engine.errors import InputError
from engine.text import cluster, device_hour
from engine.text.i18n import Words

_DEFAULT = OwnedMachine()
_USED = 0.7
"""Share of the hours that the page begins with: an assumption."""


def draw(answer: Answer, words: Words) -> None:
    """The spread of public prices; folded, the list, and the reckoning of an own machine; how long
    the devices are needed."""
    prices = answer.question.prices.accelerator
    found = offers_for(prices.name)
    blocks.heading(words.say("What a device hour costs"))
    st.markdown(device_hour.spread(prices.name, found, prices.price_per_hour_usd, words))
    if found:
        with st.expander(words.say("Public prices")):
            blocks.columns(device_hour.columns(found, words, linked=True))
    with st.expander(words.say("A machine of our own")):
        _owned(answer, words)
    _how_long(answer, words)


def _how_long(answer: Answer, words: Words) -> None:
    """Days and price of one training on the scenario's devices; Decide has the table."""
    asked = answer.question
    try:
        found = decision_cache.on_devices(asked)
    except InputError as error:
        st.markdown(words.refusal(error))
        return
    rate = asked.prices.jpy_per_usd
    st.markdown(cluster.finding(found, devices.chosen_devices(asked), rate, words))
    st.caption(words.say("Decide has the table by number of devices."))


def _owned(answer: Answer, words: Words) -> None:
    rented = answer.question.prices.accelerator.price_per_hour_usd
    said = st.container()
    left, right = st.columns(2, gap="large")
    with left:
        bought = _number(words.say("Price of the machine (USD)"), "price", _DEFAULT.price_usd)
        count = _number(words.say("Devices in it"), "devices", float(_DEFAULT.devices))
        life = _number(words.say("Years in use"), "life", _DEFAULT.life_years)
        resale = _number(words.say("Resale (share of the price)"), "resale", _DEFAULT.resale_share)
        used = _number(words.say("Share of hours in use"), "used", _USED)
    with right:
        power = _number(words.say("Power (kW)"), "power", _DEFAULT.power_kilowatt)
        electricity = _number(
            words.say("Electricity (USD per kWh)"), "electricity", _DEFAULT.usd_per_kilowatt_hour
        )
        effectiveness = _number(
            words.say("Power of the site over that of the machine"),
            "pue",
            _DEFAULT.power_usage_effectiveness,
        )
        hosting = _number(
            words.say("Hosting (USD per kW and month)"),
            "hosting",
            _DEFAULT.hosting_usd_per_kilowatt_month,
        )
        staff = _number(
            words.say("People who look after it (USD a year)"), "staff", _DEFAULT.staff_usd_per_year
        )
    try:
        machine = OwnedMachine(
            price_usd=bought,
            devices=round(count),
            life_years=life,
            resale_share=resale,
            power_kilowatt=power,
            usd_per_kilowatt_hour=electricity,
            power_usage_effectiveness=effectiveness,
            hosting_usd_per_kilowatt_month=hosting,
            staff_usd_per_year=staff,
        )
        own = machine.usd_per_device_hour(used)
    except InputError as error:
        with said:
            blocks.refused(error, words)
        return
    trainings = answer.question.assumptions["search_multiplier"].value
    hours = answer.decision.cost.device_hours * trainings
    with said:
        st.markdown(f"**{device_hour.owned(machine, used, rented, words)}**")
        st.markdown(device_hour.needed(machine, hours, rented, words))
        st.button(
            words.say("Reckon with ${price}", price=f"{own:.2f}"),
            on_click=session.take,
            args=({grammar.PRICE.key: round(own, 2)},),
            key="roi:own-price",
        )
    st.caption(
        words.say(
            "The figures to begin with are those of eight H200, assumptions all but the power "
            "(NVIDIA DGX H200: 10.2 kW); price in scale with 300,000 to 400,000 USD for eight H100 "
            "(TechnoLynx, May 2026). Replace them by an offer."
        )
    )


def _number(label: str, name: str, value: float) -> float:
    place = widgets.bind_page("roi", f"machine-{name}")
    return float(st.number_input(label, min_value=0.0, value=value, **place))
