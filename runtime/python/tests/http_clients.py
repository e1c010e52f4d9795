"""Clients that show everything of a response: what comes before it, beside it and behind it."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass, field

import h2.connection
import h2.events
import h2.settings
import h11

TIMEOUT = 30.0
Headers = list[tuple[str, str]]


@dataclass
class Response:
    """All of it, in text."""

    status: int = 0
    headers: Headers = field(default_factory=list)
    body: bytes = b""
    informed: list[Headers] = field(default_factory=list)
    trailers: Headers = field(default_factory=list)
    pushed: dict[str, Response] = field(default_factory=dict)


def _text(headers) -> Headers:
    def text(one):
        return one.decode() if isinstance(one, bytes) else one

    return [(text(name), text(value)) for name, value in headers]


def connect(port: int, protocol: str, authority: str | None) -> socket.socket:
    """A connection, through TLS where an authority is given."""
    plain = socket.create_connection(("127.0.0.1", port), TIMEOUT)
    if authority is None:
        return plain
    context = ssl.create_default_context(cafile=authority)
    context.set_alpn_protocols([protocol])
    secure = context.wrap_socket(plain, server_hostname="localhost")
    assert secure.selected_alpn_protocol() == protocol
    return secure


def http1(port: int, path: str, headers: Headers = (), authority: str | None = None) -> Response:
    """One request of HTTP/1.1."""
    response = Response()
    with connect(port, "http/1.1", authority) as stream:
        client = h11.Connection(h11.CLIENT)
        given = [("host", "localhost"), ("te", "trailers"), *headers]
        stream.sendall(client.send(h11.Request(method="GET", target=path, headers=given)))
        stream.sendall(client.send(h11.EndOfMessage()))
        while True:
            event = client.next_event()
            if event is h11.NEED_DATA:
                client.receive_data(stream.recv(65536))
            elif isinstance(event, h11.InformationalResponse):
                response.informed.append(_text(event.headers))
            elif isinstance(event, h11.Response):
                response.status, response.headers = event.status_code, _text(event.headers)
            elif isinstance(event, h11.Data):
                response.body += bytes(event.data)
            elif isinstance(event, h11.EndOfMessage):
                response.trailers = _text(event.headers)
                return response
            else:
                raise AssertionError(f"{event} after {response}")


def http2(
    port: int, path: str, headers: Headers = (), authority: str | None = None, websocket: bool = False
) -> Response:
    """One request of HTTP/2, of a client that takes promises; or an extended CONNECT."""
    with connect(port, "h2", authority) as stream:
        client = h2.connection.H2Connection()
        client.initiate_connection()
        client.update_settings({h2.settings.SettingCodes.ENABLE_PUSH: 1})
        head = [(":method", "GET"), (":scheme", "https" if authority else "http"), (":authority", "localhost")]
        head.append((":path", path))
        if websocket:
            head[0] = (":method", "CONNECT")
            head += [(":protocol", "websocket"), ("sec-websocket-version", "13")]
        else:
            head.append(("te", "trailers"))
        number = client.get_next_available_stream_id()
        client.send_headers(number, [*head, *headers], end_stream=not websocket)
        stream.sendall(client.data_to_send())
        return _read(stream, client, number)


def _read(stream, client, number: int) -> Response:
    streams = {number: Response()}
    open_ones = {number}
    while open_ones:
        data = stream.recv(65536)
        assert data, f"closed after {streams}"
        for event in client.receive_data(data):
            one = streams.get(getattr(event, "stream_id", None) or 0)
            match event:
                case h2.events.InformationalResponseReceived():
                    one.informed.append(_text(event.headers))
                case h2.events.ResponseReceived():
                    one.headers = _text(event.headers)
                    one.status = int(dict(one.headers)[":status"])
                case h2.events.DataReceived():
                    one.body += event.data
                    client.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                case h2.events.TrailersReceived():
                    one.trailers = _text(event.headers)
                case h2.events.PushedStreamReceived():
                    pushed = streams[event.pushed_stream_id] = Response()
                    open_ones.add(event.pushed_stream_id)
                    streams[event.parent_stream_id].pushed[dict(_text(event.headers))[":path"]] = pushed
                case h2.events.StreamEnded():
                    open_ones.discard(event.stream_id)
                case h2.events.StreamReset(error_code=0) if event.stream_id not in open_ones:
                    # The answer is whole, and the rest of the request is of no interest.
                    pass
                case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                    raise AssertionError(f"{event} after {streams}")
        stream.sendall(client.data_to_send())
    return streams[number]
