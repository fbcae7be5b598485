"""The recognisers that Headwater brings along.

What Purview classifies, too, has Purview's name for it, as far as public knowledge goes; others begin with HEADWATER.
"""

from __future__ import annotations

from functools import cache

from headwater.catalog.classifying import values
from headwater.catalog.classifying.numbers import national_numbers
from headwater.catalog.classifying.recognising import Recogniser, named

__all__ = ["built_in", "is_installed"]

_SEPARATED = r"[\d \-]"


def is_installed() -> bool:
    """Whether what recognises values is installed (the extra ``classification``)."""
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in ("presidio_analyzer", "phonenumbers", "stdnum", "re2"))


@cache
def built_in() -> tuple[Recogniser, ...]:
    """All of them.

    Raises:
        UsageError: the extra is not installed (``classification.extra``).
    """
    return (*_people(), *_contact(), *_places(), *_money(), *_technical(), *_government())


def _people() -> tuple[Recogniser, ...]:
    names = (
        r"\b(?:first|last|middle|given|family|full|sur|fore|maiden|contact|customer|person|employee|patient|passenger|"
        r"holder|author) ?names?\b|\bsurname\b|\bvorname\b|\bnachname\b|^(?:pr[ée]nom|nombre|apellidos?|cognome)\b"
    )
    genders = ("m", "f", "w", "d", "x", "male", "female", "man", "woman", "diverse", "other", "männlich", "weiblich")
    births = r"\b(?:birth ?(?:date|day)|date of birth|dob|born(?: on)?|geburtsdatum|date de naissance)\b"
    return (
        Recogniser("MICROSOFT.PERSONAL.NAME", "people's names", values.personal_name, named(names), 0.7),
        Recogniser(
            "MICROSOFT.PERSONAL.GENDER",
            "genders",
            values.one_of(*genders),
            named(r"\b(?:gender|sex|geschlecht|sexe)\b"),
            0.7,
        ),
        Recogniser("MICROSOFT.PERSONAL.AGE", "ages", values.age, named(r"^(?:age|alter)\b|\bage$"), 0.9),
        Recogniser("MICROSOFT.PERSONAL.DATE_OF_BIRTH", "dates of birth", values.birth_date, named(births)),
    )


def _contact() -> tuple[Recogniser, ...]:
    phones = r"\b(?:tele)?(?:phone|fon|fono)s?\b|\btel\b|\bmobile\b|\bcell(?:phone)?\b|\bfax\b|\bhandy\b"
    streets = r"^[^\W_].*\d.*|\d+.*[^\W\d_].*"
    return (
        Recogniser("MICROSOFT.PERSONAL.EMAIL", "e-mail addresses", values.email(), named(r"\be ?mails?\b"), 0.7),
        Recogniser(
            "MICROSOFT.PERSONAL.US.PHONE_NUMBER",
            "phone numbers of North America",
            values.phone(american=True),
            named(phones),
            0.6,
            family="phone",
        ),
        Recogniser(
            "HEADWATER.PERSONAL.PHONE_NUMBER",
            "phone numbers",
            values.phone(american=False),
            named(phones),
            0.6,
            family="phone",
        ),
        Recogniser(
            "MICROSOFT.PERSONAL.PHYSICALADDRESS",
            "postal addresses",
            values.shaped(streets),
            named(
                r"\b(?:street|home|postal|mailing|shipping|billing|delivery) ?(?:address)?\b|^address|\bstra(?:ss|ß)e\b"
            ),
            0.7,
        ),
    )


def _places() -> tuple[Recogniser, ...]:
    postcodes = (
        r"\d{4,6}(?:-\d{4})?|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|\d{3} \d{2}|\d{4} ?[A-Z]{2}"
    )
    words = r"[^\W\d_][^\d_]{1,59}"
    return (
        Recogniser(
            "HEADWATER.PERSONAL.POSTCODE",
            "postcodes",
            values.shaped(postcodes),
            named(r"\b(?:zip(?: ?code)?|post(?:al)? ?code|plz|postleitzahl)\b"),
        ),
        Recogniser(
            "MICROSOFT.GOVERNMENT.CITY_NAME",
            "names of towns",
            values.shaped(words),
            named(r"\b(?:city|town|municipality|ort|stadt|ville|ciudad)(?: name)?$"),
        ),
        Recogniser(
            "MICROSOFT.PERSONAL.GEOLOCATION",
            "coordinates",
            values.within(-180, 180),
            named(r"^(?:lat|latitude|lon|lng|long|longitude)$|\b(?:latitude|longitude)\b"),
            0.85,
        ),
    )


