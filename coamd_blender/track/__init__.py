"""The track of prompt blocks: a storyboard on the timeline, of which only what has changed is made anew.

panel.py, operators.py   the list of blocks and what can be done to them (their data: coamd_blender/blocks)
overlay.py     the track drawn at the bottom of Dope Sheets and Timelines
gestures.py    the track under the mouse: dragged, typed into, its menu
strip.py       both as numbers: where a block is, what a drag leads to (no Blender)
plan.py        which frames are made anew for which blocks, and in which order (no Blender)
workflow.py    a whole track from nothing, or some of its blocks in a copy of the Action
recognized.py  an Action that was recognised becomes a track
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
