"""Make the pack of clips that ships (runtime/library/starter.py says what it is for).

    python -m runtime.data.starter_pack --data DATA --out starter.sqlite

It takes the sets of sources.toml under CC0, read as for training: loops repeated to four seconds, walks in place also
with their travel, file names instead of paths.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from coamd_blender.errors import CoamdError, DataError
from coamd_blender.motion.files import digest_of
from runtime.library.records import FileFacts, ReadClip
from runtime.library.store import Store

from .prepare import Report, read_file
from .sources import Source, describe, motion_files, set_folder, sources

LICENCE = "CC0"
Progress = Callable[[str, int, int], None]  # the set, files done, files in all


def build(data: Path, out: Path, progress: Progress = lambda *_: None) -> dict:
    """Read the free sets below ``data`` into the pack ``out``: {clips, seconds, bytes, left_out}.

    Raises DataError when none of the sets is there.
    """
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        found = [(source, set_folder(data, source, scratch)) for source in sources().values()]
        free = [(source, place) for source, place in found if place and source.licence == LICENCE and source.ships]
        if not free:
            raise DataError(f"{data} holds no set under {LICENCE}", "Download what runtime/data/sources.toml names")
        left_out: list[str] = []
        with Store.create(scratch / "library") as library:
            for source, place in free:
                _add_set(library, source, place, left_out, progress)
            seconds = sum(clip.frames / clip.fps for clip in library.clips())
            clips = library.counts()["clips"]
            library.export_facts(out)
    return {"clips": clips, "seconds": round(seconds, 1), "bytes": out.stat().st_size, "left_out": left_out}


def _add_set(library: Store, source: Source, place: Path, left_out: list[str], progress: Progress) -> None:
    files = motion_files(source, place)
    for number, path in enumerate(files, start=1):
        try:
            clips, skipped = read_clips(path, source)
        except DataError as error:
            left_out.append(str(error))
            continue
        left_out += skipped
        size, name = path.stat().st_size, f"{source.name}/{path.relative_to(place).as_posix()}"
        facts = FileFacts(name, size, 0, digest_of(path), "here", "", source.licence, f"{source.title}, {source.home}")
        library.put_unembedded(facts, [(clip.name, clip.joints, clip.labels) for clip in clips])
        progress(source.name, number, len(files))


def read_clips(path: Path, source: Source) -> tuple[list[ReadClip], list[str]]:
    """Return the clips of a file of a set, and a line for every one left out. Raises DataError, naming the file."""
    report = Report()
    clips = []
    for motion in read_file(source, path, report):
        piece = f"#{motion.piece}" if "cut" in motion.flags else ""
        travel = " (travelling)" if "travel" in motion.flags else ""
        words = describe(source, path, motion.name, {}).label.lower()
        labels = (words,) if any(character.isalpha() for character in words) else ()
        clips.append(ReadClip(f"{motion.name}{piece}{travel}", motion.joints, labels))
    left_out = [f"{item['file']}: {item['reason']}" for item in report.left_out]
    if not clips:
        raise DataError(f"{path} holds no motion ({left_out[0] if left_out else 'no animation'})", "Export its motion")
    return clips, left_out


def _show(name: str, done: int, total: int) -> None:
    print(f"\r{name}: {done} of {total} files", end="\n" if done == total else "", file=sys.stderr, flush=True)


def main() -> None:
    """Make the pack and say what is in it."""
    parser = argparse.ArgumentParser(prog="python -m runtime.data.starter_pack", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder that holds the sets")
    parser.add_argument("--out", type=Path, required=True, help="the pack to write, such as starter.sqlite")
    args = parser.parse_args()
    try:
        print(build(args.data, args.out, _show))
    except CoamdError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
