//! The token by the letter of the Fernet specification, and everything that is not one.

use super::*;

const NOW: u64 = 1_700_000_000;
const TTL: Option<Duration> = Some(Duration::from_secs(70));

fn fernet(keys: &[&str]) -> MultiFernet {
    MultiFernet::new(keys).unwrap()
}

#[test]
fn the_example_of_the_specification_comes_out() {
    let secret = URL_SAFE
        .decode("cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=")
        .unwrap();
    let key = Key::from_bytes(&secret.try_into().unwrap());
    let iv = std::array::from_fn(|at| at as u8);
    let token = URL_SAFE.encode(key.seal(b"hello", 499_162_800, iv));
    assert_eq!(
        token,
        "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA=="
    );
    let fernet = MultiFernet {
        first: key,
        others: vec![],
    };
    assert_eq!(fernet.decrypt(token.as_bytes(), None, 0).unwrap(), &b"hello"[..]);
}

#[test]
fn data_of_every_length_comes_back() {
    let fernet = fernet(&["secret"]);
    for len in [0, 1, 15, 16, 17, 31, 32, 1000] {
        let data = vec![7; len];
        let token = fernet.encrypt(&data, NOW);
        assert_eq!(fernet.decrypt(&token, TTL, NOW).unwrap(), data);
    }
}

#[test]
fn the_first_key_encrypts_and_each_decrypts() {
    let (old, new) = (fernet(&["old"]), fernet(&["new"]));
    let both = fernet(&["new", "old"]);
    let token = both.encrypt(b"x", NOW);
    assert!(new.decrypt(&token, TTL, NOW).is_ok());
    assert_eq!(old.decrypt(&token, TTL, NOW), Err(FernetError::WrongKey));
    assert!(both.decrypt(&old.encrypt(b"x", NOW), TTL, NOW).is_ok());
    let none: [&str; 0] = [];
    assert_eq!(MultiFernet::new(none).unwrap_err(), FernetError::NoKeys);
}

#[test]
fn time_matters_only_with_a_time_to_live() {
    let fernet = fernet(&["secret"]);
    let token = fernet.encrypt(b"x", NOW);
    for now in [NOW - 60, NOW, NOW + 70] {
        assert!(fernet.decrypt(&token, TTL, now).is_ok());
    }
    let ttl = Duration::from_secs(70);
    assert_eq!(
        fernet.decrypt(&token, TTL, NOW + 71),
        Err(FernetError::Expired { age: 71, ttl })
    );
    assert_eq!(
        fernet.decrypt(&token, TTL, NOW - 61),
        Err(FernetError::FromTheFuture { ahead: 61 })
    );
    for now in [0, u64::MAX] {
        assert!(fernet.decrypt(&token, None, now).is_ok());
        assert!(fernet.decrypt(&token, TTL, now).is_err());
    }
}

#[test]
fn a_changed_or_shortened_token_is_refused() {
    let fernet = fernet(&["secret"]);
    let token = fernet.encrypt(b"some data of two blocks", NOW);
    for at in 0..token.len() {
        assert!(fernet.decrypt(&token[..at], None, NOW).is_err(), "cut at {at}");
        let mut changed = token.to_vec();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(fernet.decrypt(&changed, None, NOW).is_err(), "changed at {at}");
    }
    for no_token in [&b""[..], b"AAAA", b"gAAA", b"not base64!", b"\x82\xa4type"] {
        assert_eq!(fernet.decrypt(no_token, None, NOW), Err(FernetError::Malformed));
    }
}

#[test]
fn keys_are_not_shown() {
    let shown = format!("{:?}", fernet(&["hunter2", "hunter3"]));
    assert_eq!(shown, "MultiFernet { keys: 2, .. }");
}

#[test]
fn keys_wipe_themselves() {
    fn wipes<T: zeroize::ZeroizeOnDrop>() {}
    wipes::<aes::Aes128>();
    // An HMAC is states of its hash and nothing else.
    wipes::<sha2::Sha256>();
}
