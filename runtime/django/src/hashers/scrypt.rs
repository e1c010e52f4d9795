//! `scrypt$work factor$salt$block size$parallelism$hash`, the hash in base64.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use scrypt::Params;

/// Work factor, block size, parallelism.
type Costs = (u64, u32, u32);

/// Memory one hash may take. A stored password names its own factors, and a database is not always
/// one's own.
const MAX_MEMORY: u64 = 256 * 1024 * 1024;

pub(super) fn make(password: &str, salt: &str, costs: Costs) -> Option<String> {
    let (work, block, lanes) = costs;
    let memory = work.checked_mul(u64::from(block))?.checked_mul(128)?;
    if !work.is_power_of_two() || memory > MAX_MEMORY {
        return None;
    }
    let log_work = u8::try_from(work.trailing_zeros()).ok()?;
    let params = Params::new(log_work, block, lanes).ok()?;
    let mut hash = [0; 64];
    scrypt::scrypt(password.as_bytes(), salt.as_bytes(), &params, &mut hash).ok()?;
    Some(format!(
        "scrypt${work}${salt}${block}${lanes}${}",
        STANDARD.encode(hash)
    ))
}

fn parse(encoded: &str) -> Option<(&str, Costs)> {
    let mut parts = encoded.split('$').skip(1);
    let work = parts.next()?.parse().ok()?;
    let salt = parts.next()?;
    let block = parts.next()?.parse().ok()?;
    let lanes = parts.next()?.parse().ok()?;
    Some((salt, (work, block, lanes)))
}

pub(super) fn again(password: &str, encoded: &str) -> Option<String> {
    let (salt, costs) = parse(encoded)?;
    make(password, salt, costs)
}

pub(super) fn must_update(encoded: &str, costs: Costs) -> bool {
    parse(encoded).is_none_or(|(_, stored)| stored != costs)
}
