"""What a device hour costs, in words: rented ones, and a machine of one's own."""

from collections.abc import Sequence

from engine.device_hour import Offer, OwnedMachine
from engine.text import formats
from engine.text.i18n import N_, Words

_TERMS = {
    "serverless workers: always on to scaled to zero": N_(
        "serverless workers: always on to scaled to zero"
    ),
    "Capacity Blocks: reserved for days": N_("Capacity Blocks: reserved for days"),
    "containers on demand": N_("containers on demand"),
    "on demand": N_("on demand"),
}
_SELLERS = {"specialty clouds": N_("specialty clouds"), "hyperscalers": N_("hyperscalers")}


def spread(device: str, found: Sequence[Offer], price: float, words: Words) -> str:
    """From least to most of what is asked, and what the scenario reckons with."""
    if not found:
        return words.say(
            "No public price of {device} is on file; you reckon with ${price}.",
            device=device,
            price=formats.plain(price),
        )
    return words.say(
        "Public prices of an hour of {device} run from ${low} to ${high}; you reckon with "
        "${price}.",
        device=device,
        low=f"{min(offer.low for offer in found):.2f}",
        high=f"{max(offer.high for offer in found):.2f}",
        price=formats.plain(price),
    )


def columns(found: Sequence[Offer], words: Words, *, linked: bool = False) -> dict[str, list[str]]:
    """The offers as a table; with ``linked``, their sources are links of Markdown."""
    return {
        words.say("Provider"): [words.say(_SELLERS.get(one.seller, one.seller)) for one in found],
        words.say("Terms"): [words.say(_TERMS.get(one.terms, one.terms)) for one in found],
        words.say("$ an hour"): [_price(one, words) for one in found],
        words.say("As of"): [one.dated for one in found],
        words.say("Source"): [
            f"[{one.source}]({one.url})" if linked else one.source for one in found
        ],
    }


def _price(offer: Offer, words: Words) -> str:
    if offer.low == offer.high:
        return f"{offer.low:.2f}"
    return formats.between(f"{offer.low:.2f}", f"{offer.high:.2f}", words.language)


def owned(machine: OwnedMachine, used_share: float, price: float, words: Words) -> str:
    """What an hour of one's own costs, and from which use on that is less than renting."""
    said = words.say(
        "An hour of your own device costs ${own} where {share} of all hours are used.",
        own=f"{machine.usd_per_device_hour(used_share):.2f}",
        share=formats.percent(used_share, words.language),
    )
    enough = machine.share_as_cheap_as(price)
    if enough is None:
        then = words.say(
            "However much it is used, renting at ${price} is cheaper.",
            price=formats.plain(price),
        )
    else:
        then = words.say(
            "It is cheaper than renting at ${price} from {share} on.",
            price=formats.plain(price),
            share=formats.percent(enough, words.language),
        )
    return words.joined([said, then])


def needed(machine: OwnedMachine, device_hours: float, price: float, words: Words) -> str:
    """How much of the machine this project's trainings would use, and what follows."""
    share = device_hours / machine.device_hours
    said = words.say(
        "This project's trainings need {hours} of its {all} device hours ({share}).",
        hours=formats.amount(device_hours, words.language),
        all=formats.amount(machine.device_hours, words.language),
        share=formats.percent(share, words.language),
    )
    enough = machine.share_as_cheap_as(price)
    if enough is not None and share >= enough:
        return words.joined([said, words.say("That alone is enough to buy.")])
    return words.joined([said, words.say("Buy only where other work fills the rest.")])
