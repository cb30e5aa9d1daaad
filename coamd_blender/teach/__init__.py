"""Teaching: a style from Actions and clips of the user's own. The work is a process of its own that outlives Blender.

lessons.py   what is taught: its sentences, what is to be said of it beforehand, its files
work.py      the processes: started, paused, gone on with; how far each is
styles.py    the styles that there are
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
