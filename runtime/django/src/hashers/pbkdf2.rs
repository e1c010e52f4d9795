//! `algorithm$iterations$salt$hash`, the hash in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pbkdf2::pbkdf2_hmac_array;
use sha1::Sha1;
use sha2::Sha256;

use super::is_weak_salt;

pub(super) fn sha256(password: &str, salt: &str, iterations: u32) -> Option<String> {
    let hash: [u8; 32] =
        pbkdf2_hmac_array::<Sha256, 32>(password.as_bytes(), salt.as_bytes(), iterations.max(1));
    Some(format!(
        "pbkdf2_sha256${iterations}${salt}${}",
        STANDARD.encode(hash)
    ))
}

pub(super) fn sha1(password: &str, salt: &str, iterations: u32) -> Option<String> {
    let hash: [u8; 20] =
        pbkdf2_hmac_array::<Sha1, 20>(password.as_bytes(), salt.as_bytes(), iterations.max(1));
    Some(format!(
        "pbkdf2_sha1${iterations}${salt}${}",
        STANDARD.encode(hash)
    ))
}

/// Algorithm, iterations and salt.
fn parse(encoded: &str) -> Option<(&str, u32, &str)> {
    let mut parts = encoded.splitn(4, '$');
    let (algorithm, iterations, salt) = (parts.next()?, parts.next()?, parts.next()?);
    parts.next()?;
    Some((algorithm, iterations.parse().ok()?, salt))
}

pub(super) fn again(password: &str, encoded: &str) -> Option<String> {
    match parse(encoded)? {
        ("pbkdf2_sha1", iterations, salt) => sha1(password, salt, iterations),
        (_, iterations, salt) => sha256(password, salt, iterations),
    }
}

pub(super) fn must_update(encoded: &str, iterations: u32) -> bool {
    parse(encoded).is_none_or(|(_, stored, salt)| stored != iterations || is_weak_salt(salt))
}
