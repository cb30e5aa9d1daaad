"""Every command of the pages parses, and docs/cli.md names the verbs and the JSON that they print."""

import re
import shlex

import pytest
from fakes import ROOT

from coamd_blender.wire import limits
from runtime.cli.main import build_parser

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMAND = re.compile(r"^ {4}(?:\S*/)?python3? -m runtime (.+)$", re.MULTILINE)
CLI = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def commands(page) -> list[str]:
    """The arguments of every command in the indented blocks of a page, continued lines joined."""
    return COMMAND.findall(page.read_text(encoding="utf-8").replace("\\\n", " "))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_parse(page):
    for command in commands(page):
        words = shlex.split(command, comments=True)
        args = build_parser().parse_args(words)
        assert callable(args.run), command


def test_the_page_has_a_command_of_every_verb():
    shown = {command.split()[0] for command in commands(ROOT / "docs" / "cli.md")}
    verbs = set(build_parser()._subparsers._group_actions[0].choices)
    assert verbs - shown == {"serve"} and "runtime serve`" in CLI


def test_the_page_tells_the_limits_and_the_usual_values():
    assert f"Lengths are {limits.SHORTEST_SECONDS:g} to {limits.LONGEST_SECONDS:g} seconds" in CLI
    assert f"{limits.DEFAULT_SECONDS:g} unless `--seconds`" in CLI and f"seeds 0 to {limits.LARGEST_SEED}" in CLI
    args = build_parser().parse_args(["generate", "--prompt", "x", "--out", "x.npz"])
    assert (args.seconds, args.seed) == (limits.DEFAULT_SECONDS, limits.DEFAULT_SEED)
