"""The server's tasks around the recogniser: recognize, search, index, motion. No maths, and no heavy imports.

recognize  array ``joints`` (frames, 22, 3), fields ``labels`` (list of text, or None for the bundled ones), ``top``,
           ``segments`` (bool); result: fields ``labels`` [{label, score}], ``segments`` [{start, stop, label, score}]
search     field ``library`` and one of: field ``text``, field ``clip`` (a path, path#name or id), array ``joints``;
           fields ``frames`` [start, stop] and ``and_text``, ``weight`` for a clip or joints, ``top``;
           result: field ``results``, as the verb search prints them
index      fields ``library``, ``folders`` (list of text), ``licence``, ``source``, ``rebuild`` (bool); progress after
           each file, and a cancel is heard there; result: the fields that the verb index prints
motion     fields ``library``, ``id``; result: array ``joints`` float32 (frames, 22, 3) and the clip's facts

All methods are called from one thread, as the server promises.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from coamd_blender.errors import InputError
from runtime.library.database import FACTS
from runtime.server import Arrays, Fields, Report

MOST_RESULTS = 1000


class UnderstandingTasks:
    """The tasks of a server that need :class:`runtime.understand.Recognizer`, loaded when the first of them comes."""

    names = ("recognize", "search", "index", "motion")

    def __init__(self, device: str = "auto", weights: Path | None = None):
        self._device, self._weights = device, weights
        self._recognizer: Any = None
        self._libraries: dict[str, tuple[Any, Any]] = {}  # folder: Library and Searcher

    def load(self) -> None:
        """Load the recogniser unless it is loaded. Raises WeightsError and InputError."""
        if self._recognizer is None:
            from runtime.understand import Recognizer

            self._recognizer = Recognizer.load(self._weights, self._device)

    def unload(self) -> None:
        """Drop the recogniser and close the libraries."""
        self._recognizer = None
        for library, _ in self._libraries.values():
            library.close()
        self._libraries.clear()

    def run(self, task: str, fields: Fields, arrays: Arrays, report: Report) -> tuple[Fields, Arrays]:
        """Do one request. Raises CoamdError for what cannot be used, Cancelled from ``report``."""
        if task == "motion":  # Apply need not wait for the recogniser
            return self._motion(fields)
        report("loading", 0, 0, None)
        self.load()
        if task == "recognize":
            return self._recognize(fields, arrays)
        return self._search(fields, arrays) if task == "search" else self._index(fields, report)

    def _recognize(self, fields: Fields, arrays: Arrays) -> tuple[Fields, Arrays]:
        labels, top = fields.get("labels"), _whole(fields, "top", 5, 1, MOST_RESULTS)
        if labels is not None and not _texts(labels):
            raise InputError("The labels are no list of texts", "Send a list, or leave it out")
        if "joints" not in arrays:
            raise InputError("The request has no joints", "Send joints (frames, 22, 3)")
        found = self._recognizer.recognize(arrays["joints"], labels, top)
        told: Fields = {"labels": [{"label": label, "score": float(score)} for label, score in found]}
        if fields.get("segments"):
            told["segments"] = [
                {"start": int(start), "stop": int(stop), "label": label, "score": float(score)}
                for start, stop, label, score in self._recognizer.segments(arrays["joints"], labels)
            ]
        return told, {}

    def _search(self, fields: Fields, arrays: Arrays) -> tuple[Fields, Arrays]:
        from runtime.library import query

        library, searcher = self._library(fields)
        library.check_embedder(self._recognizer)
        text, clip, frames = fields.get("text"), fields.get("clip"), _frames(fields.get("frames"))
        given = [text is not None, clip is not None, "joints" in arrays]
        if sum(given) != 1 or (text is not None and not isinstance(text, str)):
            raise InputError("The request does not say what to search for", "Send one of text, clip and joints")
        if given[0]:
            wanted = query.of_text(text, self._recognizer)
        elif given[2]:
            wanted = query.of_motion(arrays["joints"], self._recognizer, frames)
        elif type(clip) is int:
            wanted = query.of_stored(library.clip(clip), library, self._recognizer, frames)
        else:
            wanted = query.of_clip(str(clip), library, self._recognizer, frames)
        if fields.get("and_text") is not None:
            words, weight = str(fields["and_text"]), fields.get("weight", query.SHIFT)
            if not isinstance(weight, (int, float)) or not 0 <= weight <= 10:
                raise InputError(f"The weight {weight!r} is no number from 0 to 10", "Leave it out, or send one")
            wanted = query.shifted(wanted, words, searcher, self._recognizer, weight)
        hits = searcher.search(wanted.vector, _whole(fields, "top", 10, 1, MOST_RESULTS))
        return {"results": [hit.as_json() for hit in hits]}, {}

    def _index(self, fields: Fields, report: Report) -> tuple[Fields, Arrays]:
        from runtime.library.index import IndexReport, index_folders

        folders = fields.get("folders", [])
        if not _texts(folders) or not (folders or fields.get("rebuild")):
            raise InputError("The request names no folders", "Send a list of paths")
        library, searcher = self._library(fields, create=bool(folders))
        if fields.get("rebuild"):
            library.rebuild(self._recognizer, lambda done, total: report("embedding", done, total, None))
        told = IndexReport()
        if folders:
            told = index_folders(
                library,
                folders,
                self._recognizer,
                lambda done, total, _: report("indexing", done, total, None),
                str(fields.get("licence", "")),
                str(fields.get("source", "")),
            )
        searcher.refresh()
        return {**asdict(told), "total": library.counts()}, {}

    def _motion(self, fields: Fields) -> tuple[Fields, Arrays]:
        library, _ = self._library(fields)
        clip = library.clip(_whole(fields, "id", None, 0, 2**62))
        return {**asdict(clip), "labels": list(clip.labels)}, {"joints": library.joints(clip.id)}

    def _library(self, fields: Fields, create: bool = False) -> tuple[Any, Any]:
        from runtime.library.search import Searcher
        from runtime.library.store import Library

        folder = fields.get("library")
        if not isinstance(folder, str) or not folder:
            raise InputError("The request names no library", "Send its folder")
        if folder in self._libraries and not Path(folder, FACTS).is_file():  # deleted since
            self._libraries.pop(folder)[0].close()
        if folder not in self._libraries:
            library = Library.create(folder) if create else Library.open(folder)
            self._libraries[folder] = library, Searcher(library)
        return self._libraries[folder]


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _whole(fields: Fields, name: str, default: int | None, least: int, most: int) -> int:
    value = fields.get(name, default)
    if type(value) is not int or not least <= value <= most:
        raise InputError(f"The field {name} is {value!r}", f"Send a whole number from {least} to {most}")
    return value


def _frames(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or any(type(item) is not int for item in value):
        raise InputError(
            f"The frames {value!r} are no range", "Send two whole numbers: the first, and one past the last"
        )
    return value[0], value[1]
