"""Scores to verdicts: figures with intervals, the threshold, drift between two models. numpy alone so far."""
