"""What people say, as tables for spreadsheets: written, edited by hand, and read back without losing anything."""
