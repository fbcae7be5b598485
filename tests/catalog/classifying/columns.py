"""Made-up columns of which it is known what they hold: some under telling names, some under names that say nothing."""

from __future__ import annotations

import string
from collections.abc import Callable
from random import Random

import stdnum.de.idnr
import stdnum.es.nif
import stdnum.gb.nhs
import stdnum.iban
import stdnum.luhn
import stdnum.pl.pesel
from stdnum.iso7064 import mod_97_10

#: So many values a column; some of a column's values are left as people leave them.
VALUES = 120
_FIRST = ["Ada", "Grace", "Alan", "Linus", "Barbara", "Edsger", "Donald", "Frances", "Radia", "Ken", "Mary"]
_LAST = ["Lovelace", "Hopper", "Turing", "Torvalds", "Liskov", "Dijkstra", "Knuth", "Allen", "O'Neil"]
_STREETS = ["High Street", "Station Road", "Lindenweg", "Rue de Lyon", "Calle Mayor", "Elm Avenue"]
_CITIES = ["London", "Berlin", "São Paulo", "New York", "Den Haag", "Zürich", "Kraków", "Lyon"]


def _digits(draw: Random, count: int) -> str:
    return "".join(draw.choice(string.digits) for _ in range(count))


def _until(draw: Random, make: Callable[[Random], str], valid: Callable[[str], object]) -> str:
    while not valid(value := make(draw)):
        pass
    return value


def email(draw: Random) -> str:
    return (
        f"{draw.choice(_FIRST)}.{draw.choice(_LAST)}{draw.randint(1, 99)}@mail{draw.randint(1, 9)}.example.com".lower()
    )


def american_phone(draw: Random) -> str:
    area, rest = draw.choice(("212", "415", "312", "617")), f"{draw.randint(200, 999)}-{_digits(draw, 4)}"
    return draw.choice((f"({area}) {rest}", f"{area}-{rest}", f"+1 {area} {rest}"))


def german_phone(draw: Random) -> str:
    return f"+49 {draw.choice(('30', '40', '89'))} {_digits(draw, 7).replace('0', '1')}"


def card(draw: Random) -> str:
    body = f"4{_digits(draw, 14)}"
    return body + stdnum.luhn.calc_check_digit(body)


def iban(draw: Random) -> str:
    account = _digits(draw, 18)
    return f"DE{mod_97_10.calc_check_digits(account + 'DE')}{account}"


def tax_id(draw: Random) -> str:
    return _until(draw, lambda one: f"{one.randint(1, 9)}{_digits(one, 10)}", stdnum.de.idnr.is_valid)


def pesel(draw: Random) -> str:
    return _until(
        draw, lambda one: f"{one.randint(40, 99)}0{one.randint(1, 9)}{_digits(one, 7)}", stdnum.pl.pesel.is_valid
    )


def nif(draw: Random) -> str:
    return _until(draw, lambda one: _digits(one, 8) + one.choice(string.ascii_uppercase), stdnum.es.nif.is_valid)


def nhs(draw: Random) -> str:
    return stdnum.gb.nhs.format(_until(draw, lambda one: _digits(one, 10), stdnum.gb.nhs.is_valid))


def ssn(draw: Random) -> str:
    return f"{draw.randint(100, 665)}-{draw.randint(10, 99)}-{draw.randint(1000, 9999)}"


def name(draw: Random) -> str:
    return f"{draw.choice(_FIRST)} {draw.choice(_LAST)}"


def birth(draw: Random) -> str:
    return f"{draw.randint(1930, 2010)}-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}"


def address(draw: Random) -> str:
    return f"{draw.randint(1, 200)} {draw.choice(_STREETS)}"


def ip(draw: Random) -> str:
    return ".".join(str(draw.randint(1, 254)) for _ in range(4))


def mac(draw: Random) -> str:
    return ":".join(f"{draw.randint(0, 255):02x}" for _ in range(6))


def web(draw: Random) -> str:
    return f"https://www.example.com/{draw.choice(_LAST)}/{draw.randint(1, 10**6)}?q={draw.randint(1, 9)}"


