//! Passwords as Django stores them (`django.contrib.auth.hashers`): verified, created, upgraded.
//!
//! # Layout
//! - [`Hasher`]: one algorithm with its work factors; `pbkdf2`, `argon2id`, `bcrypt`, `scrypt` and `legacy` do the work
//! - [`Passwords`]: `PASSWORD_HASHERS`; the first creates, all verify
//! - [`pool`]: the threads it runs on: hashing takes a tenth of a second and must not be done where
//!   connections are served
//!
//! ```
//! use laureola_django::hashers::{Hasher, Passwords, Verdict};
//!
//! let passwords = Passwords::new([Hasher::Pbkdf2Sha256 { iterations: 1000 }, Hasher::Md5]);
//! let stored = passwords.make("correct horse");
//! assert!(stored.starts_with("pbkdf2_sha256$1000$"));
//! assert_eq!(passwords.check("correct horse", &stored), Verdict::Right { upgrade: false });
//! assert_eq!(passwords.check("wrong", &stored), Verdict::Wrong);
//! ```

mod argon2id;
mod bcrypt;
mod legacy;
mod pbkdf2;
pub mod pool;
mod scrypt;

use subtle::ConstantTimeEq;

use crate::random::{self, ALPHANUMERIC};

pub use pool::{Busy, PasswordPool};

/// How an unusable password begins.
const UNUSABLE: &str = "!";
/// Characters of a salt: 128 bits and more.
const SALT_LENGTH: usize = 22;
const SALT_BITS: f64 = 128.0;

/// One of Django's password hashers, with the work factors it creates passwords with. It verifies
/// those created with any others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hasher {
    /// `PBKDF2PasswordHasher`. Django 4.2: 600,000 iterations; 5.2: 1,000,000.
    Pbkdf2Sha256 {
        /// Rounds of HMAC.
        iterations: u32,
    },
    /// `PBKDF2SHA1PasswordHasher`; iterations as above.
    Pbkdf2Sha1 {
        /// Rounds of HMAC.
        iterations: u32,
    },
    /// `Argon2PasswordHasher`: 2 passes, 102,400 KiB, 8 lanes.
    Argon2 {
        /// Passes over the memory.
        time_cost: u32,
        /// KiB.
        memory_cost: u32,
        /// Lanes.
        parallelism: u32,
    },
    /// `BCryptSHA256PasswordHasher`: 12 rounds.
    BCryptSha256 {
        /// Logarithm of the work.
        rounds: u32,
    },
    /// `BCryptPasswordHasher`: 12 rounds; reads 72 bytes of a password.
    BCrypt {
        /// Logarithm of the work.
        rounds: u32,
    },
    /// `ScryptPasswordHasher`: 2^14, 8, and 5 (in Django 4.2: 1).
    Scrypt {
        /// A power of two.
        work_factor: u64,
        /// Block size.
        block_size: u32,
        /// Parallelism.
        parallelism: u32,
    },
    /// `MD5PasswordHasher`. For tests only.
    Md5,
    /// `SHA1PasswordHasher` of Django 4.2. To verify and upgrade only.
    Sha1,
    /// `UnsaltedMD5PasswordHasher` of Django 4.2. To verify and upgrade only.
    UnsaltedMd5,
    /// `UnsaltedSHA1PasswordHasher` of Django 4.2. To verify and upgrade only.
    UnsaltedSha1,
    /// `CryptPasswordHasher` of Django 4.2: the C library's DES crypt, which reads eight bytes of a password. To verify
    /// and upgrade only; in Django it is in no list by default.
    Crypt,
}

impl Hasher {
    /// What Django 5.2 creates passwords with by default.
    pub const DEFAULT: Self = Self::Pbkdf2Sha256 {
        iterations: 1_000_000,
    };

