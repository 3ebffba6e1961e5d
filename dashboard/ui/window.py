"""What only the browser's window knows: whether it is as narrow as a phone, and its theme's change.

Streamlit tells a script language and theme, but no width, and draws nothing anew when the system
turns dark: words on charts would keep their old colour. A component that shows nothing says both,
and each change draws the page anew. A part that is drawn anew by itself, by a timer, does not know
the width, and draws wide.
"""

from contextvars import ContextVar

import streamlit as st

_KEY = "window"
_SCRIPT = """
export default function ({ setStateValue }) {
  const narrow = matchMedia('(max-width: 600px)');
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const width = () => setStateValue('narrow', narrow.matches);
  // Streamlit changes its theme at the same moment: it is asked for the page after that.
  const theme = () => setTimeout(() => setStateValue('dark', dark.matches), 300);
  if (narrow.matches) width();
  narrow.addEventListener('change', width);
  dark.addEventListener('change', theme);
  return () => {
    narrow.removeEventListener('change', width);
    dark.removeEventListener('change', theme);
  };
}
"""
_component = st.components.v2.component("kessai_window", js=_SCRIPT)
_NARROW: ContextVar[bool] = ContextVar("narrow", default=False)


def listen() -> None:
    """Draw the component, once a run of the script, and remember for this run what it says."""
    said = _component(key=_KEY, on_narrow_change=_nothing, on_dark_change=_nothing)
    _NARROW.set(bool(said.get("narrow")))


def is_narrow() -> bool:
    """Whether the window is as narrow as a phone."""
    return _NARROW.get()


def _nothing() -> None:
    """A state that has no callback is no state for Streamlit."""