#: What it holds, how a value is made, the column's names. Those under a name that says nothing are recognised by their
#: values alone.
HOLDING: tuple[tuple[str, Callable[[Random], str], tuple[str, ...]], ...] = (
    ("MICROSOFT.PERSONAL.EMAIL", email, ("customer_email", "eMail", "c7")),
    ("MICROSOFT.PERSONAL.US.PHONE_NUMBER", american_phone, ("phone", "c8")),
    ("HEADWATER.PERSONAL.PHONE_NUMBER", german_phone, ("telefon", "mobile", "c9")),
    ("MICROSOFT.FINANCIAL.CREDIT_CARD_NUMBER", card, ("card_number", "c10")),
    ("HEADWATER.FINANCIAL.IBAN", iban, ("iban", "account")),
    ("HEADWATER.GOVERNMENT.DE.TAX_ID", tax_id, ("steuerId", "c11")),
    ("HEADWATER.GOVERNMENT.PL.PESEL", pesel, ("pesel", "c12")),
    ("HEADWATER.GOVERNMENT.ES.NIF", nif, ("dni", "c13")),
    ("HEADWATER.GOVERNMENT.UK.NHS_NUMBER", nhs, ("nhs_number", "c14")),
    ("MICROSOFT.GOVERNMENT.US.SOCIAL_SECURITY_NUMBER", ssn, ("ssn", "c15")),
    ("MICROSOFT.PERSONAL.NAME", name, ("customer_name", "FullName", "surname")),
    ("MICROSOFT.PERSONAL.DATE_OF_BIRTH", birth, ("birth_date", "dob")),
    ("MICROSOFT.PERSONAL.GENDER", lambda draw: draw.choice("mf"), ("gender", "sex")),
    ("MICROSOFT.PERSONAL.AGE", lambda draw: str(draw.randint(18, 90)), ("age",)),
    ("MICROSOFT.PERSONAL.PHYSICALADDRESS", address, ("street", "home_address")),
    ("HEADWATER.PERSONAL.POSTCODE", lambda draw: _digits(draw, 5), ("zip", "postcode")),
    ("MICROSOFT.GOVERNMENT.CITY_NAME", lambda draw: draw.choice(_CITIES), ("city",)),
    ("MICROSOFT.PERSONAL.GEOLOCATION", lambda draw: f"{draw.uniform(-80, 80):.5f}", ("latitude", "lng")),
    ("MICROSOFT.PERSONAL.IPADDRESS", ip, ("client_ip", "c16")),
    ("HEADWATER.TECHNICAL.MAC_ADDRESS", mac, ("mac", "c17")),
    ("HEADWATER.TECHNICAL.URL", web, ("website", "c18")),
)

#: What holds nothing of the kind, and looks like it here and there.
OTHERS: tuple[tuple[str, Callable[[Random], str]], ...] = (
    ("order_id", lambda draw: str(draw.randint(10**8, 10**9))),
    ("ticket", lambda draw: _digits(draw, 10)),
    ("invoice", lambda draw: _digits(draw, 11)),
    ("serial", lambda draw: _digits(draw, 16)),
    ("product", lambda draw: f"{draw.choice('ABC')}-{_digits(draw, 6)}"),
    ("sku", lambda draw: "".join(draw.choice(string.ascii_uppercase + string.digits) for _ in range(9))),
    ("code", lambda draw: "".join(draw.choice(string.ascii_uppercase) for _ in range(3))),
    ("country", lambda draw: draw.choice(("DE", "FR", "US", "GB"))),
    ("price", lambda draw: f"{draw.uniform(1, 999):.2f}"),
    ("quantity", lambda draw: str(draw.randint(1, 99))),
    ("ordered_on", birth),
    ("updated_at", lambda draw: f"{birth(draw)}T12:00:00Z"),
    ("version", lambda draw: f"{draw.randint(0, 9)}.{draw.randint(0, 20)}.{draw.randint(0, 30)}"),
    ("comment", lambda draw: " ".join(draw.choice(_LAST) for _ in range(8))),
    ("city_tax", lambda draw: f"{draw.uniform(1, 9):.2f}"),
    ("zipped", lambda draw: draw.choice(("true", "false"))),
    ("file_name", lambda draw: f"report-{draw.randint(1, 999)}.pdf"),
    ("passage", lambda draw: str(draw.randint(1, 400))),
    ("temperature", lambda draw: f"{draw.uniform(-20, 40):.1f}"),
    ("uuid", lambda draw: f"{draw.getrandbits(32):08x}-{draw.getrandbits(16):04x}"),
    ("dep_delay", lambda draw: str(draw.randint(-20, 300))),
    ("carrier", lambda draw: draw.choice(("UA", "AA", "B6", "DL", "EV"))),
    ("flight", lambda draw: str(draw.randint(1, 6000))),
    ("tail", lambda draw: f"N{_digits(draw, 3)}{draw.choice('ABC')}{draw.choice('ABC')}"),
    ("timestamp", lambda draw: str(draw.randint(1_600_000_000, 1_800_000_000))),
)


def column(draw: Random, make: Callable[[Random], str], *, untidy: float = 0.08) -> tuple[str, ...]:
    """Values of a column; a few of them are what people write where they have none."""
    values = [make(draw) if draw.random() >= untidy else draw.choice(("ask", "see file", "0")) for _ in range(VALUES)]
    return tuple(values)
