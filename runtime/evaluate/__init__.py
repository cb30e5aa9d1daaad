"""Benchmarks: what they measure, and with what."""

from runtime.lazy import lazy

__getattr__ = lazy(__name__, ("benchmarks", "registry"))
