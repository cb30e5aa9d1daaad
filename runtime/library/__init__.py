"""A library of clips: facts in SQLite, embeddings in a memory-mapped array, joints of every clip.

clips.py      the library as its users see it
store.py      the folder on disk: who may write what, in which order
motions.py    joints to bytes at a millimetre, and back
reading.py    a motion file to clips
index.py      folders to a library, again and again
codes.py      the compressed first pass of a search in many clips
graph.py      that of very many clips: a kept graph of near neighbours, an optional extra
search.py     a query's nearest clips, exact scores
scores.py     what a score says: the chance that a person agrees
query.py      words, clips, frame ranges and words that shift a clip, as query vectors
starter.py    the clips that ship
"""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__, {"Library": "clips"})
