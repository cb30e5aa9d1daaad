"""A range of an Action regenerated, and storyboards."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
