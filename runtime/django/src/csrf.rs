//! CSRF secrets and tokens, interchangeable with those of Django's `CsrfViewMiddleware`.
//!
//! A browser keeps a secret in the cookie `csrftoken`; each form carries a token, which is the secret under a new mask. A
//! request that changes something has to come from an origin of ours and bring a token of its cookie's secret.
//!
//! # Layout
//! - [`CsrfSecret`]: secrets and tokens
//! - [`origin`]: which origins a request may come from
//!
//! ```
//! use laureola_django::csrf::CsrfSecret;
//!
//! let secret = CsrfSecret::generate();
//! let token = secret.token();
//! assert_ne!(token, secret.token(), "every form gets another one");
//! assert_eq!(secret.check(&token), Ok(()));
//! ```

pub mod origin;

use std::fmt;

use subtle::ConstantTimeEq;

use crate::random::{self, ALPHANUMERIC};

pub use origin::{Origins, Request};

/// The name of the form's field.
pub const FIELD: &str = "csrfmiddlewaretoken";
/// The header that scripts send the token in.
pub const HEADER: &str = "x-csrftoken";
/// `CSRF_COOKIE_NAME`.
pub const COOKIE: &str = "csrftoken";
/// `CSRF_COOKIE_AGE`, in seconds: a year.
pub const COOKIE_AGE: u64 = 60 * 60 * 24 * 7 * 52;

const SECRET_LENGTH: usize = 32;
const TOKEN_LENGTH: usize = 2 * SECRET_LENGTH;

/// Why a request was refused; Django's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsrfError {
    /// The `Origin` is not ours.
    #[error("Origin checking failed - {0} does not match any trusted origins.")]
    BadOrigin(String),
    /// Over HTTPS one of `Origin` and `Referer` has to be there.
    #[error("Referer checking failed - no Referer.")]
    NoReferer,
    /// The `Referer` is no URL.
    #[error("Referer checking failed - Referer is malformed.")]
    MalformedReferer,
    /// The `Referer` is not HTTPS.
    #[error("Referer checking failed - Referer is insecure while host is secure.")]
    InsecureReferer,
    /// The `Referer` is not ours.
    #[error("Referer checking failed - {0} does not match any trusted origins.")]
    BadReferer(String),
    /// The browser has no secret.
    #[error("CSRF cookie not set.")]
    NoCookie,
    /// The cookie is no secret.
    #[error("CSRF cookie {0}.")]
    BadCookie(Format),
    /// Neither field nor header.
    #[error("CSRF token missing.")]
    NoToken,
    /// The token is none.
    #[error("CSRF token {0}.")]
    BadToken(Format),
    /// The token is another secret's.
    #[error("CSRF token incorrect.")]
    Incorrect,
}

/// What is wrong with a secret's or token's form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// Neither 32 nor 64 characters.
    Length,
    /// Others than letters and digits.
    Characters,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "has incorrect length",
            Self::Characters => "has invalid characters",
        })
    }
}

fn check_format(text: &str) -> Result<(), Format> {
    if text.len() != SECRET_LENGTH && text.len() != TOKEN_LENGTH {
        return Err(Format::Length);
    }
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(Format::Characters)
    }
}

/// The place of a letter or digit among them all.
fn index(byte: u8) -> usize {
    usize::from(match byte {
        b'a'..=b'z' => byte - b'a',
        b'A'..=b'Z' => byte - b'A' + 26,
        _ => byte.saturating_sub(b'0') + 52,
    })
}

/// Takes the mask off a token of 64 letters and digits.
fn unmask(token: &str) -> String {
    let (mask, cipher) = token.as_bytes().split_at(SECRET_LENGTH);
    let count = ALPHANUMERIC.len();
    let plain = cipher
        .iter()
        .zip(mask)
        .map(|(cipher, mask)| (index(*cipher) + count - index(*mask)) % count);
    plain.map(|place| char::from(ALPHANUMERIC[place])).collect()
}

