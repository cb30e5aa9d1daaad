"""Prompt to motion.

generator.py      the loaded networks: prompts in, joints out
batches.py        many prompts, in batches that fit the device
clause_reader.py  which clauses a sentence tells, in which order, and what is done at once
multi_action.py   ... and drawn action by action
together.py       sentences of two things done at once, taken apart
overlay.py        ... and what arms do, laid over what the body does
notes.py          lines on how a sentence was read
examples.py       what the networks are shown of actions that words alone do not bring
examples_config.py  what their file says beside its numbers
asked.py          side, speed and count that a sentence asks for
taught.py         ... and of what styles were taught, by their own clips
style.py          what was taught: clips, and small changes to the networks
alignment.py      two motions laid beside one another in time
guidance.py       the pull of a reward while a motion is drawn
rewards.py        rewards to be pulled by
vocabulary.py     what was learnt, and how far a prompt is from it
"""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
