"""National numbers with check digits, which python-stdnum knows."""

from __future__ import annotations

from collections.abc import Iterator

from headwater.catalog.classifying.recognising import Recogniser, named
from headwater.catalog.classifying.values import standard_number

__all__ = ["national_numbers"]

#: By country: what it is called (below HEADWATER.GOVERNMENT, or in full), what people call several of it, its module
#: in python-stdnum, its form, what a column of it may be called.
_NUMBERS = (
    ("BE.NATIONAL_NUMBER", "national numbers of Belgium", "be.nn", r"[\d .\-]{11,15}", r"\brijksregister|\bniss\b"),
    ("BR.CPF", "CPF numbers", "br.cpf", r"[\d.\-]{11,14}", r"\bcpf\b"),
    (
        "MICROSOFT.GOVERNMENT.CANADA.SOCIAL_INSURANCE_NUMBER",
        "social insurance numbers of Canada",
        "ca.sin",
        r"[\d \-]{9,11}",
        r"\bsin\b",
    ),
    ("CH.SOCIAL_SECURITY_NUMBER", "social security numbers of Switzerland", "ch.ssn", r"756[\d.]{10,13}", r"\bahv\b"),
    ("DE.TAX_ID", "tax ids of Germany", "de.idnr", r"[\d ]{11,14}", r"\b(?:steuer ?id|idnr|tax ?id)"),
    ("DK.CPR", "CPR numbers", "dk.cpr", r"\d{6}-?\d{4}", r"\bcpr\b"),
    ("ES.NIF", "NIF numbers", "es.nif", r"[A-Z\d][\d\-]{6,8}[A-Z\d]", r"\b(?:nif|dni|nie)\b"),
    ("EU.VAT_NUMBER", "VAT numbers", "eu.vat", r"[A-Z]{2}[A-Z\d+*.\- ]{7,14}", r"\b(?:vat|ust ?id|tva|umsatzsteuer)"),
    ("FI.PERSONAL_IDENTITY_CODE", "identity codes of Finland", "fi.hetu", r"\d{6}[+\-A-Y]\d{3}[A-Z\d]", r"\bhetu\b"),
    ("FR.NIR", "NIR numbers", "fr.nir", r"[12][\dAB ]{14,20}", r"\b(?:nir|s[ée]curit[ée] sociale)\b"),
    ("IN.AADHAAR", "Aadhaar numbers", "in_.aadhaar", r"[\d \-]{12,14}", r"\baadhaar\b"),
    (
        "IT.FISCAL_CODE",
        "fiscal codes of Italy",
        "it.codicefiscale",
        r"[A-Z\d]{16}",
        r"\b(?:codice fiscale|fiscal code)\b",
    ),
    ("NL.BSN", "BSN numbers", "nl.bsn", r"[\d.]{9,11}", r"\bbsn\b"),
    ("NO.NATIONAL_IDENTITY_NUMBER", "identity numbers of Norway", "no.fodselsnummer", r"\d{6} ?\d{5}", r"\bf[øo]dsels"),
    ("PL.PESEL", "PESEL numbers", "pl.pesel", r"\d{11}", r"\bpesel\b"),
    (
        "SE.PERSONAL_IDENTITY_NUMBER",
        "identity numbers of Sweden",
        "se.personnummer",
        r"(?:\d{2})?\d{6}[-+]\d{4}",
        r"\bperson ?nummer\b",
    ),
    ("UK.NHS_NUMBER", "NHS numbers", "gb.nhs", r"\d{3}[ \-]?\d{3}[ \-]?\d{4}", r"\bnhs\b"),
)  # fmt: skip
#: Numbers of few digits with one to check them: of ten that are something else, one passes.
_ONE_DIGIT = 0.85


def national_numbers() -> Iterator[Recogniser]:
    """Their recognisers; UsageError where the extra is not installed."""
    for name, things, module, shape, words in _NUMBERS:
        full = name if name.startswith("MICROSOFT") else f"HEADWATER.GOVERNMENT.{name}"
        yield Recogniser(full, things, standard_number(module, shape), named(words), _ONE_DIGIT, family="number")
