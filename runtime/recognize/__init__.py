"""What a motion is.

recognizer.py   the loaded recogniser: motions and texts in, labels and vectors out
deferred.py     the same, known by its file and loaded when it first embeds
segments.py     what happens when in a long motion
sorting.py      which labels of the user's many motions of one source show
telling.py      what is told of a motion: labels, or that it is several actions
taught_words.py  the words that styles taught
agreement.py    how likely a person agrees with a find
ranking.py      how well motions do what was asked
labels.py       names of actions: the bundled vocabulary, and lists that users give
verbs.py        forms of the verbs among them
"""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__, {"Recognizer": "recognizer"})
