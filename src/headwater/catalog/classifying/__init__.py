"""Classifications that rules suggest, by the names of columns and by some of their values."""

from headwater.catalog.classifying.builtin import built_in, is_installed
from headwater.catalog.classifying.judging import Suggestion, suggestions_for
from headwater.catalog.classifying.recognising import Recogniser, Sample
from headwater.catalog.classifying.rules import ClassificationRule, RuleService, own_recognisers, rules_digest
from headwater.catalog.classifying.storing import put_suggestions
from headwater.catalog.classifying.suggestions import Decision, SuggestedClassification, SuggestionService

__all__ = [
    "ClassificationRule",
    "Decision",
    "Recogniser",
    "RuleService",
    "Sample",
    "SuggestedClassification",
    "Suggestion",
    "SuggestionService",
    "built_in",
    "is_installed",
    "own_recognisers",
    "put_suggestions",
    "rules_digest",
    "suggestions_for",
]
