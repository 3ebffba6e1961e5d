"""A figure with its alternative text, and how every chart behaves."""

from dataclasses import dataclass

import plotly.graph_objects as go

CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": "reset"}


@dataclass(frozen=True)
class Chart:
    """A figure and its alternative text."""

    figure: go.Figure
    alt: str
