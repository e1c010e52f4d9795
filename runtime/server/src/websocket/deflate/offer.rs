//! `Sec-WebSocket-Extensions` (RFC 6455 §9.1), and what becomes of it (RFC 7692 §5, §7.1).

use std::fmt::Write as _;

use http::{HeaderMap, HeaderValue, header};

use super::Deflate;

const NAME: &str = "permessage-deflate";
/// The smallest window zlib has for raw data.
const LEAST: u8 = 9;
const GREATEST: u8 = 15;

/// The header breaks its grammar.
#[derive(Debug)]
pub(crate) struct Malformed;

/// What was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    /// The window of the server's messages, in bits.
    pub(crate) server_window: u8,
    /// The window of the client's messages; `None` where each stands alone.
    pub(crate) client_window: Option<u8>,
    /// The response's header.
    pub(crate) response: HeaderValue,
}

/// Takes the first offer of permessage-deflate that can be met; declines all others.
pub(crate) fn negotiate(headers: &HeaderMap, ours: Option<&Deflate>) -> Result<Option<Agreed>, Malformed> {
    let mut agreed = None;
    for value in headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS) {
        let mut rest = value.as_bytes();
        while let Some(extension) = next_extension(&mut rest)? {
            if agreed.is_none()
                && extension.name == NAME
                && let Some(ours) = ours
            {
                agreed = Offer::understand(&extension.params).map(|offer| offer.accept(ours));
            }
        }
    }
    Ok(agreed)
}

/// An offer that can be met.
#[derive(Debug, Default)]
struct Offer {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// Without a value, it only says that the client lets itself be asked.
    client_max_window_bits: Option<u8>,
}

impl Offer {
    /// `None` for one that is to be declined (RFC 7692 §7.1).
    fn understand(params: &[(&str, Option<&str>)]) -> Option<Self> {
        let mut offer = Self::default();
        for param in params {
            match *param {
                ("server_no_context_takeover", None) => once(&mut offer.server_no_context_takeover)?,
                ("client_no_context_takeover", None) => once(&mut offer.client_no_context_takeover)?,
                ("server_max_window_bits", Some(value)) if offer.server_max_window_bits.is_none() => {
                    offer.server_max_window_bits = Some(bits(value).filter(|bits| *bits >= LEAST)?);
                }
                ("client_max_window_bits", value) if offer.client_max_window_bits.is_none() => {
                    offer.client_max_window_bits = Some(value.map_or(Some(GREATEST), bits)?);
                }
                _ => return None,
            }
        }
        Some(offer)
    }

    fn accept(&self, ours: &Deflate) -> Agreed {
        let server_most = ours.server_max_window_bits.clamp(LEAST, GREATEST);
        let server_window = self.server_max_window_bits.unwrap_or(GREATEST).min(server_most);
        let mut text = format!("{NAME}; server_no_context_takeover");
        if ours.client_no_context_takeover {
            text += "; client_no_context_takeover";
        }
        if self.server_max_window_bits.is_some() || server_window < GREATEST {
            let _ = write!(text, "; server_max_window_bits={server_window}");
        }
        let client_most = ours.client_max_window_bits.clamp(LEAST, GREATEST);
        let mut client_window = GREATEST;
        // Only a client that speaks of it may be asked.
        if let Some(theirs) = self.client_max_window_bits
            && client_most < GREATEST
        {
            let bits = theirs.min(client_most);
            let _ = write!(text, "; client_max_window_bits={bits}");
            client_window = bits.max(LEAST);
        }
        let alone = ours.client_no_context_takeover || self.client_no_context_takeover;
        Agreed {
            server_window,
            client_window: (!alone).then_some(client_window),
            response: HeaderValue::try_from(text).expect("a legal header value"),
        }
    }
}

/// A parameter may stand once.
fn once(seen: &mut bool) -> Option<()> {
    (!std::mem::replace(seen, true)).then_some(())
}

/// 8 to 15, in decimal and without leading zeros.
fn bits(value: &str) -> Option<u8> {
    let plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    value
        .parse()
        .ok()
        .filter(|bits| plain && (8..=GREATEST).contains(bits))
}

#[derive(Debug)]
struct Extension<'a> {
    name: &'a str,
    params: Vec<(&'a str, Option<&'a str>)>,
}

/// The next element of the list; `None` at its end.
fn next_extension<'a>(rest: &mut &'a [u8]) -> Result<Option<Extension<'a>>, Malformed> {
    // A list may have empty elements.
    while take(rest, b',') {}
    if rest.is_empty() {
        return Ok(None);
    }
    let name = token(rest).ok_or(Malformed)?;
    let mut params = Vec::new();
    while take(rest, b';') {
        let name = token(rest).ok_or(Malformed)?;
        let value = if take(rest, b'=') {
            Some(quoted(rest).or_else(|| token(rest)).ok_or(Malformed)?)
        } else {
            None
        };
        params.push((name, value));
    }
    if !rest.is_empty() && !rest.starts_with(b",") {
        return Err(Malformed);
    }
    Ok(Some(Extension { name, params }))
}

