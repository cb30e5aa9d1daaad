"""How people say things: what captions are made with, and what a user's own sentences are said again with.

inflection.py   forms of verbs, subjects, numbers, mirrored sides
sentences.py    a whole sentence taken apart and said in other forms; verbs.json are the verbs it knows
"""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
