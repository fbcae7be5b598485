"""The catalog as Apache Atlas's and Microsoft Purview's clients speak to it."""
