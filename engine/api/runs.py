"""What a page may ask of run records: imports, the catalogue, deletions, exports.

The dashboard imports the engine through this folder only, so that what it rests on can be read
here; beside it stand the words of :mod:`engine.text` and the base types of :mod:`engine.config`.
"""

from engine.decision_log import Entry as Line
from engine.decision_log import recorded
from engine.leftovers import remove as remove_leftovers
from engine.loss_unit import Measure
from engine.runs import catalogue, filtering, removal
from engine.runs.annotating import annotate
from engine.runs.annotations import LONGEST_NOTE, LONGEST_TAG, Said
from engine.runs.catalogue import Listed
from engine.runs.export import Kind as ExportKind
from engine.runs.export import export
from engine.runs.filtering import RunFilter
from engine.runs.imports import journal
from engine.runs.imports.columns import ALIASES, SCALED, UNUSED, Columns, choose_columns
from engine.runs.imports.importing import Asked, Imported, family_of, imported_before, store
from engine.runs.imports.journal import Entry, JournalRun
from engine.runs.imports.settle import Flag, Settled, Status
from engine.runs.imports.sheet import TABLE, Sheet
from engine.runs.imports.uploads import Upload, import_upload, read_upload
from engine.runs.imports.wandb_offline import ENDING as OFFLINE_RUN
from engine.runs.log import data_folder
from engine.runs.queries import MOST_ROWS as QUERY_ROWS
from engine.runs.queries import SECONDS as QUERY_SECONDS
from engine.runs.queries import Rows, ask
from engine.runs.query_process import EXAMPLE as QUERY_EXAMPLE
from engine.runs.removal import Chosen
from engine.runs.seeds import Group, groups

__all__ = [
    "ALIASES",
    "LONGEST_NOTE",
    "LONGEST_TAG",
    "OFFLINE_RUN",
    "QUERY_EXAMPLE",
    "QUERY_ROWS",
    "QUERY_SECONDS",
    "SCALED",
    "TABLE",
    "UNUSED",
    "Asked",
    "Chosen",
    "Columns",
    "Entry",
    "ExportKind",
    "Flag",
    "Group",
    "Imported",
    "JournalRun",
    "Line",
    "Listed",
    "Measure",
    "Rows",
    "RunFilter",
    "Said",
    "Settled",
    "Sheet",
    "Status",
    "Upload",
    "annotate",
    "ask",
    "catalogue",
    "choose_columns",
    "data_folder",
    "export",
    "family_of",
    "filtering",
    "groups",
    "import_upload",
    "imported_before",
    "journal",
    "read_upload",
    "recorded",
    "removal",
    "remove_leftovers",
    "store",
]
