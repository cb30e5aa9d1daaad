"""The networks, and what goes into them and comes out. Weights are read by runtime/checkpoint.py.

representation.py   joints to features and back: the moving frame
autoencoder.py      four frames to a latent token and back
generator.py        the generator: transformer.py (which token next) and diffusion_head.py (what it is), and its loss
sampling.py         the sampler: tokens drawn coarse to fine, around known ones (SamplingConfig: runtime/config.py)
text_encoder.py     the bundled sentence encoder; clip_text.py: CLIP's, from a user's file
clause_tagger.py    which words of a sentence tell what is done, in which order
recognizer.py       the recogniser; recurrent.py: its recurrent layers
devices.py          the devices they run on
layers.py           attention, feed-forward and norms that they share
"""
