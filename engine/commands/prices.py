"""What a device hour costs: public prices, and the hour of a machine of one's own.

Prices were read from public price lists on the dates that they carry. An own machine is reckoned
from its price, life, hosting, people and power; an hour that nobody uses costs as much as one that
somebody does.
"""

import argparse
from dataclasses import asdict, replace
from typing import Any

from engine.accelerator_prices import ACCELERATORS
from engine.commands.options import add_json, add_language, as_json, number, under_headings, whole
from engine.cost import DEFAULTS
from engine.device_hour import OwnedMachine, offers_for
from engine.errors import InputError
from engine.text import device_hour
from engine.text.i18n import Words

_OWN = OwnedMachine()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command's options."""
    parser.add_argument(
        "--device",
        default=DEFAULTS.accelerator.name,
        metavar="NAME",
        help=f"one of {', '.join(ACCELERATORS)} (default: %(default)s)",
    )
    parser.add_argument(
        "--rent", metavar="USD", help="an hour's rent to compare with (default: the list's)"
    )
    parser.add_argument(
        "--used-share", default="0.7", metavar="SHARE", help="of all hours (default: %(default)s)"
    )
    for name, value in asdict(_OWN).items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            default=f"{value:g}",
            metavar="N",
            help="of the own machine (default: %(default)s)",
        )
    add_language(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> str:
    """The offers and the own machine, as text or JSON. Raises :class:`InputError`."""
    if options.device not in ACCELERATORS:
        raise InputError(
            "Expected one of {expected}, got {name}.",
            expected=", ".join(ACCELERATORS),
            name=options.device[:40],
        )
    listed = ACCELERATORS[options.device].price_per_hour_usd
    rent = listed if options.rent is None else number("--rent", options.rent)
    used = number("--used-share", options.used_share)
    changed: dict[str, Any] = {
        name: (whole if name == "devices" else number)(
            f"--{name.replace('_', '-')}", getattr(options, name)
        )
        for name in asdict(_OWN)
    }
    machine = replace(_OWN, **changed)
    found = offers_for(options.device)
    if options.json:
        return as_json(
            {
                "device": options.device,
                "offers": [asdict(offer) for offer in found],
                "owned": {
                    **asdict(machine),
                    "used_share": used,
                    "usd_per_device_hour": machine.usd_per_device_hour(used),
                    "rent": rent,
                    "share_as_cheap_as_rent": machine.share_as_cheap_as(rent),
                },
            }
        )
    words = Words(options.language)
    return "\n".join(
        [
            device_hour.spread(options.device, found, rent, words),
            "",
            under_headings(device_hour.columns(found, words)),
            "",
            device_hour.owned(machine, used, rent, words),
        ]
    )
