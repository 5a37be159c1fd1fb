"""Measurements beside bare loops that do the same; `python -m benchmarks`. Not a test."""
