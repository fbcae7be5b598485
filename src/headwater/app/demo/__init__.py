"""The demo: the main job, end to end, on the flights out of New York in 2013."""
