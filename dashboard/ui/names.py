"""Names of Streamlit's own buttons in the page's language, for screen readers and tooltips.

Streamlit has no translations: a line of script gives each button of its own its name as it appears.
Icons within a sentence are decoration and are not read out.
"""

import json

from engine.text.i18n import LANGUAGES, N_, Words

NAMES = (
    N_("Skip to main content"),
    N_("Sidebar"),
    N_("Collapse sidebar"),
    N_("Expand sidebar"),
    N_("Help"),
    N_("Open"),
    N_("Close"),
    N_("Increment"),
    N_("Decrement"),
    N_("App pages"),
    N_("Navigate to home page"),
    N_("Add row"),
    N_("Delete row(s)"),
    N_("Show/hide columns"),
    N_("Download as CSV"),
    N_("Search the table"),
    N_("Fullscreen"),
    N_("Close fullscreen"),
    N_("Choose an option"),
    N_("file upload"),
)
"""As Streamlit 1.67 writes them, but for :data:`_OTHERWISE`."""
_OTHERWISE = {"Search": N_("Search the table")}
"""Its name -> ours, where the same word means something else on the pages."""
_SCRIPT = """<script>
window.kessaiNames = %s;
window.kessaiNaming ??= (() => {
  const ATTRIBUTES = ['aria-label', 'placeholder', 'title'];
  const name = element => {
    for (const attribute of ATTRIBUTES) {
      const said = window.kessaiNames[element.getAttribute(attribute)];
      if (said) element.setAttribute(attribute, said);
    }
    if (element.matches('[role="img"][translate="no"][aria-label$=" icon"]')) {
      element.setAttribute('aria-hidden', 'true');
    }
    if (!element.childElementCount
        && element.matches('[data-testid="stSkipToContent"], [role="tooltip"] *')) {
      const said = window.kessaiNames[element.textContent.trim()];
      if (said) element.textContent = said;
    }
  };
  const all = root => {
    if (!root.closest('svg')) [root, ...root.querySelectorAll(':not(svg *)')].forEach(name);
  };
  new MutationObserver(changes => changes.forEach(change => {
    if (change.type === 'attributes') name(change.target);
    change.addedNodes.forEach(node => node.nodeType === Node.ELEMENT_NODE && all(node));
  })).observe(document.body, {
    subtree: true, childList: true, attributes: true, attributeFilter: ATTRIBUTES,
  });
  return {all};
})();
window.kessaiNaming.all(document.body);
</script>"""


def script(words: Words) -> str:
    """The script for the page's language; what it named in another one before, it names anew."""
    names = {
        Words(other).say(name): words.say(name)
        for other in LANGUAGES
        for name in NAMES
        if other != words.language
    }
    names |= {name: words.say(said) for name, said in _OTHERWISE.items()}
    return _SCRIPT % json.dumps(names, ensure_ascii=False)
