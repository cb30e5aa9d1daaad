"""The interface in other languages, by Blender's own message system.

messages.json   what the interface says in English, and in each language by Blender's name for it; tests hold it to what
                the panels say. Sentences that are put together (with names or numbers in them) stay English.
messages.py     given to Blender while the add-on is enabled
"""

from ..lazy import modules_of

__getattr__ = modules_of(__name__)
