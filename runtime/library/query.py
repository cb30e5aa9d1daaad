"""What one searches for, as a vector of the recogniser's space: words, a clip, part of a clip, or a clip and words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from coamd_blender.errors import InputError
from coamd_blender.wire import limits
from coamd_blender.wire.requests import SearchRequest
from runtime.formats.read import READERS
from runtime.library.reading import read_clips
from runtime.library.records import Clip, Embedder, windows_of
from runtime.library.search import Searcher
from runtime.library.store import Store

CLIP_SEPARATOR = "#"
SHORTEST_RANGE = 8  # frames
LABELLED_NEIGHBOURS = 10


@dataclass(frozen=True, eq=False)
class Query:
    """A vector (dim,) of unit length, and the words that say what the motion is when they are known."""

    vector: np.ndarray
    label: str = ""


def unit(vector: np.ndarray) -> np.ndarray:
    """Return ``vector`` (dim,), an embedding, at length 1, float32. InputError when it has none."""
    length = float(np.linalg.norm(vector))
    if length < 1e-6:
        raise InputError("The words take away all that the clip is", "Use other words")
    return (vector / length).astype(np.float32)


def of_request(request: SearchRequest, library: Store, searcher: Searcher, embedder: Embedder) -> Query:
    """Return the query for what a search request looks for. Raises as the functions below."""
    if request.text is not None:
        query = of_text(request.text, embedder)
    elif request.joints is not None:
        query = of_motion(request.joints, embedder, request.frames)
    elif isinstance(request.clip, int):
        query = of_stored(library.clip(request.clip), library, embedder, request.frames)
    else:
        query = of_clip(request.clip, library, embedder, request.frames)
    if request.and_text is not None:
        query = shifted(query, request.and_text, searcher, embedder, request.weight)
    return query


def of_text(text: str, embedder: Embedder) -> Query:
    """Return the query for words. InputError when there are none."""
    words = " ".join(text.split())
    if not words:
        raise InputError("The text to search for is empty", "Describe a motion, such as: a person walks in a circle")
    return Query(unit(embedder.embed_texts([words])[0]), words)


def of_motion(joints: np.ndarray, embedder: Embedder, frames: tuple[int, int] | None = None, label: str = "") -> Query:
    """Return the query for joints (frames, 22, 3) or their ``frames`` [start, stop): the mean of its windows'
    embeddings. InputError for frames that are not there."""
    start, stop = frames or (0, len(joints))
    if not 0 <= start < stop <= len(joints):
        raise InputError(f"The frames {start}:{stop} are not in the clip", f"It has the frames 0:{len(joints)}")
    if stop - start < SHORTEST_RANGE:
        raise InputError(f"The frames {start}:{stop} are too few to know a motion by", f"Take {SHORTEST_RANGE} or more")
    part = joints[start:stop]
    vectors = embedder.embed_motions([part[first:last] for first, last in windows_of(len(part))])
    return Query(unit(vectors.mean(axis=0)), label)


def of_clip(name: str, library: Store, embedder: Embedder, frames: tuple[int, int] | None = None) -> Query:
    """Return the query for a clip of the library or any motion file: ``name`` is its path, or path#clip in a file of
    several. Raises InputError when it is not there or holds several, DataError when it cannot be read."""
    path, clip_name = split_name(name, library)
    stored = library.clips(path)
    if stored:
        clip = _choose({clip.name: clip for clip in stored}, clip_name, path)
        return of_stored(clip, library, embedder, frames)
    if not Path(path).is_file():
        raise InputError(f"There is no clip {path}, in the library or as a file", "Check the path")
    if Path(path).suffix.lower() not in READERS:
        raise InputError(f"{path} is not a motion this program reads", f"Give one of {', '.join(READERS)}")
    clip = _choose({clip.name: clip for clip in read_clips(Path(path))[0]}, clip_name, path)
    return of_motion(clip.joints, embedder, frames, _first(clip.labels))


def of_stored(clip: Clip, library: Store, embedder: Embedder, frames: tuple[int, int] | None = None) -> Query:
    """Return the query for a clip of the library; without ``frames`` from its stored embeddings."""
    numbers = library.rows_of(clip.id)
    if frames is not None or not numbers:
        return of_motion(library.joints(clip.id), embedder, frames, _first(clip.labels))
    rows = library.embeddings(library.state())[numbers]
    return Query(unit(rows.astype(np.float32).mean(axis=0)), _first(clip.labels))


def shifted(
    query: Query, words: str, searcher: Searcher, embedder: Embedder, weight: float = limits.DEFAULT_SHIFT
) -> Query:
    """Move a motion's query by words that say what should differ, such as "backwards" or "but angry".

    The step is what the words do to the clip's own description: ``motion + weight (text(label, words) -
    text(label))``. The difference of two texts leaves out what sets all texts apart from all motions. A clip without
    a label borrows that of its nearest labelled neighbour; without any the words count by themselves.
    """
    words = " ".join(words.split())
    if not words:
        raise InputError("The words to add are empty", "Say what should differ, such as: backwards")
    label = query.label or _borrowed_label(query, searcher)
    texts = embedder.embed_texts([f"{label}, {words}", label] if label else [words])
    step = texts[0] - texts[1] if label else texts[0]
    return Query(unit(query.vector + weight * step), f"{label}, {words}" if label else words)


def split_name(name: str, library: Store) -> tuple[str, str]:
    """Return (path, clip name or "") of ``path`` or ``path#clip``; the path as the library knows it."""
    candidates = [(name, "")]
    if CLIP_SEPARATOR in name:
        path, _, clip = name.partition(CLIP_SEPARATOR)
        candidates.append((path, clip))
    for path, clip in candidates:
        for spelling in (path, str(Path(path).resolve())):
            if library.file(spelling) is not None:
                return spelling, clip
    return next(((path, clip) for path, clip in candidates if Path(path).is_file()), candidates[-1])


def _choose(clips: dict, name: str, path: str):
    if name in clips:
        return clips[name]
    if not name and len(clips) == 1:
        return next(iter(clips.values()))
    some = ", ".join(list(clips)[:6]) + (", ..." if len(clips) > 6 else "")
    what = f"holds no clip {name!r}" if name else f"holds {len(clips)} clips"
    raise InputError(f"{path} {what}", f"Name one after a {CLIP_SEPARATOR}: {some}")


def _first(labels: tuple[str, ...]) -> str:
    return labels[0] if labels else ""


def _borrowed_label(query: Query, searcher: Searcher) -> str:
    hits = searcher.search(query.vector, LABELLED_NEIGHBOURS)
    return next((_first(hit.clip.labels) for hit in hits if hit.clip.labels), "")
