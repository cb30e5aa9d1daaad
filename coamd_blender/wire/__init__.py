"""What Blender and the runtime say to each other, for both sides.

protocol.py       frames and messages
requests/         one class a task: what can be asked for
clauses.py        a prompt of several actions taken apart
room.py           how many seconds its actions take at least
checks.py, array_checks.py, limits.py    one rule and one limit for all who ask
edit_modes.py     what an edit can make of a range
answers.py        what a result must be before anything is made of it
client.py         what was asked of the runtime process; its silence, its restart
process.py        one process and its threads
watch.py, causes.py    how long it may be silent; what its last words mean
jobs.py           what was asked for, and how far it is
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
