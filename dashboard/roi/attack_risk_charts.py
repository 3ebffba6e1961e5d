"""Figures of risk: the best attacker's odds, and ε among published deployments.

A small ε looks like any other: no colour says good or bad.
"""

import numpy as np

from dashboard.roi import wording
from dashboard.ui.canvas import FONT, Canvas
from dashboard.ui.chart import Chart
from dashboard.ui.colours import Palette
from engine.api.decisions import PEOPLE, Answer, AttackRisk, Deployment
from engine.text import formats, privacy, quantities
from engine.text.i18n import N_, Words

_UNITS = {
    "person": N_("person"),
    "sequence of 1024 tokens": N_("sequence of 1,024 tokens"),
    "device (user) over the training": N_("device over the training"),
    "member and month": N_("member and month"),
    "user and day": N_("user and day"),
}


def odds(risk: AttackRisk, words: Words, colours: Palette) -> Chart:
    """A thousand people: guessed right without the model, and with it."""
    canvas = Canvas(colours)
    names = [words.say("With this model"), words.say("Without it")]
    values = [risk.found, risk.guessed]
    canvas.drawing.add_bar(
        x=values,
        y=names,
        orientation="h",
        width=0.5,
        hoverinfo="skip",
        name="odds",
        marker=canvas.bars(
            [colours.recommendation, colours.faint(colours.outside, 0.6)],
            [colours.recommendation, colours.outside],
        ),
    )
    for name, value in zip(names, values, strict=True):
        canvas.amount(value, name, quantities.odds(value))
    canvas.drawing.update_xaxes(
        range=[0, PEOPLE * 1.08],
        tickformat=",",
        title_text=words.say("Right guesses in {people}", people=formats.exact(PEOPLE)),
    )
    canvas.drawing.update_yaxes(showgrid=False, tickfont={"size": FONT})
    canvas.drawing.update_layout(showlegend=False)
    return Chart(canvas.drawing, wording.odds(risk, words))


def peers(answer: Answer, others: tuple[Deployment, ...], words: Words, colours: Palette) -> Chart:
    """The plan's ε, certified where it is, among published ones, each with its unit: a strip to
    look along, no ranking."""
    canvas = Canvas(colours)
    here = words.say("This plan")
    person = words.say("person")
    rows = [
        (
            f"{peer.organisation} {peer.year}",
            peer.epsilon,
            formats.plain(peer.epsilon),
            words.say(_UNITS.get(peer.unit, peer.unit)),
        )
        for peer in others
    ]
    asked, certified = answer.question.budget.epsilon, answer.certificate
    if certified is None:
        rows.append((here, asked, formats.plain(asked), person))
    else:
        rows.append((here, certified.epsilon, privacy.promised_epsilon(certified), person))
    rows.sort(key=lambda row: row[1])
    low, high = (f([row[1] for row in rows]) for f in (min, max))
    middle = np.sqrt(low * high)
    canvas.log_axis("x", low / 4, high * 4, words.language)
    for place, (name, value, shown, unit) in enumerate(rows):
        own, right = name is here, value > middle
        colour = colours.recommendation if own else colours.evidence
        symbol, size = ("star", 18) if own else ("circle", 12)
        canvas.mark(value, place, symbol, size, fill=colour, edge=colours.paper)
        amount = f"<b>{shown}</b>"
        text = f"<b>{name}</b> · {unit}" if own else f"{name} · {unit}"
        canvas.drawing.add_annotation(
            x=np.log10(value),
            y=place,
            text=f"{text}  {amount}" if right else f"{amount}  {text}",
            xanchor="right" if right else "left",
            xshift=-14 if right else 14,
            showarrow=False,
            font={"size": FONT - 2, "color": colours.ink},
        )
    canvas.drawing.update_xaxes(title_text="ε")
    canvas.drawing.update_yaxes(visible=False, range=[-0.7, len(rows) - 0.3])
    canvas.drawing.update_layout(showlegend=False)
    listed = "; ".join(f"{name} {shown}" for name, _, shown, _ in rows)
    return Chart(
        canvas.drawing,
        words.say("ε of published deployments and of this plan: {listed}.", listed=listed),
    )
