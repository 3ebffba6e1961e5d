"""The published table as a frame that ``fit`` receives."""

from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parents[2]
_KEYS = ["data_budget", "epsilon", "batch_size", "iterations"]


def published_table() -> pd.DataFrame:
    """Table 2 of McKenna et al. (2025) with its noise, one row an optimum."""
    table = pd.read_csv(ROOT / "data/published/mckenna2025_table2.csv", comment="#")
    noise = pd.read_csv(ROOT / "tests/golden/table2_noise.csv", comment="#")
    frame = table.merge(noise, on=_KEYS, how="left", validate="one_to_one")
    return frame.assign(
        sequence_length=512, vocabulary_size=30522, delta=1e-8, compute_optimal=True
    )
