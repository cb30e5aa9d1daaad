"""The server's adapters around the clip library: search, index, motion, known, store."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coamd_blender.errors import DataError
from coamd_blender.motion.skeleton import JOINT_COUNT
from coamd_blender.wire.requests import IndexRequest, KnownRequest, MotionRequest, SearchRequest, StoreRequest
from runtime import library as clips
from runtime.library.database import complaint
from runtime.library.records import FileFacts, ReadClip
from runtime.serve.models import Models
from runtime.serve.server import Arrays, Fields, Report

if TYPE_CHECKING:
    from runtime.library.clips import Library
    from runtime.library.search import Hit

_KNOWN = ("size", "mtime_ns", "digest", "status", "problem")


def search(request: SearchRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Find clips: fields ``results`` and ``notes``, as the verb search prints them; array ``poses`` (results, poses,
    22, 3)."""
    with _told(request.library):
        _load(models, report)
        library = _open(request, models, report)
        hits = library.answer(request)
        found: Arrays = {} if request.poses is None else {"poses": _poses(library, hits, request.poses)}
        notes = [line for line in (library.remark(hits),) if line]
        return {"results": [hit.as_json() for hit in hits], "notes": notes}, found


def index(request: IndexRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Read folders into a library: the fields that the verb index prints."""
    with _told(request.library):
        _load(models, report)
        library = _open(request, models, report, create=bool(request.folders))
        if request.rebuild:
            library.rebuild(partial(_tell, report, "embedding"))
        told, prepared = clips.index.IndexReport(), partial(_tell, report, "preparing the search")
        if request.folders:
            indexed = partial(_tell, report, "indexing")
            origin = {"licence": request.licence, "source": request.source}
            told = library.index(*request.folders, **origin, progress=indexed, prepared=prepared)
        else:
            library.prepare(prepared)
        return {**asdict(told), "total": library.store.counts()}, {}


def motion(request: MotionRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Fetch a clip, for which the recogniser need not be loaded: its facts, array ``joints`` (frames, 22, 3)."""
    with _told(request.library):
        stored = models.library(request.library).store
        clip = stored.clip(request.id)
        return {**asdict(clip), "labels": list(clip.labels)}, {"joints": stored.joints(clip.id)}


def known(request: KnownRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Say which files a library knows: field ``files`` {path: {size, mtime_ns, digest, status, problem}}."""
    if not clips.Library.exists(request.library):
        return {"files": {}}, {}
    with _told(request.library):
        found = filter(None, map(models.library(request.library).store.file, request.paths))
        return {"files": {facts.path: {key: getattr(facts, key) for key in _KNOWN} for facts in found}}, {}


def store(request: StoreRequest, models: Models, report: Report) -> tuple[Fields, Arrays]:
    """Put a file that the client has read into a library: field ``clips``, how many."""
    with _told(request.library):
        _load(models, report)
        library = models.library(request.library, create=True)
        state = library.store.begin_embeddings(models.recognizer())
        read = None if request.problem else _read_clips(request)
        facts = FileFacts(
            request.path,
            request.size,
            request.mtime_ns,
            request.digest,
            "broken" if request.problem else "here",
            request.problem,
            request.licence,
            request.source,
        )
        library.store.put_file(facts, read, state)
        library.store.embed_waiting(models.recognizer())
        library.prepare()
        return {"clips": len(read or ())}, {}


def _load(models: Models, report: Report) -> None:
    report("loading", 0, 0, None)
    models.recognizer()


def _tell(report: Report, phase: str, done: int, total: int, *_: object) -> None:
    report(phase, done, total, None)


def _open(request: SearchRequest | IndexRequest, models: Models, report: Report, create: bool = False) -> Library:
    """Open a library; one that is not there begins with the clips that ship where the request says so."""
    if request.starter and not clips.Library.exists(request.library):
        models.close_library(request.library)
        shown = partial(_tell, report, "preparing the library")
        clips.starter.begin(Path(request.library), models.recognizer(), shown)
    return models.library(request.library, create)


@contextlib.contextmanager
def _told(folder: str) -> Iterator[None]:
    """Say what is wrong with the library in ``folder`` when its database gives up in the middle of the work."""
    try:
        yield
    except sqlite3.Error as error:
        if told := complaint(error, Path(folder)):
            raise told from error
        raise


def _poses(library: Library, hits: Sequence[Hit], count: int) -> np.ndarray:
    """Return ``count`` moments of each hit's window: float32 (hits, count, 22, 3)."""
    poses = np.zeros((len(hits), count, JOINT_COUNT, 3), np.float32)
    for row, hit in enumerate(hits):
        moments = np.linspace(hit.start, hit.stop - 1, count).round().astype(int)
        joints = library.store.joints(hit.clip.id)
        if hit.stop > len(joints):
            raise DataError(f"Clip {hit.clip.id} of the library is shorter than its window", "Index its file again")
        poses[row] = joints[moments]
    return poses


def _read_clips(request: StoreRequest) -> list[ReadClip]:
    """Return the clips of a store request, their joints cut apart."""
    read, start = [], 0
    for clip in request.clips:
        joints = request.joints[start : start + clip["frames"]].astype(np.float32)
        read.append(ReadClip(clip["name"], joints, tuple(clip.get("labels", []))))
        start += clip["frames"]
    return read
