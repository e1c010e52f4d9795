//! What Django asks of new usernames and passwords (`AUTH_PASSWORD_VALIDATORS` as `startproject` writes them, and
//! `UserCreationForm`), in its words.
//!
//! ```
//! use laureola_django::validators::{password_errors, username_error};
//!
//! assert_eq!(username_error("ada"), None);
//! let errors = password_errors("12345", "ada", "");
//! assert_eq!(errors.len(), 3, "too short, too common, and nothing but digits");
//! ```

use std::collections::HashMap;

use sha2::{Digest, Sha256};

/// The longest username, as the column has it.
pub const MAX_USERNAME: usize = 150;
/// `MinimumLengthValidator`.
const MIN_PASSWORD: usize = 8;
/// How alike a password and something of the user's may be.
const MAX_SIMILARITY: f64 = 0.7;

/// Five bytes of the SHA-256 of each password on the list of Django 5.2's `CommonPasswordValidator`, sorted.
const COMMON: &[u8] = include_bytes!("validators/common.bin");
const PRINT: usize = 5;

/// Why a username is none, for the person who chose it.
#[must_use]
pub fn username_error(username: &str) -> Option<String> {
    if username.is_empty() {
        return Some("This field is required.".to_owned());
    }
    let length = username.chars().count();
    if length > MAX_USERNAME {
        return Some(format!(
            "Ensure this value has at most {MAX_USERNAME} characters (it has {length})."
        ));
    }
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '@' | '+' | '-');
    (!username.chars().all(is_plain)).then(|| {
        "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
            .to_owned()
    })
}

/// Everything that speaks against a password, for the person who chose it. None: it will do.
#[must_use]
pub fn password_errors(password: &str, username: &str, email: &str) -> Vec<String> {
    let mut errors = Vec::new();
    for (value, name) in [(username, "username"), (email, "email address")] {
        if is_similar(password, value) {
            errors.push(format!("The password is too similar to the {name}."));
            break;
        }
    }
    if password.chars().count() < MIN_PASSWORD {
        errors.push(format!(
            "This password is too short. It must contain at least {MIN_PASSWORD} characters."
        ));
    }
    if is_common(password) {
        errors.push("This password is too common.".to_owned());
    }
    if !password.is_empty() && password.chars().all(char::is_numeric) {
        errors.push("This password is entirely numeric.".to_owned());
    }
    errors
}

fn is_common(password: &str) -> bool {
    let hash = Sha256::digest(password.to_lowercase().trim());
    let (prints, _) = COMMON.as_chunks::<PRINT>();
    prints
        .binary_search_by(|print| print[..].cmp(&hash[..PRINT]))
        .is_ok()
}

/// `UserAttributeSimilarityValidator`: against the whole value and each word of it.
fn is_similar(password: &str, value: &str) -> bool {
    if value.is_empty() {
        return false;
    }
    let password = password.to_lowercase();
    let value = value.to_lowercase();
    let words = value.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.chain([value.as_str()]).any(|part| {
        let (long, short) = (password.chars().count(), part.chars().count());
        // A long password that holds a short word is not like it, and not worth comparing.
        let incomparable = long >= 10 * short && (short as f64) < MAX_SIMILARITY / 2.0 * long as f64;
        !incomparable && similarity(&password, part) >= MAX_SIMILARITY
    })
}

/// `SequenceMatcher.quick_ratio`: the characters both have, in whatever order, of all.
fn similarity(one: &str, other: &str) -> f64 {
    let mut counts: HashMap<char, usize> = HashMap::new();
    other.chars().for_each(|c| *counts.entry(c).or_default() += 1);
    let (mut length, mut shared) = (other.chars().count(), 0_usize);
    for c in one.chars() {
        length += 1;
        if let Some(left) = counts.get_mut(&c).filter(|left| **left > 0) {
            *left -= 1;
            shared += 1;
        }
    }
    if length == 0 {
        1.0
    } else {
        2.0 * shared as f64 / length as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_are_what_djangos_form_takes() {
        for good in ["ada", "Ada.L@x+y-z_1", "ådå", "日本"] {
            assert_eq!(username_error(good), None, "{good}");
        }
        assert!(username_error("").is_some_and(|text| text.contains("required")));
        assert!(username_error("a b").is_some_and(|text| text.contains("valid username")));
        let long = "é".repeat(151);
        let words = "Ensure this value has at most 150 characters (it has 151).";
        assert_eq!(username_error(&long).as_deref(), Some(words));
    }

    #[test]
    fn passwords_are_refused_for_djangos_reasons() {
        for (password, username, words) in [
            ("correct horse battery", "ada", &[][..]),
            ("short1x", "ada", &["too short"]),
            ("Password1", "ada", &["too common"]),
            ("918273645546372819", "ada", &["entirely numeric"]),
            ("lovelace-ada", "ada.lovelace", &["too similar to the username"]),
            ("", "ada", &["too short"]),
        ] {
            let errors = password_errors(password, username, "");
            assert_eq!(errors.len(), words.len(), "{password}: {errors:?}");
            assert!(
                errors
                    .iter()
                    .zip(words)
                    .all(|(error, words)| error.contains(words)),
                "{errors:?}"
            );
        }
    }
}
