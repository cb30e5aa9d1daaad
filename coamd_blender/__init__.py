"""CoAMD for Blender: text to motion, motion understanding and motion editing on your own characters.

Importing this package imports nothing else, so that its leaves (``errors``, ``motion``, ``wire``) load in any Python.
Blender calls :func:`register` and :func:`unregister`. The rooms are listed in README.md, and docs/developing.md says
where to start on a change.
"""


def register() -> None:
    """Register the add-on's classes, properties and timers with Blender."""
    from . import registration

    registration.register()


def unregister() -> None:
    """Undo :func:`register`: stop the runtime and remove every class and property."""
    from . import registration

    registration.unregister()
