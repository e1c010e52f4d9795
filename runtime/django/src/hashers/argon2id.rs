//! `argon2` in front of the standard form `$argon2id$v=19$m=…,t=…,p=…$salt$hash`.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::is_weak_salt;

/// Passes, KiB, lanes.
type Costs = (u32, u32, u32);

const HASH_LENGTH: usize = 32;

pub(super) fn make(password: &str, salt: &str, costs: Costs) -> Option<String> {
    encode(password, salt.as_bytes(), costs, "argon2id", 19, HASH_LENGTH)
}

fn encode(
    password: &str,
    salt: &[u8],
    costs: Costs,
    variety: &str,
    version: u32,
    length: usize,
) -> Option<String> {
    let (time, memory, lanes) = costs;
    let params = Params::new(memory, time, lanes, Some(length)).ok()?;
    let algorithm = Algorithm::new(variety).ok()?;
    let argon2 = Argon2::new(algorithm, Version::try_from(version).ok()?, params);
    let mut hash = vec![0; length];
    argon2
        .hash_password_into(password.as_bytes(), salt, &mut hash)
        .ok()?;
    let (salt, hash) = (STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash));
    Some(format!(
        "argon2${variety}$v={version}$m={memory},t={time},p={lanes}${salt}${hash}"
    ))
}

struct Parts<'a> {
    variety: &'a str,
    version: u32,
    costs: Costs,
    salt: Vec<u8>,
    length: usize,
}

fn parse(encoded: &str) -> Option<Parts<'_>> {
    let mut parts = encoded.split('$').skip(1);
    let variety = parts.next()?;
    let version = parts.next()?.strip_prefix("v=")?.parse().ok()?;
    let mut costs = parts.next()?.split(',');
    let mut cost = |name| costs.next()?.strip_prefix(name)?.parse().ok();
    let (memory, time, lanes) = (cost("m=")?, cost("t=")?, cost("p=")?);
    let salt = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    let hash = STANDARD_NO_PAD.decode(parts.next()?).ok()?;
    Some(Parts {
        variety,
        version,
        costs: (time, memory, lanes),
        salt,
        length: hash.len(),
    })
}

pub(super) fn again(password: &str, encoded: &str) -> Option<String> {
    let parts = parse(encoded)?;
    encode(
        password,
        &parts.salt,
        parts.costs,
        parts.variety,
        parts.version,
        parts.length,
    )
}

pub(super) fn must_update(encoded: &str, costs: Costs) -> bool {
    parse(encoded).is_none_or(|parts| {
        let current = (parts.variety, parts.version, parts.costs, parts.length);
        current != ("argon2id", 19, costs, HASH_LENGTH)
            || std::str::from_utf8(&parts.salt).is_ok_and(is_weak_salt)
    })
}
