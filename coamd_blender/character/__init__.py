"""CoAMD's own character, and contact sheets of animated ones."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
