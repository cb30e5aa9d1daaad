"""A range of an Action made anew, and storyboards."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