/// Takes `byte` and the space around it, if it is next.
fn take(rest: &mut &[u8], byte: u8) -> bool {
    *rest = rest.trim_ascii_start();
    let Some(behind) = rest.strip_prefix(&[byte]) else {
        return false;
    };
    *rest = behind.trim_ascii_start();
    true
}

fn token<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest
        .iter()
        .position(|byte| !is_token(*byte))
        .unwrap_or(rest.len());
    let token = rest.split_off(..end)?;
    *rest = rest.trim_ascii_start();
    std::str::from_utf8(token).ok().filter(|token| !token.is_empty())
}

/// A token in quotes: what is within them has to be one (RFC 6455 §9.1).
fn quoted<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let mut inner = rest.strip_prefix(b"\"")?;
    let value = token(&mut inner)?;
    *rest = inner.strip_prefix(b"\"")?;
    Some(value)
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(offers: &[&str], ours: &Deflate) -> Option<String> {
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(header::SEC_WEBSOCKET_EXTENSIONS, offer.parse().unwrap());
        }
        let agreed = negotiate(&headers, Some(ours)).unwrap()?;
        Some(agreed.response.to_str().unwrap().to_owned())
    }

    const PLAIN: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    #[test]
    fn the_first_offer_that_can_be_met_is_taken() {
        let ours = Deflate::default();
        let with = |params: &str| Some(format!("{PLAIN}{params}"));
        for (offers, expected) in [
            (&["permessage-deflate"][..], with("")),
            (&["permessage-deflate; client_max_window_bits"], with("")),
            (&["permessage-deflate;client_max_window_bits=8"], with("")),
            (
                &["permessage-deflate; server_max_window_bits=10"],
                with("; server_max_window_bits=10"),
            ),
            (
                &["permessage-deflate; server_max_window_bits=\"12\""],
                with("; server_max_window_bits=12"),
            ),
            (
                &["permessage-deflate ; server_no_context_takeover ; client_no_context_takeover"],
                with(""),
            ),
            (&["x-other; a=b, , permessage-deflate"], with("")),
            (&["x-other", "permessage-deflate"], with("")),
            (
                &[
                    "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=9",
                ],
                with("; server_max_window_bits=9"),
            ),
            (&["permessage-deflate; unknown, permessage-deflate"], with("")),
            (&[""], None),
            (&["x-webkit-deflate-frame"], None),
        ] {
            assert_eq!(answer(offers, &ours), expected, "{offers:?}");
        }
    }

    #[test]
    fn offers_that_are_not_valid_are_declined() {
        for params in [
            "server_no_context_takeover=1",
            "client_no_context_takeover=true",
            "server_no_context_takeover; server_no_context_takeover",
            "client_no_context_takeover; client_no_context_takeover",
            "server_max_window_bits",
            "server_max_window_bits=7",
            "server_max_window_bits=16",
            "server_max_window_bits=09",
            "server_max_window_bits=+9",
            "server_max_window_bits=ten",
            "server_max_window_bits=10; server_max_window_bits=10",
            "client_max_window_bits=7",
            "client_max_window_bits=16",
            "client_max_window_bits=010",
            "client_max_window_bits; client_max_window_bits",
            "mode=fast",
        ] {
            let offer = format!("permessage-deflate; {params}");
            assert_eq!(answer(&[&offer], &Deflate::default()), None, "{offer}");
        }
    }

    #[test]
    fn our_settings_show_in_the_answer() {
        let ours = Deflate {
            server_max_window_bits: 11,
            client_max_window_bits: 10,
            client_no_context_takeover: false,
            ..Deflate::default()
        };
        for (offer, expected) in [
            ("permessage-deflate", "; server_max_window_bits=11"),
            (
                "permessage-deflate; server_max_window_bits=9",
                "; server_max_window_bits=9",
            ),
            (
                "permessage-deflate; client_max_window_bits",
                "; server_max_window_bits=11; client_max_window_bits=10",
            ),
            (
                "permessage-deflate; client_max_window_bits=8",
                "; server_max_window_bits=11; client_max_window_bits=8",
            ),
        ] {
            let expected = format!("permessage-deflate; server_no_context_takeover{expected}");
            assert_eq!(answer(&[offer], &ours), Some(expected), "{offer}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_malformed() {
        for value in [
            ";",
            "a b",
            "a;",
            "a; =b",
            "a; b=",
            "a; b=\"",
            "a; b=\"c d\"",
            "a; b=\"\"",
            "\"a\"",
            "a=b",
            "a; b=c d",
        ] {
            let mut headers = HeaderMap::new();
            headers.append(header::SEC_WEBSOCKET_EXTENSIONS, value.parse().unwrap());
            assert!(negotiate(&headers, None).is_err(), "{value}");
        }
    }
}
