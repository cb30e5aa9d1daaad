"""A range of an Action regenerated, and storyboards.

properties.py, panel.py, operators.py   settings, what is drawn, buttons
request.py     what the settings mean: range, areas, path, poses (the modes: coamd_blender/wire/edit_modes.py)
workflow.py    the edit from top to bottom: read, ask, write a preview
apply.py       what is keyed: bones checked, joints solved, the range's keys; they are written by anim/range_keys.py
pending.py     the preview that waits: accepted, rejected, pushed to the NLA
storyboard.py  several prompts in a row
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
