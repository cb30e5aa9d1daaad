"""What runs without Blender's window: the demo, a clip retargeted onto a character."""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
