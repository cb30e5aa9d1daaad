"""Teaching: a style made from a few clips and sentences of the user's own, on the user's own machine.

teach.py       the whole: clips and words in, a style file out; paused, killed and resumed at will
lessons.py     clips and sentences to latent tokens and captions
rehearsal.py   what the generator said before of other sentences, which it is held to
adapter.py     the changes of low rank while they are learnt
words.py       the file that says which clip shows what
"""

from coamd_blender.lazy import modules_of

__getattr__ = modules_of(__name__)
