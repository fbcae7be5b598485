"""Putting the rooms together: configuration, the home folder, the application object, the demo."""
