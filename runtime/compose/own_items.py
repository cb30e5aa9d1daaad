"""Training items of one's own clips: windows of them at several tempi, mirrored, their sentences in many wordings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import FPS, FRAME_MULTIPLE, MAX_FRAMES, mirror, with_bone_lengths
from runtime.compose import splice
from runtime.compose.builders import PoolItem
from runtime.grammar.inflection import mirrored
from runtime.grammar.sentences import captions_of, told

LEAST = 24  # frames of a training item
TEMPI = (0.85, 1.18)  # between which one is drawn
WAYS = 8  # to say it
KIND = "single"


def own_items(clips: Sequence[dict], motions: np.ndarray, seed: int, size: int, split: str) -> Iterator[PoolItem]:
    """Yield ``size`` training items of the ``clips`` of a ``split``, whose ``motions`` are (frames, 22, 3), metres.

    Every clip is drawn as often as every other; half of the items are mirror images with their sides swapped in words
    too. Same arguments, same items. Raises DataError when the split holds no clip that is long enough.
    """
    own = [clip for clip in clips if clip["split"] == split and clip["frames"] >= LEAST / TEMPI[0]]
    if not own:
        raise DataError(f"There is no clip of {split} that lasts long enough", f"Give clips of {2 * LEAST / FPS:g} s")
    for index in range(size):
        rng = np.random.default_rng((seed, index))
        clip = own[index % len(own)]
        joints = _window(motions[clip["start"] : clip["start"] + clip["frames"]], rng)
        captions = captions_of([told(sentence) for sentence in clip["captions"]], rng, WAYS)
        if rng.random() < 0.5:
            joints, captions = mirror(joints), [mirrored(caption) for caption in captions]
        yield PoolItem(splice.canonical(joints), captions, clip["action"], KIND, 1.0, (clip["action"],))


def _window(joints: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a window (n, 22, 3) of ``joints`` (frames, 22, 3), metres, at a tempo that is drawn.

    It is the whole where that fits, n a multiple of 4 and at most 196.
    """
    count = round(len(joints) / rng.uniform(*TEMPI))
    places = np.linspace(0, len(joints) - 1, count)
    before = np.minimum(places.astype(int), len(joints) - 2)
    share = (places - before)[:, None, None]
    at_tempo = with_bone_lengths((1 - share) * joints[before] + share * joints[before + 1])
    first = int(rng.integers(0, max(0, count - MAX_FRAMES) + 1))
    return at_tempo[first : first + min(count, MAX_FRAMES) // FRAME_MULTIPLE * FRAME_MULTIPLE]
