"""Motions on their way to a game engine: files as each engine takes them.

rules.py         what each engine wants, from its own documentation
root_motion.py   the way and the heading of the body, on a root bone
game_rig.py      a skeleton of its own, without controls, in the engine's unit
exporters.py     Blender's exporters
job.py           Actions of a character to files: all of it, one after the other
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
