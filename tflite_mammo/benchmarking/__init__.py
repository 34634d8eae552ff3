"""ModelBundle to LatencyReport: each model measured in processes of its own, in turns, with every sample kept."""
