"""What no image may exceed."""

MAX_PIXELS = 89_000_000
"""Above every detector's size (the largest give about 28 million), and where Pillow begins to suspect an attack."""
