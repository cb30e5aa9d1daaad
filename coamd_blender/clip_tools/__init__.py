"""What is done to an Action without the networks: mirrored, smoothed, looped, blended, put in place, trimmed, retimed.

properties.py, panel.py, operators.py   settings, what is drawn, buttons
joint_tools.py  what is done to the motion of a body: joints in, joints out
key_tools.py    what is done to F-curves as they are
look.py         head and eyes turned to a target (how: coamd_blender/retarget/gaze.py)
workflow.py     from top to bottom: read, work, write a preview (coamd_blender/edit/pending.py)
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
