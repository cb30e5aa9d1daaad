"""Makes what tells of the vocabulary: the lines of the panel's menu, and docs/vocabulary.md with a picture of each.

    .venv/bin/python docs/make_vocabulary.py menu        # after a training: the lines that the weights know
    .venv/bin/python docs/make_vocabulary.py pictures    # then the page; one core needs some minutes

runtime/captions/menu.toml holds the lines that training teaches; those that vocabulary.safetensors finds far from what
was learnt stay out of the menu and off the page.
"""

from __future__ import annotations

import argparse
import json
import sys
import tomllib
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from coamd_blender.generate.vocabulary import FILE, sentence  # noqa: E402
from coamd_blender.motion.skeleton import JOINT_NAMES, PARENTS  # noqa: E402
from coamd_blender.wire.clauses import clauses  # noqa: E402
from runtime.generate.batches import in_batches  # noqa: E402
from runtime.generate.generator import WEIGHTS, Generator, frames_for  # noqa: E402
from runtime.generate.vocabulary import Vocabulary, learnt  # noqa: E402
from runtime.model.text_encoder import TextEncoder  # noqa: E402

MENU = ROOT / "runtime" / "captions" / "menu.toml"
PAGE = ROOT / "docs" / "vocabulary.md"
SECONDS, SEED, POSES, COLUMNS = 4.0, 0, 5, 3
WIDE, TALL, TITLE = 46, 76, 15  # pixels of a pose, and of the line over a strip
SCALE, FLOOR = 34.0, 6  # pixels a metre; of floor under the feet
HEAD = 0.2  # metres of head over its joint
VIEW = np.radians(35)  # the figure is seen from its front and left
SMOOTH, COLOURS = 3, 24  # drawn so many times larger; colours of a sheet
BACK, LINE, INK = (250, 250, 248), (205, 205, 200), (40, 42, 46)
LIMBS = {"left": (214, 116, 20), "right": (30, 112, 190), "": (70, 72, 78)}


def known(menu: dict[str, list[str]], vocabulary: Vocabulary, encoder: TextEncoder) -> dict[str, list[str]]:
    """Return the lines of ``menu`` of which no action is far from what was learnt; categories without any are out."""
    told = [(line, action) for lines in menu.values() for line in lines for action in clauses(sentence(line))]
    distances = vocabulary.distances([action for _, action in told], encoder)
    far = {line for (line, _), distance in zip(told, distances, strict=True) if distance > vocabulary.config.far}
    kept = {category: [line for line in lines if line not in far] for category, lines in menu.items()}
    return {category: lines for category, lines in kept.items() if lines}


def write_menu(out: Path = FILE) -> dict[str, list[str]]:
    """Write the lines that the bundled weights know to ``out``; return them."""
    menu = tomllib.loads(MENU.read_text(encoding="utf-8"))
    kept = known(menu, learnt(WEIGHTS), TextEncoder.load(WEIGHTS).eval())
    out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return kept


def figure(pose: np.ndarray, size: tuple[int, int], scale: float = SCALE) -> Image.Image:
    """Return a picture of ``pose`` (22, 3), metres, Y up, over the place of its pelvis: left orange, right blue.

    ``scale`` is pixels a metre.
    """
    image = Image.new("RGB", (size[0] * SMOOTH, size[1] * SMOOTH), BACK)
    draw, scale, floor = ImageDraw.Draw(image), scale * SMOOTH, (size[1] - FLOOR) * SMOOTH
    draw.line([(0, floor), (image.width, floor)], fill=LINE, width=SMOOTH)
    seen = pose - pose[0] * [1.0, 0.0, 1.0]
    # Who faces +Z has the left at +X; the picture's right is the person's left, turned away by VIEW.
    across = seen[:, 0] * np.cos(VIEW) - seen[:, 2] * np.sin(VIEW)
    depth = seen[:, 0] * np.sin(VIEW) + seen[:, 2] * np.cos(VIEW)
    points = np.stack([image.width / 2 + across * scale, floor - seen[:, 1] * scale], axis=-1)
    for joint in sorted(range(1, len(points)), key=lambda joint: depth[joint]):  # what is nearer lies over the rest
        side = JOINT_NAMES[joint].partition("_")[0]
        ends = [tuple(points[PARENTS[joint]]), tuple(points[joint])]
        draw.line(ends, fill=LIMBS.get(side, LIMBS[""]), width=round(2.4 * SMOOTH))
    head, neck = points[JOINT_NAMES.index("head")], points[JOINT_NAMES.index("neck")]
    middle, radius = head + 0.4 * (head - neck), 0.11 * scale
    draw.ellipse([*(middle - radius), *(middle + radius)], fill=LIMBS[""])
    return image.resize(size, Image.Resampling.LANCZOS)


