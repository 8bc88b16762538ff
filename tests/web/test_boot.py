"""Host names: those a person may reach us by, and no others."""

from __future__ import annotations

import socket

import pytest

from candlewick.runtime.settings import WebSettings
from candlewick.web.boot import host_names

LOCAL = {"127.0.0.1", "localhost", "[::1]"}


@pytest.mark.parametrize(
    ("host", "more"),
    [
        ("127.0.0.1", set()),
        ("192.0.2.7", {"192.0.2.7"}),
        ("2001:db8::1", {"[2001:db8::1]"}),
        ("lan.box", {"lan.box"}),
    ],
)
def test_it_answers_to_where_it_is_bound_and_to_this_machine(host: str, more: set[str]) -> None:
    assert set(host_names(WebSettings(host=host))) == LOCAL | more


def test_bound_to_every_address_it_answers_to_the_machines_names() -> None:
    names = set(host_names(WebSettings(host="0.0.0.0")))
    assert names >= LOCAL | {socket.gethostname()}
    assert "*" not in names


def test_it_answers_to_the_names_a_proxy_goes_by() -> None:
    assert "terminal.example" in host_names(WebSettings(allowed_hosts=["terminal.example"]))
