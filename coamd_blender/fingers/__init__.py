"""Shapes of hands, keyed over time: on new motions by themselves, on any Action by a click.

properties.py, panel.py, operators.py   settings, what is drawn, buttons
keying.py   a shape keyed at a frame; the keys of all other bones stay as they are
(Which bones are fingers, and how they bend: coamd_blender/retarget/hands.py and finger_shapes.py.)
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
