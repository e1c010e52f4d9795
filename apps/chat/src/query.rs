//! Query strings.

use std::borrow::Cow;

/// The first value of `name` that is not empty, percent- and plus-decoded (Python:
/// `parse_qs(query)[name][0]`). Bytes that are not UTF-8 become U+FFFD.
pub(crate) fn value<'a>(query: &'a [u8], name: &str) -> Option<Cow<'a, str>> {
    form_urlencoded::parse(query)
        .find(|(key, value)| key == name && !value.is_empty())
        .map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::value;

    #[test]
    fn the_first_value_that_is_not_empty_is_decoded() {
        let query = b"other=1&username=&username=Ada+L%2e%20%C3%A9&username=Bob";
        assert_eq!(value(query, "username").as_deref(), Some("Ada L. é"));
        assert_eq!(value(query, "user"), None);
        assert_eq!(value(b"", "username"), None);
        assert_eq!(value(b"username", "username"), None);
        assert_eq!(value(b"username=%FF", "username").as_deref(), Some("\u{fffd}"));
    }
}
