"""Benchmarks: each prints one table and compares with a baseline in the same run. `python -m bench` runs them all."""
