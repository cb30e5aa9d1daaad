"""Retrieval asked of the clip library itself: what a user finds, beside what the recogniser's vectors could find.

The clips of the open benchmark's test split are written as clip files, indexed from their folder, and searched by
words, one caption at a time; the way back compares each clip's stored vector, as the library hands it to a search by
clip, with the captions. What the library does to a clip on the way (millimetres, windows of long clips, float16) is
in these figures and not in those of ``retrieval``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from runtime.evaluate import retrieval
from runtime.evaluate.open_set import OpenSet, captioned
from runtime.formats.npz import write_npz
from runtime.library import query
from runtime.library.index import index_folders
from runtime.library.records import Embedder, windows_of
from runtime.library.search import Searcher
from runtime.library.store import Store

if TYPE_CHECKING:
    from runtime.evaluate.benchmarks import Options

WAYS = ("text_to_motion", "motion_to_text")
NOT_FOUND = -2.0  # below every cosine


def library_scores(motions: Sequence[np.ndarray], captions: Sequence[str], embedder: Embedder) -> dict[str, np.ndarray]:
    """Return what a library of ``motions``, each (frames, 22, 3) in metres, answers: scores (captions, motions), a
    matrix a way.

    A motion that the library left out scores NOT_FOUND.
    """
    scores = {way: np.full((len(captions), len(motions)), NOT_FOUND) for way in WAYS}
    texts = np.stack([query.of_text(caption, embedder).vector for caption in captions])
    with tempfile.TemporaryDirectory() as scratch, Store.create(Path(scratch, "library")) as library:
        clips = Path(scratch, "clips")
        clips.mkdir()
        for number, joints in enumerate(motions):
            write_npz(clips / f"{number}.npz", joints)
        index_folders(library, [clips], embedder)
        searcher = Searcher(library)
        for row, text in enumerate(texts):
            for hit in searcher.search(text, len(motions)):
                scores["text_to_motion"][row, int(hit.clip.name)] = hit.score
        for clip in library.clips():
            scores["motion_to_text"][:, int(clip.name)] = texts @ query.of_stored(clip, library, embedder).vector
    return scores


def protocols(scores: dict[str, np.ndarray], sentences: np.ndarray, groups: np.ndarray) -> dict:
    """Return the protocols of ``retrieval``, each way by its own matrix of ``scores`` (captions, motions).

    ``sentences`` (captions, width) are unit vectors; ``groups`` (captions,) says which captions mean the same.
    """
    alike = sentences @ sentences.T
    found = {way: retrieval.evaluate_retrieval(matrix, alike, groups) for way, matrix in scores.items()}
    return {name: {way: found[way][name][way] for way in WAYS} for name in found[WAYS[0]]}


def differences(one: dict, other: dict) -> Iterator[tuple[float, str]]:
    """Yield each recall of ``one`` less that of ``other``, in points, with its name. Median ranks are no recalls."""
    for protocol, ways in one.items():
        for way, figures in ways.items():
            for name in figures.keys() - {"MedR"}:
                gap = figures[name] - other[protocol][way][name]
                yield gap, f"{name}, {protocol}, {way.replace('_', ' ')}"


def largest(one: dict, other: dict) -> tuple[float, str]:
    """Return the difference of ``one`` to ``other`` that is farthest from 0, in points, with its name."""
    return max(differences(one, other), key=lambda difference: (abs(difference[0]), difference[1]))


def compare(
    test: OpenSet, recorded: Sequence[np.ndarray], embedder: Embedder, sentences_of: Callable[[list[str]], np.ndarray]
) -> dict:
    """Compare the protocols by the vectors themselves, by a library of the test clips, and by one of the clips as
    recorded.

    ``recorded``, each (frames, 22, 3) in metres, are the test clips uncut. ``sentences_of`` gives unit vectors of
    captions. JSON: vectors, library, recorded (protocols each); largest {points, where}, the library's less the
    vectors'; cosine, the largest difference of one score; long, how many recorded clips have several windows; text, the
    tables.
    """
    captions = test.prompts(0)
    sentences = sentences_of(captions)
    direct = dict.fromkeys(WAYS, embedder.embed_texts(captions) @ embedder.embed_motions(test.motions).T)
    scores = library_scores(test.motions, captions, embedder)
    result = {
        "vectors": protocols(direct, sentences, test.groups),
        "library": protocols(scores, sentences, test.groups),
        "recorded": protocols(library_scores(recorded, captions, embedder), sentences, test.groups),
        "cosine": max(float(np.abs(scores[way] - direct[way]).max()) for way in WAYS),
        "long": sum(len(windows_of(len(joints))) > 1 for joints in recorded),
    }
    points, where = largest(result["library"], result["vectors"])
    result["largest"] = {"points": points, "where": where}
    head = f"retrieval through the library: {len(test)} test clips"
    gap = f"largest difference to the table of retrieval: {points:+.2f} points ({where})"
    gap += f"; of one score: {result['cosine']:.4f}"
    uncut = f"the same clips uncut, {result['long']} of them in several windows"
    lines = [head, retrieval.table(result["library"]), gap, "", uncut, retrieval.table(result["recorded"])]
    return result | {"text": "\n".join(lines)}


def run_library_retrieval(options: Options) -> dict:
    """Compare on the test split with the recogniser. ``options`` is ``benchmarks.Options``."""
    from runtime.evaluate.understanding import load_understanding

    understanding, prepared = load_understanding(options.weights, options.device), options.data()
    recorded = [np.array(prepared.joints(clip), np.float32) for clip in captioned(prepared, "test")]
    result = compare(OpenSet.load(prepared, "test"), recorded, understanding.recognizer, understanding.sentences)
    ways = result["library"]["batches"]
    figures = " and ".join(f"R@3 {ways[way]['R@3']:.1f} %" for way in WAYS)
    return result | {
        "figure": f"{figures} in batches of 32, at most {abs(result['largest']['points']):.1f} points from retrieval"
    }
