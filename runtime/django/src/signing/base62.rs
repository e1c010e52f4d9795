//! Numbers in the 62 letters and digits, as Django writes timestamps.

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(super) fn encode(mut number: u64) -> String {
    let mut digits = Vec::with_capacity(11);
    loop {
        digits.push(ALPHABET[(number % 62) as usize]);
        number /= 62;
        if number == 0 {
            break;
        }
    }
    digits.reverse();
    String::from_utf8(digits).expect("letters and digits")
}

/// `None` for what is no number, or too great a one.
pub(super) fn decode(text: &str) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.bytes().try_fold(0_u64, |number, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            _ => return None,
        };
        number.checked_mul(62)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for number in [0, 9, 10, 61, 62, 1_763_790_000, u64::MAX] {
            assert_eq!(decode(&encode(number)), Some(number));
        }
        assert_eq!(encode(1_763_790_000), "1vMgLo");
        for text in ["", "-1", "a b", "zzzzzzzzzzzz"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
