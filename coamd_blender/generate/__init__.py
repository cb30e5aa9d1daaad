"""Prompt to keyframes: the settings, the takes, the preview."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