def _money() -> tuple[Recogniser, ...]:
    card = values.pattern_recogniser("CreditCardRecognizer", rf"{_SEPARATED}{{13,23}}")
    return (
        Recogniser(
            "MICROSOFT.FINANCIAL.CREDIT_CARD_NUMBER",
            "card numbers",
            card,
            named(r"\b(?:credit ?)?card ?(?:number|no|num)\b|\bpan\b"),
            0.7,
            family="number",
        ),
        Recogniser(
            "HEADWATER.FINANCIAL.IBAN",
            "IBANs",
            values.standard_number("iban", r"[A-Z]{2}\d{2}[A-Z\d ]{11,40}"),
            named(r"\biban\b"),
            0.7,
        ),
        Recogniser(
            "MICROSOFT.FINANCIAL.SWIFT_CODE",
            "SWIFT codes",
            values.standard_number("bic", r"[A-Z]{6}[A-Z\d]{2}(?:[A-Z\d]{3})?", telling=False),
            named(r"\b(?:bic|swift)\b"),
            0.7,
        ),
        Recogniser(
            "MICROSOFT.FINANCIAL.US.ABA_ROUTING_NUMBER",
            "routing numbers of American banks",
            values.pattern_recogniser("AbaRoutingRecognizer", r"\d{4}-?\d{4}-?\d"),
            named(r"\b(?:aba|routing)\b"),
            0.8,
            family="number",
        ),
    )


def _technical() -> tuple[Recogniser, ...]:
    addresses = r"[\da-f:.%/]{2,45}"
    return (
        Recogniser(
            "MICROSOFT.PERSONAL.IPADDRESS",
            "IP addresses",
            values.pattern_recogniser("IpRecognizer", addresses, trusted=True),
            named(r"\bip(?: ?v[46])?(?: ?addr(?:ess)?)?\b"),
            0.8,
        ),
        Recogniser(
            "HEADWATER.TECHNICAL.MAC_ADDRESS",
            "MAC addresses",
            values.pattern_recogniser("MacAddressRecognizer", r"[\da-f:.\-]{12,17}", trusted=True),
            named(r"\bmac(?: ?addr(?:ess)?)?\b"),
        ),
        Recogniser("HEADWATER.TECHNICAL.URL", "web addresses", values.url, named(r"\b(?:ur[li]|website|homepage)s?\b")),
        Recogniser(
            "HEADWATER.TECHNICAL.IMEI",
            "numbers of mobile devices",
            values.standard_number("imei", r"\d{2}[\d \-]{13,17}", telling=False),
            named(r"\bimei\b"),
            0.8,
            family="number",
        ),
    )


def _government() -> tuple[Recogniser, ...]:
    ssn = values.pattern_recogniser("UsSsnRecognizer", r"\d{3}-\d{2}-\d{4}|\d{9}")
    return (
        Recogniser(
            "MICROSOFT.GOVERNMENT.US.SOCIAL_SECURITY_NUMBER",
            "American social security numbers",
            lambda value: 0.7 if "-" in value and ssn(value) else ssn(value),
            named(r"\b(?:ssn|social security)\b"),
            0.8,
            family="number",
        ),
        Recogniser(
            "HEADWATER.GOVERNMENT.UK.NATIONAL_INSURANCE_NUMBER",
            "British national insurance numbers",
            values.pattern_recogniser("UkNinoRecognizer", r"[A-Z]{2}[\d ]{6,9} ?[A-D]", trusted=True),
            named(r"\b(?:nino|national insurance)\b"),
            0.8,
        ),
        *national_numbers(),
    )
