"""Purview's collections, policy store and scanning, for the clients that are written for them."""
