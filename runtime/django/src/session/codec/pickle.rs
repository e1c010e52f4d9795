//! Python's `pickle`, as far as a session needs it: dictionaries, lists, texts, numbers, booleans and `None`.
//!
//! Django's caches pickle what they hold. A pickle can name any function to be called, so nothing but plain values
//! is read here: an opcode that builds objects is an error, and the session is then taken from elsewhere, or empty. Tuples
//! become lists, and bytes are refused, as JSON has neither.

mod memo;
mod read;
mod write;

pub use read::{PickleError, from_slice};
pub use write::to_vec;

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn values_come_back() {
        for value in [
            json!(null),
            json!({}),
            json!({"a": [1, -1, 255, 256, 65536, -2147483648_i64, 2147483648_i64, u64::MAX, i64::MIN], "b": {"c": [true, false, null]}}),
            json!([
                1.5,
                -0.0,
                1e300,
                "é\u{1f600}",
                "",
                "x".repeat(300),
                "y".repeat(70_000)
            ]),
            json!([[], {}, [[]]]),
        ] {
            assert_eq!(from_slice(&to_vec(&value)), Ok(value));
        }
    }

    #[test]
    fn pickles_of_pythons_are_read() {
        // pickle.dumps({"_auth_user_id": "1", "n": [1, 2.5, None, True], "again": "1"}, protocol) for 0 to 5
        for hex in [
            "286470300a565f617574685f757365725f69640a70310a56310a70320a73566e0a70330a286c70340a49310a6146322e350a614e614930310a617356616761696e0a70350a67320a732e",
            "7d710028580d0000005f617574685f757365725f69647101580100000031710258010000006e71035d7104284b014740040000000000004e4930310a655805000000616761696e71056802752e",
            "80027d710028580d0000005f617574685f757365725f69647101580100000031710258010000006e71035d7104284b014740040000000000004e88655805000000616761696e71056802752e",
            "80037d710028580d0000005f617574685f757365725f69647101580100000031710258010000006e71035d7104284b014740040000000000004e88655805000000616761696e71056802752e",
            "80049538000000000000007d94288c0d5f617574685f757365725f6964948c0131948c016e945d94284b014740040000000000004e88658c05616761696e946802752e",
            "80059538000000000000007d94288c0d5f617574685f757365725f6964948c0131948c016e945d94284b014740040000000000004e88658c05616761696e946802752e",
        ] {
            let bytes: Vec<u8> = (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap())
                .collect();
            let value = from_slice(&bytes).unwrap();
            assert_eq!(
                value,
                json!({"_auth_user_id": "1", "n": [1, 2.5, null, true], "again": "1"})
            );
        }
    }

    #[test]
    fn what_is_not_plain_is_refused() {
        for bytes in [
            &b""[..],
            b"garbage",
            b"cos\nsystem\n(S'true'\ntR.",
            b"\x80\x05\x8c\x02os\x8c\x06system\x93.",
            b"\x80\x05N",
            b"\x80\x05.",
            b"\x80\x09N.",
            b"\x80\x05]a.",
            b"\x80\x05h\x00.",
            b"\x80\x05X\xff\xff\xff\xffabc.",
            b"\x80\x05\x8a\xff1.",
        ] {
            assert!(from_slice(bytes).is_err(), "{bytes:?}");
        }
        let deep = [
            &b"\x80\x05"[..],
            &b"]".repeat(100_000),
            &b"a".repeat(99_999),
            b".",
        ]
        .concat();
        assert!(from_slice(&deep).is_err());
        // A list that holds itself.
        assert_eq!(from_slice(b"\x80\x05]\x94h\x00a."), Err(PickleError::NotPlain));
    }

    #[test]
    fn a_key_that_is_no_text_is_refused() {
        assert_eq!(from_slice(b"\x80\x05}K\x01Ns."), Err(PickleError::NotPlain));
    }

    #[test]
    fn any_value_can_be_written() {
        let value: Value = json!({"k": [{"d": {}}]});
        assert!(to_vec(&value).starts_with(&[0x80, 4]));
    }
}
