"""A Study to many runs and one table: our mean and deviation over seeds or folds beside what the source published."""
