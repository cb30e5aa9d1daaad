"""What may be asked for: one table for the panel, the command line, the wire and the runtime.

A leaf: no imports, so that Blender's properties and the command line's parser can read it before anything is loaded.
Lengths are seconds, ends included.
"""

from __future__ import annotations

DEFAULT_DRAWS = 4  # of the panel, for one that is shown
LARGEST_SEED = 2**31 - 1  # Blender's whole numbers end there; the last of several variants must not pass it
DEFAULT_SEED = 0

SHORTEST_SECONDS, LONGEST_SECONDS = 0.5, 9.8  # of one motion: the model's window is 196 frames at 20 a second
LONGEST_FRAMES = 196
DEFAULT_SECONDS = 6.0
SHORTEST_SCENE, LONGEST_SCENE = 0.5, 3600.0  # of a storyboard's scene
LONGEST_EDIT = 600.0  # of a range that is made anew
MOST_RANGES = 1000  # of one edit
MOST_BLOCKS = 1000  # of a track; each is a scene or a range

MOST_VARIANTS = 8  # that the panel makes at once
MOST_COPIES = 1000  # that one request, or --count, makes
MOST_STYLES = 8  # that are on at once
LARGEST_STRENGTH, DEFAULT_STRENGTH = 2.0, 1.0  # of a style: 1 is as it was taught
LARGEST_WEIGHT = 100.0  # of the text (classifier-free) and of the recogniser's guidance

QUALITIES = ("best", "fast")  # by the generator, or by what was distilled from it
DEFAULT_QUALITY = "best"
LARGEST_FAST_WEIGHT = 8.0  # of the text, that what was distilled has learnt

DEFAULT_KEEP = 0.5  # share of a range that stays as a guide, in the modes that keep one
LOOPS = ("keep", "remove")  # what becomes of the travel of a motion that ends as it began

MOST_RESULTS = 1000
DEFAULT_LABELS, DEFAULT_RESULTS = 5, 10
MOST_POSES = 64  # of each clip that a search found
LARGEST_SHIFT, DEFAULT_SHIFT = 10.0, 1.0  # weight of words that are added to a clip
SHORTEST_FRAMES = 4  # of a motion that can be recognised
FEWEST_SORTED = 5  # motions that are compared with one another, so that their mean says something
MOST_SORTED = 10_000  # motions of one request
MOST_SORTED_LABELS = 200  # each of which is drawn

LONGEST_PROMPT = 5000  # letters; the model reads the first few hundred of a clause
LONGEST_PATH = 4096  # letters of a file's or a folder's path, as Linux has it
MOST_PATHS = 100_000  # that one request names
FARTHEST = 1e5  # metres from the origin that a joint can be
