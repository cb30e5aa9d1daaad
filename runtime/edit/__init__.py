"""Motion made anew inside a clip, and motion of any length.

task.py              what an edit asks for
regenerate.py        frames of a clip made anew, the others left alone
range_edit.py        one range: on the canonical body at 20 frames a second, and back
by_itself.py         what a sentence says of a range, drawn as if there were nothing around it
ends.py              how a range goes on from what is before it, and into what is behind it
window.py            what the model sees of a long clip
latents.py           tokens of kept motion
root_trajectory.py   the root trajectory inside the tokens
way.py               a way that passes places, each at its time
storyboard.py        several prompts in a row, loops
"""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
