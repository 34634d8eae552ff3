"""A .tflite file to what it will be on a board: its operators and memory, what an Edge TPU takes, how long it takes."""
