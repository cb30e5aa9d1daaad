"""Every command by its name: a menu that Blender's search (F3) goes through, and a pie menu that takes no key.

commands.py    the commands by section, each with the name a person would type
menus.py       the menus and the pie
keys.py        where the pie may be given a key (Preferences > Keymap, or the add-on's preferences)
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
