"""The witness opens pages, too."""

from tests.dashboard.conftest import components  # noqa: F401 (a fixture)
