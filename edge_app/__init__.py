"""The program on the device: a model file and a folder of images in, a results table out.

Needs numpy, Pillow, click and a TF Lite runtime, and nothing of the training side.
"""
