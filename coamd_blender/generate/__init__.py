"""Prompt to keyframes: the settings, the takes, the preview.

properties.py, panel.py, operators.py   settings, what is drawn, buttons
request.py      what the settings mean: the sentence, where it begins, how long it is
workflow.py     the generation from top to bottom
draws.py        a fresh motion: the runtime is asked for it, led along a path, closed to a loop
continuing.py   a motion that goes on from what the character does
takes.py        the motions made so far; what each tells of itself
pictures.py     what each take looks like, kept with its Action
stepping.py, browsing.py, ghosts.py     takes compared in place: arrow keys, the others as stick figures
playing.py      the timeline fitted to a motion, and played
preview.py      the coarse motion drawn meanwhile
vocabulary.py   what can be asked for
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
