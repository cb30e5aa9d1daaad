"""The command line, ``python -m runtime VERB``. A module a verb or a group of verbs, each with ``add_parser``.

main.py       the verbs' modules in order, exit status, where results go
common.py     Outcome (JSON and text of a verb), options that verbs share, checks of numbers, progress
files.py      files that people write: prompts, labels, scenes, curves, poses
checkout.py   verbs that the extension leaves out, and what they say there

The verbs build the requests of coamd_blender/wire/requests, as Blender does, and call the tasks' rooms.
"""
