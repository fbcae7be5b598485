"""Whatever a provider's token endpoint gives for an ID token: it is believed, or refused as such."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, KeySet
from tests.access.openid.provider import based, encoded, sign
from tests.access.people.support import NOW

from headwater.access.openid import Directory, Provider
from headwater.access.openid.exchange import Tokens
from headwater.access.openid.id_tokens import verify
from headwater.errors import UnauthenticatedError

KEY = ECKey.generate_key("P-256", {"kid": "ec"})
PROVIDER = Provider("corp", "Corp", "https://id.example.com", "headwater", groups_claim="groups")
SECOND = int(NOW.timestamp())
GOOD: dict[str, Any] = {
    "iss": PROVIDER.issuer, "aud": "headwater", "sub": "1", "nonce": "n", "iat": SECOND, "exp": SECOND + 300,
}  # fmt: skip

words = st.sampled_from(["", "headwater", "n", "1", "\x00", "\ud800", "ES256", "b64", "ec", "true"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from([*GOOD, "azp", "at_hash", "nbf", "jti", "auth_time", "amr", "acr", "groups", "_claim_names",
                         "email", "email_verified", "name", "preferred_username"])  # fmt: skip


class KnownKeys(Directory):
    """One that has asked already."""

    def keys(self, provider: Provider, *, now: datetime) -> KeySet:
        return KeySet([KEY])

    def renewed_keys(self, provider: Provider, *, now: datetime) -> KeySet | None:
        return None


def believed(id_token: str) -> bool:
    try:
        verify(PROVIDER, Tokens(id_token, "access"), KnownKeys(), nonce="n", now=NOW)
    except UnauthenticatedError:
        return False
    return True


@given(st.dictionaries(names, values, max_size=4))
def test_whatever_the_claims_are(claims: dict[str, Any]) -> None:
    said = {**GOOD, **claims}
    if not believed(sign(said, KEY, "ES256")):
        return
    assert (said["iss"], said["nonce"]) == (GOOD["iss"], "n")
    assert said["aud"] == "headwater" or "headwater" in said["aud"]
    assert said["aud"] in ("headwater", ["headwater"]) or said["azp"] == "headwater"
    assert math.isfinite(said["exp"]) and said["exp"] > SECOND - 60 and said["iat"] <= SECOND + 60
    assert isinstance(said["sub"], str) and said["sub"] and "at_hash" not in said


@given(st.text(max_size=40) | st.builds("{}.{}.{}".format, *[st.text(max_size=20)] * 3))
def test_whatever_the_token_is(token: str) -> None:
    assert not believed(token)


@given(values, values, st.binary(max_size=70))
def test_whatever_its_parts_are(header: Any, claims: Any, signature: bytes) -> None:
    assert not believed(f"{encoded(header)}.{encoded(claims)}.{based(signature)}")


@given(st.dictionaries(st.sampled_from(["typ", "cty", "kid", "crit", "b64", "x5c", "jwk", "alg"]), values, max_size=3))
def test_whatever_its_header_is(header: dict[str, Any]) -> None:
    _, claims, signature = sign(GOOD, KEY, "ES256").split(".")
    assert not believed(f"{encoded({'alg': 'ES256', 'kid': 'ec', **header})}.{claims}.{signature}")
