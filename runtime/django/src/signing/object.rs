//! Signed values: JSON, deflated where that is shorter, in base64 (`signing.dumps`, `signing.loads`).

use std::io::{self, Read, Write};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{BadSignature, Signer};
use crate::ascii_json;
use crate::secrets::Secrets;

/// A signed value inflates to at most this. Only who knows the secret can sign one; a mistake of
/// theirs should not cost us all memory either.
const MAX_INFLATED: u64 = 16 * 1024 * 1024;

/// `signing.dumps(value, salt=salt, compress=compress)`.
///
/// # Errors
/// The value is no JSON: a map's key is no text, or its `Serialize` fails.
pub fn dumps<T: Serialize + ?Sized>(
    secrets: &Secrets,
    salt: &str,
    value: &T,
    compress: bool,
) -> Result<String, serde_json::Error> {
    let json = ascii_json::to_vec(value)?;
    let deflated = if compress { deflate(&json).ok() } else { None };
    // As Django counts: the dot has to be earned, too.
    let text = match deflated.filter(|deflated| deflated.len() + 1 < json.len()) {
        Some(deflated) => format!(".{}", URL_SAFE_NO_PAD.encode(deflated)),
        None => URL_SAFE_NO_PAD.encode(json),
    };
    Ok(Signer::new(secrets, salt).sign_with_time(&text))
}

/// `signing.loads(text, salt=salt, max_age=max_age)`.
///
/// # Errors
/// All of [`BadSignature`].
pub fn loads<T: DeserializeOwned>(
    secrets: &Secrets,
    salt: &str,
    text: &str,
    max_age: Option<Duration>,
) -> Result<T, BadSignature> {
    let value = Signer::new(secrets, salt).unsign_with_time(text, max_age)?;
    let (value, deflated) = match value.strip_prefix('.') {
        Some(value) => (value, true),
        None => (value, false),
    };
    let bytes = URL_SAFE_NO_PAD
        .decode(value.trim_end_matches('='))
        .map_err(|_| BadSignature::Malformed("not base64"))?;
    let json = if deflated {
        inflate(&bytes).map_err(|_| BadSignature::Malformed("not deflated, or too long"))?
    } else {
        bytes
    };
    serde_json::from_slice(&json).map_err(|_| BadSignature::Malformed("not the json asked for"))
}

fn deflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn inflate(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut inflated = Vec::new();
    ZlibDecoder::new(bytes)
        .take(MAX_INFLATED + 1)
        .read_to_end(&mut inflated)?;
    if inflated.len() as u64 > MAX_INFLATED {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(inflated)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn values_come_back_short_and_long() {
        let secrets = Secrets::new("secret");
        for value in [
            json!({}),
            json!({"a": [1, 2.5, null, "é\u{1f600}"]}),
            json!({"long": "x".repeat(5000)}),
        ] {
            for compress in [false, true] {
                let text = dumps(&secrets, "s", &value, compress).unwrap();
                assert!(text.is_ascii());
                assert_eq!(loads::<Value>(&secrets, "s", &text, None), Ok(value.clone()));
            }
        }
        let long = dumps(&secrets, "s", &"x".repeat(5000), true).unwrap();
        assert!(long.starts_with('.') && long.len() < 200, "{long}");
    }

    #[test]
    fn a_bomb_is_refused() {
        let secrets = Secrets::new("secret");
        let bomb = deflate(&vec![b' '; 17 * 1024 * 1024]).unwrap();
        let text = format!(".{}", URL_SAFE_NO_PAD.encode(bomb));
        let text = Signer::new(&secrets, "s").sign_with_time(&text);
        assert!(matches!(
            loads::<Value>(&secrets, "s", &text, None),
            Err(BadSignature::Malformed(_))
        ));
    }
}
