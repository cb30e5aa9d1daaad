"""Several characters in one go: each its sentence or all the same, kept apart; crowds by seed.

properties.py, panel.py, operators.py   settings, what is drawn, buttons
apart.py      which draw each takes, and which way it sets out, so that none walks into another (numbers only)
places.py     where the members of a crowd stand, and which way they look, by seed (numbers only)
copies.py     a character copied, with all that hangs on it
workflow.py   the motions of all from top to bottom, one undo step
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
