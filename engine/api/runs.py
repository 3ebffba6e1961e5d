"""What a page may ask of run records: imports, the catalogue, deletions, exports.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.loss_unit import Measure
from engine.runs.imports.columns import ALIASES, SCALED, UNUSED, Columns, choose_columns
from engine.runs.imports.importing import Asked, Imported, family_of, imported_before, store
from engine.runs.imports.journal import Entry
from engine.runs.imports.measured import Refused
from engine.runs.imports.settle import Flag, Settled, Status
from engine.runs.imports.sheet import Sheet
from engine.runs.imports.uploads import Upload, import_upload, read_upload
from engine.runs.log import RunLog

__all__ = [
    "ALIASES",
    "SCALED",
    "UNUSED",
    "Asked",
    "Columns",
    "Entry",
    "Flag",
    "Imported",
    "Measure",
    "Refused",
    "RunLog",
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
