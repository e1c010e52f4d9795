use super::*;

fn headers(list: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in list {
        map.append(
            name.parse::<HeaderName>().unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    map
}

fn ends(host: &str, port: u16) -> Ends {
    Ends {
        client: Some(Address {
            host: host.into(),
            port: Some(port),
        }),
        ..Ends::default()
    }
}

/// What stands in `X-Forwarded-For`, and the client behind 10.0.0.1 it makes.
fn client(value: &str) -> String {
    let trusted = "10.0.0.0/8,unix".parse().unwrap();
    let map = headers(&[("x-forwarded-for", value)]);
    let told = ProxyHeaders::default().resolve(&map, &ends("10.0.0.1", 5), &trusted);
    told.client.unwrap().to_string()
}

#[test]
fn the_walk_ends_at_the_first_hop_that_is_not_ours() {
    for (value, expected) in [
        ("192.0.2.1", "192.0.2.1:0"),
        ("8.8.8.8, 192.0.2.1", "192.0.2.1:0"),
        ("8.8.8.8,192.0.2.1, 10.0.0.9,10.0.0.8", "192.0.2.1:0"),
        ("192.0.2.1:4711, unix:, 10.0.0.8:1", "192.0.2.1:4711"),
        ("[2001:db8::1]:80", "[2001:db8::1]:80"),
        ("::ffff:192.0.2.1", "192.0.2.1:0"),
        // Nothing but our own: the one it began with.
        ("10.0.0.9, 10.0.0.8", "10.0.0.9:0"),
        // What cannot be read hides what is to its left.
        ("192.0.2.1, unknown, 10.0.0.8", "10.0.0.8:0"),
        ("192.0.2.1, unknown", "10.0.0.1:5"),
        ("192.0.2.1,,10.0.0.8", "10.0.0.8:0"),
        ("", "10.0.0.1:5"),
        (",", "10.0.0.1:5"),
        ("\u{e9}", "10.0.0.1:5"),
    ] {
        assert_eq!(client(value), expected, "{value:?}");
    }
}

#[test]
fn lines_of_the_same_header_are_one_list() {
    let map = headers(&[("x-forwarded-for", "8.8.8.8"), ("x-forwarded-for", "192.0.2.1")]);
    let told = ProxyHeaders::default().resolve(&map, &ends("127.0.0.1", 5), &Trusted::default());
    assert_eq!(told.client.unwrap().to_string(), "192.0.2.1:0");
}

#[test]
fn everybody_trusted_is_daphnes_leftmost_entry() {
    let map = headers(&[("x-forwarded-for", "1.1.1.1, 2.2.2.2, 3.3.3.3")]);
    let told = ProxyHeaders::default().resolve(&map, &ends("4.4.4.4", 5), &"*".parse().unwrap());
    assert_eq!(told.client.unwrap().to_string(), "1.1.1.1:0");
}

#[test]
fn port_and_scheme_count_only_beside_an_address() {
    let told = |list: &[(&str, &str)]| {
        let told =
            ProxyHeaders::default().resolve(&headers(list), &ends("127.0.0.1", 5), &Trusted::default());
        (told.client.unwrap().to_string(), told.secure)
    };
    let host = ("x-forwarded-for", "192.0.2.1:7");
    let port = ("x-forwarded-port", "443");
    let proto = ("x-forwarded-proto", "https");
    assert_eq!(told(&[host, port, proto]), ("192.0.2.1:443".to_owned(), true));
    assert_eq!(told(&[port, proto]), ("127.0.0.1:5".to_owned(), false));
    for bad in ["", "x", "-1", "+80", "65536", "80, 81"] {
        assert_eq!(
            told(&[host, ("x-forwarded-port", bad)]).0,
            "192.0.2.1:7",
            "{bad:?}"
        );
    }
    for (value, secure) in [
        ("WSS", true),
        ("ws", false),
        ("gopher", false),
        ("http, https", true),
        ("https, http", false),
    ] {
        assert_eq!(told(&[host, ("x-forwarded-proto", value)]).1, secure, "{value}");
    }
    let two = ("x-forwarded-for", "192.0.2.1, 127.0.0.1");
    assert!(
        told(&[two, ("x-forwarded-proto", "https, http")]).1,
        "one for each hop"
    );
    assert!(told(&[two, proto]).1, "one for all");
}

#[test]
fn rfc_7239_is_read_where_it_is_asked_for() {
    let names = ProxyHeaders {
        host_header: HeaderName::from_static("forwarded"),
        ..ProxyHeaders::default()
    };
    for (value, client, secure) in [
        ("for=192.0.2.1;proto=https;by=10.0.0.1", "192.0.2.1:0", true),
        ("For=\"[2001:db8::1]:4711\"", "[2001:db8::1]:4711", false),
        (
            "for=8.8.8.8, for=192.0.2.1;proto=https, for=127.0.0.1;proto=http",
            "192.0.2.1:0",
            true,
        ),
        ("for=unknown", "127.0.0.1:5", false),
        ("for=\"_hidden\", for=127.0.0.2", "127.0.0.2:0", false),
        ("for=192.0.2.1;for=192.0.2.2", "127.0.0.1:5", false),
        ("for=\"192.0.2.1", "127.0.0.1:5", false),
        ("proto=https", "127.0.0.1:5", false),
        ("192.0.2.1", "127.0.0.1:5", false),
        (";;=,=;", "127.0.0.1:5", false),
    ] {
        let map = headers(&[
            ("forwarded", value),
            ("x-forwarded-for", "9.9.9.9"),
            ("x-forwarded-port", "9"),
        ]);
        let told = names.resolve(&map, &ends("127.0.0.1", 5), &Trusted::default());
        assert_eq!(told.client.unwrap().to_string(), client, "{value}");
        assert_eq!(told.secure, secure, "{value}");
    }
}

#[test]
fn the_root_path_is_the_trusted_peers_and_nobody_elses() {
    let forwarding = Forwarding {
        root_path: RootPath::from("/default"),
        ..Forwarding::default()
    };
    for (peer, value, expected) in [
        ("127.0.0.1", "/app%20one", "/app one"),
        ("127.0.0.1", "", ""),
        ("127.0.0.1", "\u{e9}", "/default"),
        ("192.0.2.1", "/app", "/default"),
    ] {
        let mut map = headers(&[
            ("daphne-root-path", "/first"),
            ("daphne-root-path", value),
            ("a", "b"),
        ]);
        let (_, root_path) = forwarding.apply(&mut map, &ends(peer, 1));
        assert_eq!(&*root_path, expected, "{peer} {value}");
        assert_eq!(map.len(), 1, "it is gone, whoever sent it");
    }
    let (_, root_path) = forwarding.apply(&mut headers(&[]), &ends("127.0.0.1", 1));
    assert_eq!(&*root_path, "/default");
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_it_panic(value: Vec<u8>, port: Vec<u8>, rfc: bool) {
        let mut map = HeaderMap::new();
        let name = if rfc { "forwarded" } else { "x-forwarded-for" };
        for (name, bytes) in [(name, &value), ("x-forwarded-port", &port), ("x-forwarded-proto", &port)] {
            if let Ok(value) = HeaderValue::from_bytes(bytes) {
                map.insert(name, value);
            }
        }
        let names = ProxyHeaders { host_header: name.parse().unwrap(), ..ProxyHeaders::default() };
        for trusted in ["*", "", "10.0.0.0/8"] {
            let told = names.resolve(&map, &ends("10.0.0.1", 1), &trusted.parse().unwrap());
            proptest::prop_assert!(told.client.is_some());
        }
    }
}
