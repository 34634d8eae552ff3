"""Verdicts to what a person reads: lines for the terminal, plots, self-contained pages."""
