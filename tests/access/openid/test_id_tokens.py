"""ID tokens that must not be believed, and a few unusual ones that must."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from joserfc.jwk import ECKey, Key, OctKey, OKPKey, RSAKey
from tests.access.openid.provider import CLIENT_ID, KEY, OTHER_KEY, based, encoded, public, sign, unsigned
from tests.access.openid.provider import Provider as Remote
from tests.access.openid.support import Browser, described, sign_ins
from tests.access.people.support import NOW, after

from headwater.errors import UnauthenticatedError
from headwater.store import Database

SECOND = int(NOW.timestamp())

pytestmark = [
    pytest.mark.filterwarnings("ignore:EdDSA is deprecated"),
    # Which database it is makes no difference here.
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def check_failed(browser: Browser) -> str:
    """The check that the ID token failed; nobody is in, and that is on record without a claim."""
    with pytest.raises(UnauthenticatedError) as caught:
        browser.sign_in()
    assert "canary" not in str(caught.value.to_dict())
    assert [(event.result, event.target) for event in sign_ins(browser.database)] == [("failed", None)]
    return caught.value.message.rpartition("the check ")[2]


@pytest.mark.parametrize(
    ("claims", "check"),
    [
        ({"iss": "https://canary.example.com"}, "iss"),
        ({"iss": ["canary"]}, "iss"),
        ({"iss": ...}, "iss"),
        ({"aud": "canary"}, "aud"),
        ({"aud": ["canary"]}, "aud"),
        ({"aud": []}, "aud"),
        ({"aud": ...}, "aud"),
        ({"aud": CLIENT_ID + "/"}, "aud"),
        ({"aud": [CLIENT_ID, "canary"]}, "azp"),
        ({"aud": [CLIENT_ID, "canary"], "azp": "canary"}, "azp"),
        ({"azp": "canary"}, "azp"),
        ({"exp": SECOND - 61}, "exp"),
        ({"exp": ...}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "canary"}, "exp"),
        ({"exp": float("nan")}, "exp"),
        ({"iat": SECOND + 61}, "iat"),
        ({"iat": ...}, "iat"),
        ({"nbf": SECOND + 61}, "nbf"),
        ({"nonce": "canary"}, "nonce"),
        ({"nonce": ...}, "nonce"),
        ({"nonce": ["canary"]}, "nonce"),
        ({"sub": ...}, "sub"),
        ({"sub": ""}, "sub"),
        ({"sub": 7}, "sub"),
        ({"sub": "canary\n"}, "sub"),
        ({"sub": "a" * 256}, "sub"),
        ({"at_hash": "canary"}, "at_hash"),
        ({"at_hash": ""}, "at_hash"),
        ({"at_hash": {"canary": 1}}, "at_hash"),
        ({"at_hash": None}, "at_hash"),
    ],
)
def test_a_claim_that_does_not_fit(browser: Browser, remote: Remote, claims: dict[str, Any], check: str) -> None:
    remote.claims = claims
    assert check_failed(browser) == f"'{check}'."


def at_hash(algorithm: Callable[[bytes], Any] = hashlib.sha256) -> str:
    digest: bytes = algorithm(b"access").digest()
    return based(digest[: len(digest) // 2])


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": [CLIENT_ID]},
        {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID},
        {"azp": CLIENT_ID},
        {"exp": SECOND - 59},
        {"iat": SECOND + 59},
        {"at_hash": at_hash()},
        {"preferred_username": "ann", "name": "a\nb", "email": ["canary"]},
    ],
)
def test_claims_that_fit(browser: Browser, remote: Remote, claims: dict[str, Any]) -> None:
    remote.claims = claims
    browser.sign_in()


EC_KEY = ECKey.generate_key("P-256", {"kid": "ec"})
ED_KEY = OKPKey.generate_key("Ed25519", {"kid": "ed"})


@pytest.mark.parametrize(
    ("key", "algorithm", "half_hash"),
    [
        (KEY, "RS256", at_hash()),
        (KEY, "PS256", at_hash()),
        (EC_KEY, "ES256", at_hash()),
        (ED_KEY, "EdDSA", at_hash(hashlib.sha512)),
    ],
)
def test_an_allowed_algorithm(browser: Browser, remote: Remote, key: Key, algorithm: str, half_hash: str) -> None:
    # What is not understood spoils nothing: a key of a new kind, one for encryption, a symmetric one, and nonsense.
    others: list[Any] = [{"kty": "AKP", "alg": "ML-DSA-44", "pub": "x"}, {"kty": "EC", "crv": "P-999"}, 7, {"kty": []}]
    others += [{"kty": "RSA", "n": "!", "e": "AQAB"}, {**OTHER_KEY.as_dict(private=False), "use": "enc"}]
    remote.keys = [*others, {"kty": "oct", "k": "YQ"}, *public(key)]
    remote.claims = {"at_hash": half_hash}
    remote.signed = lambda claims: sign(claims, key, algorithm, x5t="abc", unheard_of="b")
    browser.sign_in()


def confused(claims: dict[str, Any], form: Encoding) -> str:
    """Signed with what everybody knows: the public key, taken for a password."""
    known = KEY.public_key.public_bytes(form, PublicFormat.SubjectPublicKeyInfo)
    content = f"{encoded({'alg': 'HS256', 'kid': 'first'})}.{encoded(claims)}"
    return f"{content}.{based(hmac.digest(known, content.encode(), 'sha256'))}"


def tampered(claims: dict[str, Any]) -> str:
    header, _, signature = sign(claims).split(".")
    return f"{header}.{encoded({**claims, 'sub': 'canary'})}.{signature}"


def same_name() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "first"})


@pytest.mark.parametrize(
    ("signed", "check"),
    [
        (unsigned, "unsupported_algorithm"),
        (lambda claims: unsigned(claims, "None"), "unsupported_algorithm"),
        (lambda claims: unsigned(claims, "RS256"), "bad_signature"),
        (lambda claims: confused(claims, Encoding.PEM), "unsupported_algorithm"),
        (lambda claims: sign(claims, KEY, "RS512"), "unsupported_algorithm"),
        (lambda claims: sign(claims, same_name()), "bad_signature"),
        (lambda claims: sign(claims, OTHER_KEY), "invalid_key_id"),
        (lambda claims: sign(claims, EC_KEY, "ES256"), "invalid_key_id"),
        (lambda claims: confused(claims, Encoding.DER), "unsupported_algorithm"),
        (lambda claims: sign(claims, EC_KEY, "ES256", kid="first", jwk=public(EC_KEY)[0]), "invalid_key_type"),
        (lambda claims: sign(claims, KEY, x5c=["a" * 512]), "exceeded_size"),
        (lambda claims: sign(claims) + "canary", "bad_signature"),
        (tampered, "bad_signature"),
        (lambda claims: sign(claims) + ".canary", "decode_error"),
        (lambda claims: "canary", "decode_error"),
        (lambda claims: "", "decode_error"),
        (lambda claims: f"{encoded(['alg'])}.{encoded(claims)}.", "decode_error"),
        (lambda claims: f"{encoded('alg')}.{encoded(claims)}.", "decode_error"),
        (lambda claims: f"{encoded({'alg': 7})}.{encoded(claims)}.", "invalid_header_value"),
        (lambda claims: "é.é.é", "decode_error"),
    ],
)
def test_a_signature_that_is_none(
    browser: Browser, remote: Remote, signed: Callable[[dict[str, Any]], str], check: str
) -> None:
    remote.signed = signed
    assert check_failed(browser) == f"'{check}'."


def test_a_symmetric_key_among_the_published_is_no_key(browser: Browser, remote: Remote) -> None:
    key = OctKey.import_key("a" * 32, {"kid": "oct"})
    remote.keys += [key.as_dict(private=True)]
    remote.signed = lambda claims: sign(claims, key, "HS256")
    assert check_failed(browser) == "'unsupported_algorithm'."


def test_a_key_for_encryption_signs_nothing(browser: Browser, remote: Remote) -> None:
    remote.keys.append({**OTHER_KEY.as_dict(private=False), "use": "enc"})
    remote.signed = lambda claims: sign(claims, OTHER_KEY)
    assert check_failed(browser) == "'invalid_key_id'."


@pytest.mark.filterwarnings("ignore:Key size should be")
def test_a_short_key_is_no_key(browser: Browser, remote: Remote) -> None:
    key = RSAKey.generate_key(1024, {"kid": "short"})
    remote.keys += public(key)
    remote.signed = lambda claims: sign(claims, key)
    assert check_failed(browser) == "'invalid_key_id'."


def test_without_a_key_id_there_has_to_be_one_key(browser: Browser, remote: Remote) -> None:
    nameless = RSAKey.import_key({n: v for n, v in KEY.as_dict(private=True).items() if n != "kid"})
    remote.keys = [{n: v for n, v in key.items() if n != "kid"} for key in public(KEY)]
    remote.signed = lambda claims: sign(claims, nameless)
    browser.sign_in()
    browser.directory.__init__()  # type: ignore[misc]  # as after a restart
    remote.keys += public(OTHER_KEY)
    with pytest.raises(UnauthenticatedError, match="'invalid_key_id'"):
        browser.sign_in()


def times(remote: Remote) -> int:
    return remote.asked.count("GET /keys")


def test_keys_that_were_changed_are_asked_for_once_more(browser: Browser, remote: Remote) -> None:
    browser.sign_in()
    browser.sign_in()
    assert times(remote) == 1
    remote.keys = public(OTHER_KEY)
    remote.signed = lambda claims: sign(claims, OTHER_KEY)
    browser.sign_in(now=after(seconds=1))
    browser.sign_in(now=after(seconds=2))
    assert times(remote) == 2


def test_a_key_that_was_replaced_under_its_name(browser: Browser, remote: Remote) -> None:
    browser.sign_in()
    key = same_name()
    remote.keys = public(key)
    remote.signed = lambda claims: sign(claims, key)
    browser.sign_in()
    assert times(remote) == 2


def test_unknown_keys_make_nobody_ask_without_end(browser: Browser, remote: Remote) -> None:
    browser.sign_in()
    remote.signed = lambda claims: sign(claims, OTHER_KEY)
    for second in range(0, 60, 10):
        with pytest.raises(UnauthenticatedError, match="'invalid_key_id'"):
            browser.sign_in(now=after(seconds=second))
    assert times(remote) == 2
    with pytest.raises(UnauthenticatedError, match="'invalid_key_id'"):
        browser.sign_in(now=after(seconds=60))
    assert times(remote) == 3


def test_a_key_that_is_published_no_longer_is_forgotten(browser: Browser, remote: Remote) -> None:
    browser.sign_in()
    remote.keys = public(OTHER_KEY)
    late = {"exp": SECOND + 9000}
    remote.claims = late
    browser.sign_in(now=after(minutes=59))
    with pytest.raises(UnauthenticatedError, match="'invalid_key_id'"):
        browser.sign_in(now=after(minutes=60))


def test_two_clients_of_one_issuer_share_its_keys(browser: Browser, remote: Remote, database: Database) -> None:
    browser.sign_in()
    Browser(database, remote, described(remote, groups_claim="groups"), browser.directory).sign_in()
    assert times(remote) == 1
