//! The encryption of `channels_redis`: `symmetric_encryption_keys`, which are Fernet keys after a hash.
//!
//! A token is `0x80`, the Unix time (8 bytes), an IV (16 bytes), the message under AES-128-CBC with PKCS#7 padding, and an
//! HMAC-SHA256 of all of it; the whole in the URL-safe alphabet of base64, with padding. There is no clock in here:
//! whoever calls says what time it is.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use bytes::Bytes;

mod key;

use self::key::Key;

const VERSION: u8 = 0x80;
const TIME: std::ops::Range<usize> = 1..9;
const IV: std::ops::Range<usize> = 9..25;
const BLOCK: usize = 16;
const TAG: usize = 32;

/// How far another machine's clock may be ahead, in seconds; asked only where a time to live is, as in Python.
const MAX_CLOCK_SKEW: u64 = 60;

/// Why a token says nothing to us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FernetError {
    /// There is no key to encrypt with.
    #[error("symmetric_encryption_keys is empty; give at least one key")]
    NoKeys,
    /// Not base64, too short, or of another version.
    #[error("this is no Fernet token; has every process symmetric_encryption_keys?")]
    Malformed,
    /// None of the keys made the token, or somebody changed it.
    #[error("no key of symmetric_encryption_keys made this token, or it was changed on the way")]
    WrongKey,
    /// The token is older than its time to live.
    #[error("the token is {age} s old, and valid for {ttl:?}; do the clocks of all machines agree?")]
    Expired {
        /// Its age in seconds.
        age: u64,
        /// How long it was valid.
        ttl: Duration,
    },
    /// The token says it was made more than a minute from now.
    #[error("the token was made {ahead} s in the future; do the clocks of all machines agree?")]
    FromTheFuture {
        /// By how many seconds.
        ahead: u64,
    },
}

/// Several keys of which the first encrypts and each decrypts, so that keys can be rotated one process at a time.
///
/// Counterpart of `cryptography.fernet.MultiFernet` over the keys that `channels_redis` derives: any text, hashed with
/// SHA-256, gives 16 bytes to sign with and 16 to encrypt with. The keys are wiped from memory on drop and never shown.
///
/// ```
/// use laureola_message::fernet::MultiFernet;
///
/// let old = MultiFernet::new(["last year's secret"])?;
/// let rotated = MultiFernet::new(["this year's secret", "last year's secret"])?;
///
/// let token = old.encrypt(b"hello", 1_700_000_000);
/// assert_eq!(rotated.decrypt(&token, None, 1_700_000_001)?, &b"hello"[..]);
/// # Ok::<(), laureola_message::fernet::FernetError>(())
/// ```
#[derive(Clone)]
pub struct MultiFernet {
    first: Key,
    others: Vec<Key>,
}

impl MultiFernet {
    /// Takes `symmetric_encryption_keys`: text, or bytes, of any length. Error: [`FernetError::NoKeys`].
    pub fn new<K: AsRef<[u8]>>(keys: impl IntoIterator<Item = K>) -> Result<Self, FernetError> {
        let mut keys = keys.into_iter().map(|key| Key::derive(key.as_ref()));
        let first = keys.next().ok_or(FernetError::NoKeys)?;
        Ok(Self {
            first,
            others: keys.collect(),
        })
    }

    /// A token of `data` under the first key and a random IV, made at `now` (Unix time in seconds).
    ///
    /// Panics if the operating system has no random bytes, which it always has once it is up.
    pub fn encrypt(&self, data: &[u8], now: u64) -> Bytes {
        self.encrypt_behind(&[], data, now)
    }

    /// `prefix` as it is, then the token.
    pub(crate) fn encrypt_behind(&self, prefix: &[u8], data: &[u8], now: u64) -> Bytes {
        let mut iv = [0; BLOCK];
        getrandom::fill(&mut iv).expect("the operating system's random source never fails once it is up");
        let token = self.first.seal(data, now, iv);
        let encoded = base64::encoded_len(token.len(), true).expect("a message is shorter than 4 GiB");
        let mut out = vec![0; prefix.len() + encoded];
        out[..prefix.len()].copy_from_slice(prefix);
        URL_SAFE
            .encode_slice(token, &mut out[prefix.len()..])
            .expect("the space was counted before");
        out.into()
    }

    /// What one of the keys encrypted, if the token is not older than `ttl` at `now` (Unix time in seconds).
    ///
    /// Without `ttl`, its time does not matter. The tag is compared in constant time, before anything is decrypted.
    pub fn decrypt(&self, token: &[u8], ttl: Option<Duration>, now: u64) -> Result<Bytes, FernetError> {
        let token = URL_SAFE.decode(token).map_err(|_| FernetError::Malformed)?;
        if token.first() != Some(&VERSION) || token.len() < IV.end + BLOCK + TAG {
            return Err(FernetError::Malformed);
        }
        let (signed, tag) = token.split_at(token.len() - TAG);
        let key = std::iter::once(&self.first)
            .chain(&self.others)
            .find(|key| key.signed(signed, tag))
            .ok_or(FernetError::WrongKey)?;
        if let Some(ttl) = ttl {
            let time = u64::from_be_bytes(signed[TIME].try_into().expect("eight bytes"));
            check_time(time, ttl, now)?;
        }
        key.open(signed).ok_or(FernetError::Malformed)
    }
}

fn check_time(time: u64, ttl: Duration, now: u64) -> Result<(), FernetError> {
    let age = now.saturating_sub(time);
    if Duration::from_secs(age) > ttl {
        return Err(FernetError::Expired { age, ttl });
    }
    let ahead = time.saturating_sub(now);
    if ahead > MAX_CLOCK_SKEW {
        return Err(FernetError::FromTheFuture { ahead });
    }
    Ok(())
}

/// Says how many keys there are, and nothing about them.
impl fmt::Debug for MultiFernet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MultiFernet")
            .field("keys", &(1 + self.others.len()))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
