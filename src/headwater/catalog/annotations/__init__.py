"""What people say of assets, which no scan overwrites."""
