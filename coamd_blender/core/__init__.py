"""What all features run on: the session and its timer, the operators' and panels' common parts."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
