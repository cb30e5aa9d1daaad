"""What Blender and the runtime say to each other, for both sides.

protocol.py       frames and messages
requests/         one class a task: what can be asked for
checks.py, array_checks.py, limits.py    one rule and one limit for all who ask
edit_modes.py     what an edit can make of a range
answers.py        what a result must be before anything is made of it
client.py         the runtime process and its threads
jobs.py           what was asked for, and how far it is
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
