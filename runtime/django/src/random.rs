//! Texts of random characters (`get_random_string`).

/// Letters and digits.
pub(crate) const ALPHANUMERIC: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
/// What session keys are made of.
pub(crate) const LOWER_AND_DIGITS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// `length` characters of `alphabet`, each as likely as the other, from the system's generator.
pub(crate) fn text(length: usize, alphabet: &[u8]) -> String {
    let count = u8::try_from(alphabet.len()).expect("an alphabet of less than 256 characters");
    // The greatest multiple of the count: bytes above would favour the first characters.
    let limit = u8::MAX - u8::MAX % count;
    let mut text = String::with_capacity(length);
    let mut bytes = [0; 64];
    while text.len() < length {
        getrandom::fill(&mut bytes).expect("the system has a random generator");
        let fair = bytes.iter().filter(|byte| **byte < limit);
        let missing = length - text.len();
        text.extend(
            fair.take(missing)
                .map(|byte| char::from(alphabet[usize::from(byte % count)])),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_their_length_and_their_alphabet() {
        for length in [0, 1, 22, 32, 500] {
            let text = text(length, LOWER_AND_DIGITS);
            assert_eq!(text.len(), length);
            assert!(text.bytes().all(|byte| LOWER_AND_DIGITS.contains(&byte)));
        }
        assert_ne!(text(32, ALPHANUMERIC), text(32, ALPHANUMERIC));
    }
}
