//! Algorithms of times past: read, so that their users can log in and be upgraded.

use std::fmt::Write;

use md5::Md5;
use sha1::{Digest, Sha1};

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

pub(super) fn md5(password: &str, salt: &str) -> String {
    let hash = Md5::new().chain_update(salt).chain_update(password).finalize();
    format!("md5${salt}${}", hex(&hash))
}

pub(super) fn sha1(password: &str, salt: &str) -> String {
    let hash = Sha1::new().chain_update(salt).chain_update(password).finalize();
    format!("sha1${salt}${}", hex(&hash))
}

pub(super) fn unsalted_md5(password: &str) -> String {
    hex(&Md5::digest(password))
}

pub(super) fn unsalted_sha1(password: &str) -> String {
    format!("sha1$${}", hex(&Sha1::digest(password)))
}

/// DES crypt. The salt is the first two characters of what is given, which may be a whole hash.
#[expect(
    deprecated,
    reason = "it is as weak as they say, and what is stored is stored"
)]
pub(super) fn crypt(password: &str, salt: &str) -> Option<String> {
    let hash = pwhash::unix_crypt::hash_with(salt.get(..2)?, password).ok()?;
    Some(format!("crypt$${hash}"))
}

/// The salt of `algorithm$salt$hash`.
pub(super) fn salt(encoded: &str) -> Option<&str> {
    encoded.split('$').nth(1)
}
