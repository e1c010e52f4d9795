//! `bcrypt_sha256$$2b$rounds$salt and hash`; without `_sha256` the password itself, of which bcrypt
//! reads 72 bytes.

use std::fmt::Write;

use bcrypt::Version;
use sha2::{Digest, Sha256};

/// What bcrypt is given.
fn key(password: &str, digested: bool) -> String {
    if !digested {
        return password.to_owned();
    }
    Sha256::digest(password)
        .iter()
        .fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
}

const fn name(digested: bool) -> &'static str {
    if digested { "bcrypt_sha256" } else { "bcrypt" }
}

pub(super) fn make(password: &str, rounds: u32, digested: bool) -> Option<String> {
    let hash = bcrypt::hash_with_result(key(password, digested), rounds).ok()?;
    Some(format!(
        "{}${}",
        name(digested),
        hash.format_for_version(Version::TwoB)
    ))
}

/// `encoded` itself where the password is right.
pub(super) fn again(password: &str, encoded: &str, digested: bool) -> Option<String> {
    let (_, hash) = encoded.split_once('$')?;
    let right = bcrypt::verify(key(password, digested), hash).ok()?;
    right.then(|| encoded.to_owned())
}

pub(super) fn must_update(encoded: &str, rounds: u32) -> bool {
    let stored = encoded
        .split('$')
        .nth(3)
        .and_then(|stored| stored.parse::<u32>().ok());
    stored != Some(rounds)
}
