"""tflite-mammo: breast-image classifiers, trained with Keras, proven and run as one TF Lite file."""

__version__ = "0.1.0"
