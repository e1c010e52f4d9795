//! Signed texts, as `django.core.signing` makes them.
//!
//! A signature is URL-safe base64 of HMAC-SHA256 under a key derived from the secret and a salt, so
//! that a text signed for one purpose means nothing for another. The first secret signs, all verify.
//!
//! ```
//! use laureola_django::{Secrets, signing::Signer};
//!
//! let secrets = Secrets::new("secret");
//! let signer = Signer::new(&secrets, "greetings");
//! let signed = signer.sign("hello");
//! assert!(signed.starts_with("hello:"));
//! assert_eq!(signer.unsign(&signed)?, "hello");
//! assert!(signer.unsign("hello:forged").is_err());
//! # Ok::<(), laureola_django::signing::BadSignature>(())
//! ```

mod base62;
mod object;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::secrets::Secrets;

pub use object::{dumps, loads};

const SEPARATOR: char = ':';

/// Why a signed text was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSignature {
    /// There is no signature in it.
    #[error("the text holds no signature")]
    Missing,
    /// It is not ours, or was changed.
    #[error("the signature does not match")]
    Mismatch,
    /// It was signed longer ago than it may.
    #[error("the signature is too old")]
    Expired,
    /// The signature is good, what it signs is not what was asked for.
    #[error("the signed text cannot be read: {0}")]
    Malformed(&'static str),
}

/// `salted_hmac(key_salt, value, secret, algorithm="sha256")`.
pub(crate) fn salted_hmac(key_salt: &str, value: &[u8], secret: &[u8]) -> [u8; 32] {
    let key = Sha256::new()
        .chain_update(key_salt.as_bytes())
        .chain_update(secret)
        .finalize();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("HMAC takes keys of any length");
    mac.update(value);
    mac.finalize().into_bytes().into()
}

/// Signs texts for one purpose. Django: `Signer`, `TimestampSigner`.
#[derive(Debug)]
pub struct Signer<'a> {
    secrets: &'a Secrets,
    key_salt: String,
}

impl<'a> Signer<'a> {
    /// A signer for the purpose that `salt` names.
    #[must_use]
    pub fn new(secrets: &'a Secrets, salt: &str) -> Self {
        Self {
            secrets,
            key_salt: format!("{salt}signer"),
        }
    }

    fn signature(&self, value: &str, secret: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(salted_hmac(&self.key_salt, value.as_bytes(), secret))
    }

    /// `value`, a colon and the signature.
    #[must_use]
    pub fn sign(&self, value: &str) -> String {
        let signature = self.signature(value, self.secrets.first());
        format!("{value}{SEPARATOR}{signature}")
    }

    /// The text that was signed. Compares in constant time.
    ///
    /// # Errors
    /// [`BadSignature::Missing`] and [`BadSignature::Mismatch`].
    pub fn unsign<'t>(&self, signed: &'t str) -> Result<&'t str, BadSignature> {
        let (value, signature) = signed.rsplit_once(SEPARATOR).ok_or(BadSignature::Missing)?;
        let matches = |secret: &[u8]| -> bool {
            self.signature(value, secret)
                .as_bytes()
                .ct_eq(signature.as_bytes())
                .into()
        };
        if self.secrets.all().any(matches) {
            Ok(value)
        } else {
            Err(BadSignature::Mismatch)
        }
    }

    /// As [`sign`](Self::sign), with the time of signing in it, to the second.
    #[must_use]
    pub fn sign_with_time(&self, value: &str) -> String {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
            .as_secs();
        self.sign(&format!("{value}{SEPARATOR}{}", base62::encode(now)))
    }

    /// The text of [`sign_with_time`](Self::sign_with_time), if it was signed at most `max_age` ago.
    ///
    /// # Errors
    /// All of [`BadSignature`].
    pub fn unsign_with_time<'t>(
        &self,
        signed: &'t str,
        max_age: Option<Duration>,
    ) -> Result<&'t str, BadSignature> {
        let stamped = self.unsign(signed)?;
        let (value, time) = stamped
            .rsplit_once(SEPARATOR)
            .ok_or(BadSignature::Malformed("no time"))?;
        let time = base62::decode(time).ok_or(BadSignature::Malformed("no time"))?;
        if let Some(max_age) = max_age {
            let signed_at = UNIX_EPOCH
                .checked_add(Duration::from_secs(time))
                .ok_or(BadSignature::Malformed("no time"))?;
            let age = SystemTime::now().duration_since(signed_at).unwrap_or_default();
            if age > max_age {
                return Err(BadSignature::Expired);
            }
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_of_djangos_is_ours() {
        // Signer(key="secret", salt="greetings").sign("hello")
        let secrets = Secrets::new("secret");
        let signed = Signer::new(&secrets, "greetings").sign("hello");
        assert_eq!(signed, "hello:wZfoJtVsa9TAEaVgsC2N9fB6dg71Jtx10ckZ5w8bfrQ");
    }

    #[test]
    fn older_secrets_verify_and_do_not_sign() {
        let old = Secrets::new("old");
        let signed = Signer::new(&old, "s").sign("v");
        let both = Secrets::new("new").with_fallbacks(["old"]);
        let signer = Signer::new(&both, "s");
        assert_eq!(signer.unsign(&signed), Ok("v"));
        assert_eq!(
            Signer::new(&old, "s").unsign(&signer.sign("v")),
            Err(BadSignature::Mismatch)
        );
    }

    #[test]
    fn what_is_not_signed_is_refused() {
        let secrets = Secrets::new("secret");
        let signer = Signer::new(&secrets, "s");
        assert_eq!(signer.unsign("v"), Err(BadSignature::Missing));
        assert_eq!(signer.unsign("v:"), Err(BadSignature::Mismatch));
        assert_eq!(
            Signer::new(&secrets, "t").unsign(&signer.sign("v")),
            Err(BadSignature::Mismatch)
        );
        let untimed = signer.sign("v");
        assert_eq!(
            signer.unsign_with_time(&untimed, None),
            Err(BadSignature::Malformed("no time"))
        );
    }

    #[test]
    fn a_signature_grows_old() {
        let secrets = Secrets::new("secret");
        let signer = Signer::new(&secrets, "s");
        let signed = signer.sign("v:0");
        assert_eq!(signer.unsign_with_time(&signed, None), Ok("v"));
        let day = Some(Duration::from_secs(86_400));
        assert_eq!(signer.unsign_with_time(&signed, day), Err(BadSignature::Expired));
        assert_eq!(signer.unsign_with_time(&signer.sign_with_time("v"), day), Ok("v"));
    }
}
