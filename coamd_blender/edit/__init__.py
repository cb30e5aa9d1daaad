"""A range of an Action regenerated.

properties.py, panel.py, operators.py   settings, what is drawn, buttons
request.py     what the settings mean: range, areas, poses, holds (the modes: coamd_blender/wire/edit_modes.py)
room.py        whether a range is long enough for its sentence
workflow.py    the edit from top to bottom: read, ask, write a preview (what is keyed: coamd_blender/anim/range_edit.py)
live.py, live_panel.py   poses moved while the edit waits are kept, and what is around them made anew
pending.py     the preview that waits: accepted, rejected, pushed to the NLA
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
