"""The style sheet over Streamlit's own: what its settings do not offer for phones, paper and
keyboards.

Everything hangs on test ids and on classes that Streamlit makes of keys; tests/browser looks at
what comes of it. Colours are the theme's business (.streamlit/config.toml), not done here.
"""

import json

from engine.text.i18n import Words

BUDGETS, LANGUAGE = "budgets-at-hand", "language-of-the-page"
"""Keys of containers, which Streamlit makes class names of."""
_PRINTED = 0.62
"""Size in print: charts keep the width they have on the screen, and A4 is narrower."""
_ROOMY = 1350
"""Pixels of a window with room for four figures, or two charts, beside each other and the
sidebar."""
_THREE = 1200
"""Pixels of a window with room for three figures beside each other and the sidebar."""
_ROW = '[data-testid="stMain"] [data-testid="stHorizontalBlock"]'
_IN_COLUMN = '> [data-testid="stColumn"]'
_STYLE = f"""<style>
@media (min-width: 768px) {{
  .st-key-{BUDGETS} {{ display: none; }}
  [data-testid="stMainBlockContainer"] {{ padding-top: 4.75rem; }}
  [data-testid="stLayoutWrapper"]:has(> .st-key-{BUDGETS}) {{ display: contents; }}
}}
[data-testid="stLayoutWrapper"]:has(> .st-key-{LANGUAGE}) {{ display: contents; }}
@media (max-width: 767px) {{
  [data-testid="stMain"] [data-testid="stHeading"] h1 {{ font-size: 1.5rem; }}
  [data-testid="stMain"] [data-testid="stHeading"] h2 {{ font-size: 1.15rem; }}
  [data-testid="stButtonGroup"] > [role="radiogroup"] {{
    flex-wrap: wrap; overflow: visible; mask-image: none;
  }}
}}
@media (min-width: 768px) and (max-width: {_ROOMY - 1}px) {{
  {_ROW}:has({_IN_COLUMN} [data-testid="stMetric"]) {_IN_COLUMN} {{
    flex: 1 1 calc(50% - 1rem); min-width: calc(50% - 1rem);
  }}
  {_ROW}:has({_IN_COLUMN} [data-testid="stPlotlyChart"]) {_IN_COLUMN} {{
    flex: 1 1 100%; min-width: 100%;
  }}
}}
@media (min-width: {_THREE}px) and (max-width: {_ROOMY - 1}px) {{
  {_ROW}:has({_IN_COLUMN}:nth-child(3):last-child [data-testid="stMetric"]) {_IN_COLUMN} {{
    flex: 1 1 0; min-width: 0;
  }}
}}
[data-testid="stTable"] td, [data-testid="stTable"] th {{ min-width: 5.5em; }}
[data-testid="stMetricValue"] *, [data-testid="stMetricLabel"] *,
[data-testid="stMetricLabel"] [data-testid="stMarkdownContainer"] p {{
  white-space: normal; overflow: visible; text-overflow: clip;
}}
[data-testid="stMetricLabel"] p {{ word-break: auto-phrase; overflow-wrap: anywhere; }}
[data-testid="stTopNavLink"]:focus-visible {{
  outline: 3px solid currentColor; outline-offset: -3px;
}}
h1, h2, h3 {{ word-break: auto-phrase; text-wrap: pretty; }}
.st-key-{LANGUAGE} {{ display: none; }}
@media print {{
  @page {{ size: A4; margin: 10mm; }}
  body {{ zoom: {_PRINTED}; }}
  [data-testid="stSidebar"], [data-testid="stHeader"], [data-testid="stFileUploader"],
  [data-testid="stPopover"], [data-testid="stButton"], [data-testid="stDownloadButton"],
  .st-key-{BUDGETS}, .st-key-offer, .st-key-welcome, .st-key-tour {{ display: none; }}
  [data-testid="stMainBlockContainer"] {{ padding: 0; }}
  [data-testid="stPlotlyChart"], [data-testid="stMetric"], tr {{ break-inside: avoid; }}
  h1, h2, h3 {{ break-after: avoid; }}
}}
</style>"""
_DARK = """<style>@media print {
  html, body { color-scheme: light !important; background: white !important; }
  .stApp { filter: invert(1) hue-rotate(180deg); print-color-adjust: exact; }
  .stApp, .stApp * { background-color: transparent !important; }
}</style>"""
"""Dark pages in print: printers leave backgrounds out, and pale text would be left on white."""


_UPLOADER = '[data-testid="stFileUploaderDropzone"] > span [data-testid="stMarkdownContainer"] p'
_ENTRY = '[data-testid="{}"] [data-testid="InputInstructions"]'
_LIMITS = '[data-testid="stFileUploaderDropzoneInstructions"] span'


def sheet(theme: str | None, words: Words) -> str:
    """The whole of it, for ``st.context.theme.type``."""
    return _STYLE + _instead(words) + (_DARK if theme == "dark" else "")


def _instead(words: Words) -> str:
    """Streamlit's own English words in the page's language, where they stand."""
    texts = {
        _UPLOADER: words.say("Choose a file"),
        _LIMITS: words.say("or drop it here"),
        _ENTRY.format("stTextInput"): words.say("Enter: take it over"),
        _ENTRY.format("stNumberInput"): words.say("Enter: take it over"),
        _ENTRY.format("stTextArea"): words.say("Ctrl+Enter: take it over"),
    }
    rules = (
        f"{place} {{ font-size: 0; }} {place}::after {{ content: {_quoted(text)}; "
        "font-size: 0.9rem; }"
        for place, text in texts.items()
    )
    return f"<style>{' '.join(rules)}</style>"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
