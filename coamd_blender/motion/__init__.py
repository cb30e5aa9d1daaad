"""The 22 joints and what can be reckoned from them; numpy only, for the add-on and the runtime.

skeleton.py    the joints: order, tree, body parts, rest pose, axes, frame rate; the glossary
rotations.py   quaternions and rotation matrices
kinematics.py  headings, bone lengths and directions, a limb of two bones
signals.py     runs of True, smoothing, easing, splines, resampling
contacts.py    when a foot stands
loops.py       a motion that is to end as it begins
files.py       which motion files are read, and by whom
"""
