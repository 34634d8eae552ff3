"""Run to ModelBundle: export to float32, quantise, give the model its ends, measure the drift, write the one file."""
