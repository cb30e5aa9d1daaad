"""Which bone plays which joint: the mapping editor, a rig's own settings."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