    /// The name in front of the first `$`.
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Pbkdf2Sha256 { .. } => "pbkdf2_sha256",
            Self::Pbkdf2Sha1 { .. } => "pbkdf2_sha1",
            Self::Argon2 { .. } => "argon2",
            Self::BCryptSha256 { .. } => "bcrypt_sha256",
            Self::BCrypt { .. } => "bcrypt",
            Self::Scrypt { .. } => "scrypt",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::UnsaltedMd5 => "unsalted_md5",
            Self::UnsaltedSha1 => "unsalted_sha1",
            Self::Crypt => "crypt",
        }
    }

    /// Hashes `password` under a new salt. Costs what the work factors say.
    fn make(&self, password: &str) -> String {
        let salt = random::text(SALT_LENGTH, ALPHANUMERIC);
        match *self {
            Self::Pbkdf2Sha256 { iterations } => pbkdf2::sha256(password, &salt, iterations),
            Self::Pbkdf2Sha1 { iterations } => pbkdf2::sha1(password, &salt, iterations),
            Self::Argon2 {
                time_cost,
                memory_cost,
                parallelism,
            } => argon2id::make(password, &salt, (time_cost, memory_cost, parallelism)),
            Self::BCryptSha256 { rounds } => bcrypt::make(password, rounds, true),
            Self::BCrypt { rounds } => bcrypt::make(password, rounds, false),
            Self::Scrypt {
                work_factor,
                block_size,
                parallelism,
            } => scrypt::make(password, &salt, (work_factor, block_size, parallelism)),
            Self::Md5 => Some(legacy::md5(password, &salt)),
            Self::Sha1 => Some(legacy::sha1(password, &salt)),
            Self::UnsaltedMd5 => Some(legacy::unsalted_md5(password)),
            Self::UnsaltedSha1 => Some(legacy::unsalted_sha1(password)),
            Self::Crypt => legacy::crypt(password, &salt),
        }
        // Work factors no implementation takes: nobody gets in, and the log says why.
        .unwrap_or_else(|| {
            tracing::error!(hasher = ?self, "the work factors of a password hasher are not possible");
            unusable()
        })
    }

    /// Whether `password` is the one of `encoded`, which is this algorithm's.
    fn verify(&self, password: &str, encoded: &str) -> bool {
        let again = match self {
            Self::Pbkdf2Sha256 { .. } | Self::Pbkdf2Sha1 { .. } => pbkdf2::again(password, encoded),
            Self::Argon2 { .. } => argon2id::again(password, encoded),
            Self::BCryptSha256 { .. } => bcrypt::again(password, encoded, true),
            Self::BCrypt { .. } => bcrypt::again(password, encoded, false),
            Self::Scrypt { .. } => scrypt::again(password, encoded),
            Self::Md5 => legacy::salt(encoded).map(|salt| legacy::md5(password, salt)),
            Self::Sha1 => legacy::salt(encoded).map(|salt| legacy::sha1(password, salt)),
            Self::UnsaltedMd5 => {
                let bare = legacy::unsalted_md5(password);
                Some(if encoded.starts_with("md5$$") {
                    format!("md5$${bare}")
                } else {
                    bare
                })
            }
            Self::UnsaltedSha1 => Some(legacy::unsalted_sha1(password)),
            Self::Crypt => encoded
                .splitn(3, '$')
                .nth(2)
                .and_then(|hash| legacy::crypt(password, hash)),
        };
        again.is_some_and(|again| again.as_bytes().ct_eq(encoded.as_bytes()).into())
    }

    /// Whether `encoded`, which is this algorithm's, has other work factors, or too short a salt.
    fn must_update(&self, encoded: &str) -> bool {
        match *self {
            Self::Pbkdf2Sha256 { iterations } | Self::Pbkdf2Sha1 { iterations } => {
                pbkdf2::must_update(encoded, iterations)
            }
            Self::Argon2 {
                time_cost,
                memory_cost,
                parallelism,
            } => argon2id::must_update(encoded, (time_cost, memory_cost, parallelism)),
            Self::BCryptSha256 { rounds } | Self::BCrypt { rounds } => bcrypt::must_update(encoded, rounds),
            Self::Scrypt {
                work_factor,
                block_size,
                parallelism,
            } => scrypt::must_update(encoded, (work_factor, block_size, parallelism)),
            Self::Md5 | Self::Sha1 => legacy::salt(encoded).is_none_or(is_weak_salt),
            Self::UnsaltedMd5 | Self::UnsaltedSha1 | Self::Crypt => false,
        }
    }
}

