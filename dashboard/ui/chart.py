"""A figure with its alternative text, and how every chart behaves."""

from dataclasses import dataclass

import plotly.graph_objects as go

from dashboard.ui.drawing import Drawing

CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": "reset"}


@dataclass(frozen=True)
class Chart:
    """A drawing and its alternative text."""

    drawing: Drawing
    alt: str

    @property
    def figure(self) -> go.Figure:
        """The drawing, checked by Plotly."""
        return self.drawing.figure()
