"""The edge to Blender: armatures and Actions read as numbers, motions written as keys.

targets.py, subjects.py              which armature, and which motion of it, the user means
armature.py, snapshot.py, checks.py  an armature read once, as numbers, and refused where it would not show a motion
by_motion.py                         a nameless rig, by its Action
read_action.py, stage.py             an Action as 22 joints; what keys alone do not tell, posed by Blender
plan.py, reduction.py                a motion solved and turned into F-curves, fewer keys: numbers, any thread
stepwise.py, steps.py, unfinished.py the writing, a little at a time, all of it or none
rig_settings.py                      what the .blend says of retargeting
actions.py                           slots and F-curves in every Blender: all guards of versions

Keys are written in four places: write_action.py (a motion's Action), range_keys.py (a range of a curve's keys),
replacing.py (a copy in which a range is to be replaced), nla.py (an Action's influence, as a strip). The keys of a
range that is made anew are planned in range_edit.py and written by range_keys, a few at a time by range_steps.py; a
curve on the ground that a motion is to follow is read by ground_path.py.
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
