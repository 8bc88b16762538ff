"""Signatures: the venue's own published example, and keys that no log can show."""

from __future__ import annotations

import base64
import pickle
from urllib.parse import parse_qs

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from candlewick.core.errors import ConfigError
from candlewick.venues.binance.orders.signing import Credentials

# The example of the venue's REST documentation ("SIGNED endpoint security").
KEY = "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
SECRET = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"


def _pem(key: object) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()  # type: ignore[attr-defined, no-any-return]


def test_it_signs_the_example_of_the_documentation() -> None:
    parameters = {
        "symbol": "LTCBTC",
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "1",
        "price": "0.1",
    }
    query = Credentials("example", KEY, SECRET).signed(parameters, 1499827319559)
    assert query == (
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000"
        "&timestamp=1499827319559"
        "&signature=c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"
    )


def test_it_signs_what_is_sent_and_not_what_it_means() -> None:
    key = Ed25519PrivateKey.generate()
    query = Credentials("mine", KEY, _pem(key)).signed({"symbol": "币安人生USDT", "note": "a b+c"}, 1)
    payload, _, _ = query.partition("&signature=")
    assert payload.isascii()
    assert "note=a%20b%2Bc" in payload
    signature = base64.b64decode(parse_qs(query)["signature"][0])
    key.public_key().verify(signature, payload.encode())  # raises if it does not


def test_the_socket_signs_its_parameters_in_alphabetical_order() -> None:
    key = Ed25519PrivateKey.generate()
    parameters = Credentials("mine", KEY, _pem(key)).signed_for_socket(1700000000000)
    signature = base64.b64decode(str(parameters.pop("signature")))
    payload = f"apiKey={KEY}&recvWindow=5000&timestamp=1700000000000"
    key.public_key().verify(signature, payload.encode())
    assert parameters == {"apiKey": KEY, "recvWindow": 5000, "timestamp": 1700000000000}


def test_neither_key_nor_secret_is_ever_shown() -> None:
    credentials = Credentials("mine", KEY, SECRET)
    for shown in (repr(credentials), str(credentials), f"{credentials!r}", format(credentials)):
        assert KEY not in shown
        assert SECRET not in shown
        assert "mine" in shown
    with pytest.raises(TypeError):
        pickle.dumps(credentials)


@pytest.mark.parametrize(
    ("key", "secret", "why"),
    [
        ("", SECRET, "empty"),
        ("with space", SECRET, "characters"),
        ("line\nend", SECRET, "characters"),
        (KEY, "", "no secret"),
        (KEY, "-----BEGIN PRIVATE KEY-----\nbroken\n-----END PRIVATE KEY-----", "no private key"),
        (KEY, _pem(generate_ec_key(SECP256R1())), "not Ed25519"),
    ],
)
def test_it_refuses_what_cannot_be_a_key(key: str, secret: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why) as refused:
        Credentials("mine", key, secret)
    assert "mine" in str(refused.value)
    assert SECRET not in str(refused.value)
