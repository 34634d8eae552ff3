"""Scores to verdicts: figures with intervals, the threshold, calibration, comparison, drift. numpy and SciPy."""
