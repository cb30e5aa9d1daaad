"""Clips found by words or by motion, and put onto a character."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
