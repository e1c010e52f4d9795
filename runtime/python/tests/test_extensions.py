"""ASGI's extensions from a Python application, over HTTP/1.1 and HTTP/2, plain and through TLS."""

from __future__ import annotations

import datetime
import ipaddress
import json
import ssl
from functools import partial

import http_clients
import pytest
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from websockets.sync.client import connect

FILE = b"0123456789" * 20_000


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A server's certificate, which is its own authority, with its key: a file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    plain = serialization.NoEncryption()
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        certificate.public_bytes(encoding)
        + key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    )
    return str(file)


@pytest.fixture(scope="module", params=["plain", "tls"])
def site(request, certificate):
    """A running site, and what of TLS its clients need."""
    from conftest import Server

    flags = ["--tls-cert", certificate] if request.param == "tls" else []
    server = Server("-p", "0", *flags, "extensions:application").ready()
    server.authority = certificate if flags else None
    yield server
    server.kill()


@pytest.fixture(params=["1.1", "2"])
def get(request, site):
    """Makes a request by one version."""
    client = http_clients.http1 if request.param == "1.1" else http_clients.http2
    asked = partial(client, site.port, authority=site.authority)
    asked.version = request.param
    asked.secure = site.authority is not None
    return asked


def test_the_scope_says_what_is_offered(get):
    seen = json.loads(get("/scope").body)
    offered = {"early_hint", "pathsend", "trailers", "zerocopysend"} | ({"push"} if get.version == "2" else set())
    wanted = {f"http.response.{name}" for name in offered} | ({"tls"} if get.secure else set())
    assert (seen["version"], set(seen["extensions"])) == (get.version, wanted)
    if not get.secure:
        assert seen["tls"] is None
        return
    tls = seen["tls"]
    assert tls["tls_version"] in (0x0303, 0x0304)
    assert isinstance(tls["cipher_suite"], int)
    assert tls["server_cert"].startswith("-----BEGIN CERTIFICATE-----")
    assert (tls["client_cert_chain"], tls["client_cert_name"], tls["client_cert_error"]) == ([], None, None)


def test_early_hints_come_before_the_response(get):
    response = get("/hint")
    links = [[value for name, value in headers if name.lower() == "link"] for headers in response.informed]
    assert links == [["</a.css>; rel=preload", "</b.js>; rel=preload"], ["</c.css>; rel=preload"]]
    assert (response.status, response.body) == (200, b"hinted")


def test_trailers_come_behind_the_body(get):
    response = get("/trailers")
    assert (response.status, response.body) == (200, b"one two")
    assert [(name.lower(), value) for name, value in response.trailers] == [("x-sum", "3"), ("x-end", "yes")]


def test_a_file_is_sent_by_its_path(get):
    response = get("/path")
    assert (response.status, response.body) == (200, FILE)
    assert get("/missing").status == 500


def test_parts_of_an_open_file_are_sent_between_others(get):
    response = get("/file")
    assert (response.status, response.body) == (200, b"<567890123489>")


def test_a_client_that_takes_promises_gets_them(get):
    response = get("/push")
    assert (response.status, response.body) == (200, b"pushed")
    promised = {path: (one.status, one.body) for path, one in response.pushed.items()}
    assert promised == ({"/promised": (200, b"push")} if get.version == "2" else {})


def test_a_websocket_is_denied_with_a_page(site):
    context = ssl.create_default_context(cafile=site.authority) if site.authority else None
    scheme = "wss" if context else "ws"
    with pytest.raises(websockets.InvalidStatus) as denied:
        connect(f"{scheme}://localhost:{site.port}/", ssl=context, proxy=None)
    response = denied.value.response
    assert (response.status_code, response.headers["x-why"], response.body) == (403, "closed", b"not today")
    response = http_clients.http2(site.port, "/", authority=site.authority, websocket=True)
    assert (response.status, dict(response.headers)["x-why"], response.body) == (403, "closed", b"not today")
