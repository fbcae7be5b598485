"""The glossary: terms that people agreed on, kept in categories, related to one another and given to assets."""

from headwater.catalog.glossary.finding import Part
from headwater.catalog.glossary.service import GlossaryService
from headwater.catalog.glossary.start import DEFAULT_GLOSSARY, ensure_glossary

__all__ = ["DEFAULT_GLOSSARY", "GlossaryService", "Part", "ensure_glossary"]
