"""The edge to Blender: armatures and Actions read as numbers, motions written as keys."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
