"""Puts the pictures of tests/gui/film_panel.py together: docs/generate.gif.

    .venv/bin/python docs/make_moving_picture.py out/film docs/generate.gif

One palette serves the whole film and nothing is dithered, so that what stands still costs nothing.
"""

import argparse
import json
from pathlib import Path

from PIL import Image

SAMPLES = 12  # pictures from which the palette is made
COLOURS = 255  # and one for what has not changed


def read(folder: Path) -> tuple[list[Image.Image], list[int]]:
    """Return the pictures of the film in ``folder``, cut to what is shown, and the milliseconds of each."""
    film = json.loads((folder / "film.json").read_text())
    names, milliseconds = zip(*film["pictures"], strict=True)
    pictures = [Image.open(folder / name).convert("RGB").crop(film["show"]) for name in names]
    # GIF counts in hundredths of a second, and browsers slow down what is shorter than two of them.
    return pictures, [max(20, 10 * round(value / 10)) for value in milliseconds]


def one_palette(pictures: list[Image.Image]) -> list[Image.Image]:
    """Reduce all pictures to the same COLOURS colours, chosen from SAMPLES of them."""
    width, height = pictures[0].size
    chosen = pictures[:: max(1, len(pictures) // SAMPLES)]
    montage = Image.new("RGB", (width, height * len(chosen)))
    for row, picture in enumerate(chosen):
        montage.paste(picture, (0, row * height))
    palette = montage.quantize(COLOURS, Image.Quantize.FASTOCTREE)  # median cut gives all of them to the many greys
    return [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]


def main() -> None:
    """Read the command line and write the film."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="where film.json is")
    parser.add_argument("target", type=Path, help="the .gif to write")
    options = parser.parse_args()
    pictures, milliseconds = read(options.folder)
    first, *others = one_palette(pictures)
    first.save(options.target, save_all=True, append_images=others, duration=milliseconds, loop=0, optimize=False)
    size = options.target.stat().st_size / 1e6
    print(f"{options.target}: {len(pictures)} pictures, {sum(milliseconds) / 1000:.1f} s, {size:.2f} MB")


if __name__ == "__main__":
    main()
