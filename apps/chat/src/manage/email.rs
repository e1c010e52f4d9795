//! What is an address (Django: `EmailValidator`, `normalize_email`).

use std::net::{Ipv4Addr, Ipv6Addr};

/// The longest address, as the column has it.
const MAX: usize = 254;
/// The longest part of a domain.
const MAX_LABEL: usize = 63;

/// Why an address is none, for the person whose it is. An empty one will do: nobody has to have one.
pub(super) fn error(email: &str) -> Option<String> {
    let length = email.chars().count();
    if length > MAX {
        return Some(format!(
            "Ensure this value has at most {MAX} characters (it has {length})."
        ));
    }
    (!email.is_empty() && !is_address(email)).then(|| "Enter a valid email address.".to_owned())
}

/// The domain in lower case; what stands before it is the recipient's matter.
pub(super) fn normalize(email: &str) -> String {
    match email.trim().rsplit_once('@') {
        Some((user, domain)) => format!("{user}@{}", domain.to_lowercase()),
        None => email.trim().to_owned(),
    }
}

fn is_address(email: &str) -> bool {
    email
        .rsplit_once('@')
        .is_some_and(|(user, domain)| is_user(user) && is_domain(domain))
}

fn is_user(user: &str) -> bool {
    let quoted = user.strip_prefix('"').and_then(|user| user.strip_suffix('"'));
    if let Some(text) = quoted {
        let plain = |c: char| {
            (c.is_ascii_graphic()
                || matches!(c, '\u{7f}' | '\u{1}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}'))
                && !matches!(c, '"' | '\\')
        };
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            let escaped = c == '\\'
                && chars
                    .next()
                    .is_some_and(|c| c.is_ascii() && !matches!(c, '\0' | '\n' | '\r'));
            if !escaped && !plain(c) {
                return false;
            }
        }
        return true;
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-!#$%&'*+/=?^_`{}|~".contains(c);
    user.split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(plain))
}

fn is_domain(domain: &str) -> bool {
    if domain.eq_ignore_ascii_case("localhost") {
        return true;
    }
    if let Some(literal) = domain
        .strip_prefix('[')
        .and_then(|domain| domain.strip_suffix(']'))
    {
        return literal.parse::<Ipv4Addr>().is_ok() || literal.parse::<Ipv6Addr>().is_ok();
    }
    let letter = |c: char| c.is_ascii_alphabetic() || matches!(c, '\u{a1}'..='\u{ffff}');
    let label = |label: &str| {
        let length = label.chars().count();
        (1..=MAX_LABEL).contains(&length)
            && label.chars().all(|c| letter(c) || c.is_ascii_digit() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let top_label = |top: &str| {
        let digits = top.to_ascii_lowercase().starts_with("xn--") && top.is_ascii();
        label(top) && top.chars().count() >= 2 && (digits || !top.contains(|c: char| c.is_ascii_digit()))
    };
    domain
        .rsplit_once('.')
        .is_some_and(|(rest, top)| top_label(top) && rest.split('.').all(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_what_django_takes() {
        for good in [
            "",
            "ada@example.com",
            "a.b+c@x-y.example",
            "ada@localhost",
            "ada@[127.0.0.1]",
            "ada@[::1]",
            "\"a\\@b\"@example.com",
            "ada@exämple.org",
        ] {
            assert_eq!(error(good), None, "{good}");
        }
        for bad in [
            "ada",
            "@example.com",
            "ada@",
            "ada@example",
            "a b@example.com",
            "ada@-x.com",
            "ada@x-.com",
            "ada@x..com",
            ".ada@example.com",
            "ada@[1.2.3]",
            "ada@example.c",
            "\"a\"b\"@example.com",
            "äda@example.com",
        ] {
            assert_eq!(
                error(bad).as_deref(),
                Some("Enter a valid email address."),
                "{bad}"
            );
        }
        assert!(
            error(&format!("{}@example.com", "a".repeat(250)))
                .is_some_and(|text| text.contains("at most 254"))
        );
        assert_eq!(normalize(" Ada@Example.COM "), "Ada@example.com");
    }
}
