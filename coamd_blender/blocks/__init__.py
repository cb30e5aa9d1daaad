"""Prompt blocks: what a character does from frame to frame, a sentence each, in one track.

arrange.py     a row of blocks as plain values: moved, split, dragged, laid over (no Blender)
properties.py  what the .blend keeps of a track, with the armature
record.py      what an Action's keys were made of, kept with the Action
tracks.py      the track of an armature: read, written, compared with the record, taken over from it
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
