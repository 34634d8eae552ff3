"""Prepared datasets to a LeakReport: copies across parts, labels that contradict each other, shortcuts."""
