"""Benchmarks run only when asked for: ``python -m pytest tests/benchmarks --benchmark-enable``."""