def strip(joints: np.ndarray, title: str) -> Image.Image:
    """Return POSES moments of ``joints`` (frames, 22, 3) side by side under ``title``, smaller where they rise high."""
    scale = min(SCALE, (TALL - FLOOR) / (joints[..., 1].max() + HEAD))
    image = Image.new("RGB", (POSES * WIDE, TITLE + TALL), BACK)
    ImageDraw.Draw(image).text((3, 2), title, fill=INK, font=ImageFont.load_default(11))
    for column, frame in enumerate(np.linspace(0, len(joints) - 1, POSES).round().astype(int)):
        image.paste(figure(joints[frame], (WIDE, TALL), scale), (column * WIDE, TITLE))
    return image


def sheet(strips: list[Image.Image]) -> Image.Image:
    """Return the strips of a category, COLUMNS a row, in few colours."""
    wide, tall = strips[0].size
    gap, rows = 6, -(-len(strips) // COLUMNS)
    image = Image.new("RGB", (COLUMNS * (wide + gap) - gap, rows * (tall + gap) - gap), (255, 255, 255))
    for number, one in enumerate(strips):
        image.paste(one, (number % COLUMNS * (wide + gap), number // COLUMNS * (tall + gap)))
    return image.quantize(COLOURS, dither=Image.Dither.NONE)


def picture_name(category: str) -> str:
    """Return the file name of a category's sheet."""
    return "vocabulary_" + "_".join(category.lower().replace(",", " ").split()) + ".png"


def page(menu: dict[str, list[str]]) -> str:
    """Return the page that shows every line of ``menu``."""
    count = sum(map(len, menu.values()))
    parts = [
        "# What can be asked for\n",
        f"{count} actions that the bundled weights know, as the menu **What can I ask for?** of the panel has them. "
        f"Each picture is the first draw (seed {SEED}, {SECONDS:g} s), good or not, five moments of it seen from the "
        "front and left; left limbs are orange, right ones blue. Other words, speeds and sides do as well: "
        "[generating.md](generating.md).\n",
        "    .venv/bin/python docs/make_vocabulary.py menu\n    .venv/bin/python docs/make_vocabulary.py pictures\n",
    ]
    for category, lines in menu.items():
        parts.append(f"## {category}\n\n![{'; '.join(lines)}]({picture_name(category)})\n")
    return "\n".join(parts)


def write_pictures(menu: dict[str, list[str]], out: Path) -> None:
    """Write the page and a sheet a category to the folder ``out``."""
    generator, frames = Generator.load(), frames_for(SECONDS)
    for category, lines in menu.items():
        prompts = [sentence(line) for line in lines]
        drawn = in_batches(generator, prompts, frames, [SEED] * len(prompts), None, lambda *_: None)
        motions = [motion for batch in drawn for motion in batch]
        strips = [strip(motion, line) for motion, line in zip(motions, lines, strict=True)]
        sheet(strips).save(out / picture_name(category), optimize=True)
        print(f"{category}: {len(lines)}", file=sys.stderr)
    (out / PAGE.name).write_text(page(menu), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write the menu, or the page with its pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=("menu", "pictures"))
    parser.add_argument("--out", type=Path, default=PAGE.parent, metavar="FOLDER", help="of page and pictures")
    parser.add_argument("--lines", type=int, metavar="N", help="the first N of the menu only, to try it")
    options = parser.parse_args(arguments)
    if options.what == "menu":
        menu = write_menu()
        print(f"{FILE.relative_to(ROOT)}: {sum(map(len, menu.values()))} lines in {len(menu)} categories")
        return 0
    menu = json.loads(FILE.read_text(encoding="utf-8"))
    if options.lines:
        category, lines = next(iter(menu.items()))
        menu = {category: lines[: options.lines]}
    options.out.mkdir(parents=True, exist_ok=True)
    write_pictures(menu, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
