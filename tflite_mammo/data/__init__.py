"""Folders to Manifest to prepared Dataset: adapters, split by patient, one memory-mapped array, phantoms."""
