from pathlib import Path

from engine.durable import cache_folder


def test_the_variable_comes_first(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / "kessai"
    monkeypatch.setenv("KESSAI_CACHE", str(tmp_path / "ours"))
    assert cache_folder() == tmp_path / "ours"


def test_without_one_it_lies_in_the_users_cache(monkeypatch):
    for name in ("KESSAI_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert cache_folder() == Path.home() / ".cache" / "kessai"
