"""Figures of risk: the best attacker's odds, and ε among published deployments.

A small ε looks like any other: no colour says good or bad.
"""

import numpy as np

from dashboard import formats, roi_wording
from dashboard.canvas import FONT, Canvas
from dashboard.charts import Chart
from dashboard.colours import Palette
from dashboard.i18n import Words
from engine.peers import Deployment
from engine.risk import PEOPLE, AttackRisk


def odds(risk: AttackRisk, words: Words, colours: Palette) -> Chart:
    """A thousand people: guessed right without the model, and with it."""
    canvas = Canvas(colours)
    names = [words.say("With this model"), words.say("Without it")]
    values = [risk.found, risk.guessed]
    canvas.figure.add_bar(
        x=values,
        y=names,
        orientation="h",
        width=0.5,
        hoverinfo="skip",
        name="odds",
        marker={"color": [colours.recommendation, colours.faint(colours.outside, 0.6)]},
    )
    for name, value in zip(names, values, strict=True):
        canvas.amount(value, name, formats.plain(value))
    canvas.figure.update_xaxes(
        range=[0, PEOPLE * 1.08],
        title=words.say("Right guesses in {people}", people=formats.exact(PEOPLE)),
    )
    canvas.figure.update_yaxes(showgrid=False, tickfont={"size": FONT})
    canvas.figure.update_layout(showlegend=False)
    return Chart(canvas.figure, roi_wording.odds(risk, words))


def peers(epsilon: float, others: tuple[Deployment, ...], words: Words, colours: Palette) -> Chart:
    """This ε among published ones, each with its unit: a strip to look along, no ranking."""
    canvas = Canvas(colours)
    here = words.say("This plan: {unit}", unit=words.say("person"))
    rows = [(f"{peer.organisation}, {peer.year}", peer.epsilon, peer.unit) for peer in others]
    rows.append((here, epsilon, ""))
    rows.sort(key=lambda row: row[1])
    low, high = (f([row[1] for row in rows]) for f in (min, max))
    canvas.log_axis("x", low / 2, high * 12)
    for place, (name, value, unit) in enumerate(rows):
        own = name is here
        colour = colours.recommendation if own else colours.evidence
        canvas.mark(
            value,
            place,
            "star" if own else "circle",
            18 if own else 12,
            fill=colour,
            edge=colours.paper,
        )
        text = name if own else f"{name} · {unit}"
        canvas.figure.add_annotation(
            x=np.log10(value),
            y=place,
            text=f"<b>{formats.plain(value)}</b>  {text}",
            xanchor="left",
            xshift=14,
            showarrow=False,
            font={"size": FONT - 2, "color": colours.ink},
        )
    canvas.figure.update_xaxes(title="ε")
    canvas.figure.update_yaxes(visible=False, range=[-0.7, len(rows) - 0.3])
    canvas.figure.update_layout(showlegend=False)
    listed = "; ".join(f"{name} {formats.plain(value)}" for name, value, _ in rows)
    return Chart(
        canvas.figure,
        words.say("ε of published deployments and of this plan: {listed}.", listed=listed),
    )
