"""Figures and a picture of the segments in prepared data, and of the training items made of them.

    python -m runtime.compose.segment_report PREPARED [--picture FILE.png]

Prints how many segments there are, what became of the sentences that joints contradict, and what the pools hold. The
picture shows one segment of each of ten actions, twelve poses of it from the front and from the left.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

import numpy as np

from coamd_blender.errors import CoamdError, DataError
from coamd_blender.motion.skeleton import FPS, mirror
from runtime.authored.filmstrip import strip, write_png
from runtime.captions.contradictions import SIDED
from runtime.compose import splice
from runtime.compose.segments import Account, Segment, rows, segments
from runtime.data.dataset import Pool, Prepared

PICTURED = (
    "jumping jack", "clap", "kneel", "pick up", "lunge", "wash", "drink", "cartwheel", "spin kick", "golf swing",
)  # fmt: skip


def of_segments(found: list[Segment], account: Account) -> str:
    """Return the figures of segments by split, of rows, and of sentences checked against joints."""
    lines = [f"segments.csv: {len(rows())} rows, {sum(len(row.sentences) for row in rows())} sentences"]
    for split in ("train", "val", "test"):
        own = [segment for segment in found if segment.clip["split"] == split]
        hours = sum(len(segment.joints) for segment in own) / FPS / 3600
        texts = {text.text for segment in own for text in segment.tolds}
        actions = {segment.action.name for segment in own}
        lines.append(f"{split}: {len(own)} segments, {hours:.2f} h, {len(texts)} sentences, {len(actions)} actions")
    lines.append("rows: " + _counted(account.rows))
    lines.append("sentences: " + _counted(account.sentences))
    claims = [f"{kind} {count} ({account.wrong[kind]})" for kind, count in account.checks.most_common()]
    lines.append("claims measured (contradicted): " + ", ".join(claims))
    return "\n".join(lines)


def of_mirrored(found: list[Segment]) -> str:
    """Return how many sentences that name a side the checks refuse when their motion is mirrored on purpose."""
    asked, refused = Counter(), Counter()
    for segment in found:
        mirrored = mirror(segment.joints)
        for text in segment.tolds:
            for check in SIDED:
                finding = check(text.text, mirrored)
                if finding is not None:
                    asked[check.__name__] += 1
                    refused[check.__name__] += finding.wrong
    told = [f"{name} {refused[name]} of {asked[name]}" for name in asked]
    return "claims refused of motion mirrored on purpose: " + ", ".join(told)


def of_pool(pool: Pool, split: str) -> str:
    """Return the figures of a pool: items, hours, kinds, families, distinct captions and words."""
    hours = sum(item["frames"] for item in pool.items) / FPS / 3600
    words = {word for caption in pool.captions for word in caption.lower().replace(",", " ").split()}
    families = {item["family"] for item in pool.items}
    kinds = Counter(item["kind"] for item in pool.items)
    return (
        f"pool {split}: {len(pool.items)} items, {hours:.1f} h, {len(families)} families, {len(pool.captions)} "
        f"distinct captions, {len(words)} words\n  {_counted(kinds)}"
    )


def _counted(counter: Counter) -> str:
    return ", ".join(f"{name} {value}" for name, value in counter.most_common())


def picture(found: list[Segment]) -> np.ndarray:
    """Return a picture (height, width, 3) uint8 of the surest training segment of each of ten actions.

    Raises DataError when there is none of any.
    """
    strips = []
    for action in PICTURED:
        own = [one for one in found if one.action.name == action and one.clip["split"] == "train"]
        if own:
            best = max(own, key=lambda one: (one.sure, min(len(one.joints), 60)))
            told = " / ".join(text.text for text in (best.tolds[0], best.tolds[-1]))
            strips.append(strip(splice.canonical(best.joints), told[:150]))
    if not strips:
        raise DataError(
            "The data hold none of the actions to picture", f"Prepare a set with one of {', '.join(PICTURED)}"
        )
    return np.concatenate(strips)


def _report(prepared: Path, image: Path | None) -> None:
    data, account = Prepared.load(prepared), Account()
    found = segments(data.clips, data.motions, account)
    print(of_segments(found, account))
    print(of_mirrored(found))
    for split in ("train", "val"):
        if (prepared / "pool" / split / "items.jsonl").is_file():
            print(of_pool(Pool.load(prepared / "pool" / split), split))
    if image:
        write_png(image, picture(found))


def main(arguments: list[str] | None = None) -> int:
    """Print the figures and write the picture; 0, or 2 with a line on stderr for data that cannot be read."""
    parser = argparse.ArgumentParser(
        prog="python -m runtime.compose.segment_report", description=__doc__.splitlines()[0]
    )
    parser.add_argument("prepared", type=Path)
    parser.add_argument("--picture", type=Path, metavar="FILE.png")
    options = parser.parse_args(arguments)
    try:
        _report(options.prepared, options.picture)
    except CoamdError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
