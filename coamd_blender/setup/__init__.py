"""The runtime: which one, installing it, testing it; the add-on's preferences."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
