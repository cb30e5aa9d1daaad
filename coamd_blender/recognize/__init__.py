"""What an Action is."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
