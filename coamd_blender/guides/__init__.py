"""What a motion is led by, whoever makes it: poses at markers, places on the ground, a hand or a foot that is held.

properties.py   the settings that Generate and Edit share
markers.py      the poses at timeline markers, and what the runtime is told of poses and holds
holds.py        where a hand or a foot is held, and when
places.py       where the character passes, when, and where it looks there
drawing.py      how a hold and the places are shown
operators.py    buttons of the list of places
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
