//! The headers of proxies.

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue};
use laureola_asgi::Address;
use laureola_asgi::scope::Ends;

use crate::{ProxyHeaders, Trusted};

/// Of a network that is nobody's (RFC 5737), and so of no trusted proxy.
const STRANGER: &str = "203.0.113.9";

/// `data` is lines: the values of the port's header and of the scheme's, then those of the client's.
/// Its first byte says in which style. The client is always an address; and where a trusted proxy
/// names somebody it does not know, it is that one, whatever else was sent.
pub fn forwarded_for(data: &[u8]) {
    let Some((style, data)) = data.split_first() else {
        return;
    };
    let mut names = ProxyHeaders::default();
    let by_rfc = style & 1 == 1;
    if by_rfc {
        names.host_header = HeaderName::from_static("forwarded");
    }
    let trusted = match style & 6 {
        0 => Trusted::default(),
        2 => "10.0.0.0/8, 2001:db8::/32".parse().expect("a valid list"),
        _ => "".parse().expect("a list of nobody"),
    };
    let order = [&names.port_header, &names.proto_header].into_iter();
    let order = order.chain(std::iter::repeat(&names.host_header));
    let mut headers = HeaderMap::new();
    for (name, value) in order.zip(data.split(|byte| *byte == b'\n').take(64)) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(name, value);
        }
    }
    let ends = Ends {
        client: Some(Address {
            host: "127.0.0.1".into(),
            port: Some(1),
        }),
        server: None,
        secure: false,
        tls: None,
    };
    let client = client(&names.resolve(&headers, &ends, &trusted));
    assert!(client.parse::<IpAddr>().is_ok(), "{client:?}");

    let stranger = if by_rfc { "for=203.0.113.9" } else { STRANGER };
    headers.append(&names.host_header, HeaderValue::from_static(stranger));
    assert_eq!(self::client(&names.resolve(&headers, &ends, &trusted)), STRANGER);
}

fn client(ends: &Ends) -> String {
    let client = ends.client.as_ref().expect("it was there before");
    client.host.to_string()
}
