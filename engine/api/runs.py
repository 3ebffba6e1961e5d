"""What a page may ask of run records: imports.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.loss_unit import Measure
from engine.runs.imports.columns import ALIASES, SCALED, UNUSED, Columns, choose_columns
from engine.runs.imports.importing import Asked, Imported, family_of, imported_before, store
from engine.runs.imports.settle import Flag, Settled, Status
from engine.runs.imports.sheet import Sheet
from engine.runs.imports.uploads import Upload, import_upload, read_upload

__all__ = [
    "ALIASES",
    "SCALED",
    "UNUSED",
    "Asked",
    "Columns",
    "Flag",
    "Imported",
    "Measure",
    "Settled",
    "Sheet",
    "Status",
    "Upload",
    "choose_columns",
    "family_of",
    "import_upload",
    "imported_before",
    "read_upload",
    "store",
]