/// A browser's secret. Not shown by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct CsrfSecret(String);

impl CsrfSecret {
    /// A new one, for a browser without, and at each login.
    #[must_use]
    pub fn generate() -> Self {
        Self(random::text(SECRET_LENGTH, ALPHANUMERIC))
    }

    /// The secret of a cookie; masked ones, of Django before 4.0, too.
    ///
    /// # Errors
    /// [`CsrfError::BadCookie`]. Django then makes a new secret for pages, and refuses forms.
    pub fn from_cookie(cookie: &str) -> Result<Self, CsrfError> {
        check_format(cookie).map_err(CsrfError::BadCookie)?;
        Ok(Self(if cookie.len() == TOKEN_LENGTH {
            unmask(cookie)
        } else {
            cookie.to_owned()
        }))
    }

    /// What stands in the cookie.
    #[must_use]
    pub fn cookie(&self) -> &str {
        &self.0
    }

    /// A token for a form: the secret under a new mask, so that compressed pages do not give it away.
    #[must_use]
    pub fn token(&self) -> String {
        let mask = random::text(SECRET_LENGTH, ALPHANUMERIC);
        let cipher = self.0.bytes().zip(mask.bytes()).map(|(secret, mask)| {
            char::from(ALPHANUMERIC[(index(secret) + index(mask)) % ALPHANUMERIC.len()])
        });
        let mut token = String::with_capacity(TOKEN_LENGTH);
        token.push_str(&mask);
        token.extend(cipher);
        token
    }

    /// Whether `token` is of this secret; the bare secret is one, too. Compares in constant time.
    ///
    /// # Errors
    /// [`CsrfError::BadToken`], [`CsrfError::Incorrect`].
    pub fn check(&self, token: &str) -> Result<(), CsrfError> {
        check_format(token).map_err(CsrfError::BadToken)?;
        let secret = if token.len() == TOKEN_LENGTH {
            unmask(token)
        } else {
            token.to_owned()
        };
        if bool::from(secret.as_bytes().ct_eq(self.0.as_bytes())) {
            Ok(())
        } else {
            Err(CsrfError::Incorrect)
        }
    }
}

impl fmt::Debug for CsrfSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfSecret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_its_secrets_alone() {
        let (one, other) = (CsrfSecret::generate(), CsrfSecret::generate());
        for _ in 0..100 {
            assert_eq!(one.check(&one.token()), Ok(()));
            assert_eq!(other.check(&one.token()), Err(CsrfError::Incorrect));
        }
        assert_eq!(
            one.check(one.cookie()),
            Ok(()),
            "scripts send what stands in the cookie"
        );
        assert_eq!(CsrfSecret::from_cookie(&one.token()).as_ref(), Ok(&one));
    }

    #[test]
    fn a_token_of_djangos_is_taken() {
        let secret = CsrfSecret::from_cookie("abcdefghijklmnopqrstuvwxyzABCD09").unwrap();
        assert_eq!(
            secret.check("DckNMuBRMP2xva4IaTqu6rnrbbfSpgfkDdmQQzHYUYcIHniXqaINqMJOzAFjRJ5j"),
            Ok(())
        );
    }

    #[test]
    fn what_is_no_token_is_refused_with_djangos_words() {
        let secret = CsrfSecret::generate();
        for (token, reason) in [
            ("", "CSRF token has incorrect length."),
            ("short", "CSRF token has incorrect length."),
            (&"-".repeat(32), "CSRF token has invalid characters."),
            (&"é".repeat(32), "CSRF token has invalid characters."),
            (&"a".repeat(64), "CSRF token incorrect."),
        ] {
            assert_eq!(secret.check(token).unwrap_err().to_string(), reason);
        }
        assert_eq!(
            CsrfSecret::from_cookie("x"),
            Err(CsrfError::BadCookie(Format::Length))
        );
    }
}
