"""What sources that are folders of this machine have in common."""