/// Whether a salt has less than 128 bits, as Django counts.
fn is_weak_salt(salt: &str) -> bool {
    let bits = (ALPHANUMERIC.len() as f64).log2();
    (salt.chars().count() as f64) * bits < SALT_BITS
}

/// What came of checking a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is not the password, or there is none.
    Wrong,
    /// It is.
    Right {
        /// It should be hashed anew: another hasher is preferred now, or other work factors.
        upgrade: bool,
    },
}

/// `PASSWORD_HASHERS`: the first creates passwords, all verify them.
#[derive(Clone, Debug)]
pub struct Passwords(Box<[Hasher]>);

impl Default for Passwords {
    /// Django 5.2's list, and the algorithms that Django 4.2 could still read.
    fn default() -> Self {
        Self::new([
            Hasher::DEFAULT,
            Hasher::Pbkdf2Sha1 {
                iterations: 1_000_000,
            },
            Hasher::Argon2 {
                time_cost: 2,
                memory_cost: 102_400,
                parallelism: 8,
            },
            Hasher::BCryptSha256 { rounds: 12 },
            Hasher::Scrypt {
                work_factor: 1 << 14,
                block_size: 8,
                parallelism: 5,
            },
            Hasher::BCrypt { rounds: 12 },
            Hasher::Md5,
            Hasher::Sha1,
            Hasher::UnsaltedMd5,
            Hasher::UnsaltedSha1,
            Hasher::Crypt,
        ])
    }
}

impl Passwords {
    /// A list of hashers. An empty one is Django's default alone.
    pub fn new(hashers: impl IntoIterator<Item = Hasher>) -> Self {
        let mut hashers: Vec<_> = hashers.into_iter().collect();
        if hashers.is_empty() {
            hashers.push(Hasher::DEFAULT);
        }
        Self(hashers.into())
    }

    /// `make_password`: hashes with the preferred hasher. Takes a tenth of a second of a processor;
    /// see [`PasswordPool`].
    #[must_use]
    pub fn make(&self, password: &str) -> String {
        self.0[0].make(password)
    }

    /// `check_password`. Takes as long as [`make`](Self::make), for a user without a usable
    /// password, too: who may not log in must not be told by the time it takes.
    #[must_use]
    pub fn check(&self, password: &str, encoded: &str) -> Verdict {
        let Some(hasher) = self.hasher_of(encoded) else {
            // The work, for its time only.
            let _ = self.make(password);
            return Verdict::Wrong;
        };
        if !hasher.verify(password, encoded) {
            return Verdict::Wrong;
        }
        let preferred = &self.0[0];
        let upgrade = hasher != preferred || preferred.must_update(encoded);
        Verdict::Right { upgrade }
    }

    /// The hasher of a stored password, if it is usable and of an algorithm in the list.
    fn hasher_of(&self, encoded: &str) -> Option<&Hasher> {
        let algorithm = match encoded.split_once('$') {
            _ if encoded.starts_with(UNUSABLE) => return None,
            None if encoded.len() == 32 => "unsalted_md5",
            Some(("md5", rest)) if rest.starts_with('$') && encoded.len() == 37 => "unsalted_md5",
            Some(("sha1", rest)) if rest.starts_with('$') && encoded.len() == 46 => "unsalted_sha1",
            Some((algorithm, _)) => algorithm,
            None => return None,
        };
        self.0.iter().find(|hasher| hasher.algorithm() == algorithm)
    }
}

/// `make_password(None)`: a password nobody has.
#[must_use]
pub fn unusable() -> String {
    format!("{UNUSABLE}{}", random::text(40, ALPHANUMERIC))
}

/// `is_password_usable`.
#[must_use]
pub fn is_usable(encoded: &str) -> bool {
    !encoded.starts_with(UNUSABLE)
}

#[cfg(test)]
mod tests;
