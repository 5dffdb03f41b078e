"""Benchmarks: each prints a ratio measured in one run, and the machine it ran on. Never asserted in tests."""
