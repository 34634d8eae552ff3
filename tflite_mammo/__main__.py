"""python -m tflite_mammo: the same as the command tflite-mammo."""

from tflite_mammo.cli import main

if __name__ == "__main__":
    main(prog_name="tflite-mammo")
