"""Motions on their way to a game engine: files as each engine takes them.

rules.py         what each engine wants, from its own documentation
root_motion.py   the way and the heading of the body, on a root bone
game_rig.py      a skeleton of its own, without controls, in the engine's unit
exporters.py     Blender's exporters
game_armature.py the same in Blender, with the meshes, and poses as Actions
job.py           Actions of a character to files: all of it, one after the other
process.py       the job in a second Blender (tools/engine_export.py), so that the user's file stays as it is
properties.py, panel.py, operators.py, workflow.py   batch and export in the sidebar
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
