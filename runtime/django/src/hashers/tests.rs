use super::*;

const ALL: [Hasher; 10] = [
    Hasher::Pbkdf2Sha256 { iterations: 1000 },
    Hasher::Pbkdf2Sha1 { iterations: 1000 },
    Hasher::Argon2 {
        time_cost: 1,
        memory_cost: 64,
        parallelism: 2,
    },
    Hasher::BCryptSha256 { rounds: 4 },
    Hasher::BCrypt { rounds: 4 },
    Hasher::Scrypt {
        work_factor: 16,
        block_size: 8,
        parallelism: 1,
    },
    Hasher::Md5,
    Hasher::Sha1,
    Hasher::UnsaltedMd5,
    Hasher::UnsaltedSha1,
];

#[test]
fn every_hasher_verifies_what_it_made() {
    for hasher in ALL {
        let passwords = Passwords::new([hasher]);
        for password in ["correct horse", "", "pässwörd\u{1f600}"] {
            let stored = passwords.make(password);
            assert!(stored.len() <= 128, "{stored}");
            assert_eq!(
                passwords.check(password, &stored),
                Verdict::Right { upgrade: false },
                "{stored}"
            );
            assert_eq!(passwords.check("wrong", &stored), Verdict::Wrong, "{stored}");
        }
    }
}

#[test]
fn another_hasher_or_work_factor_is_upgraded() {
    let preferred = Hasher::Pbkdf2Sha256 { iterations: 2000 };
    let passwords = Passwords::new(std::iter::once(preferred).chain(ALL.into_iter().skip(1)));
    for hasher in ALL {
        let stored = Passwords::new([hasher]).make("p");
        assert_eq!(
            passwords.check("p", &stored),
            Verdict::Right { upgrade: true },
            "{stored}"
        );
    }
    let weak = pbkdf2::sha256("p", "short", 2000).unwrap();
    assert_eq!(passwords.check("p", &weak), Verdict::Right { upgrade: true });
}

#[test]
fn what_cannot_be_verified_is_wrong() {
    let passwords = Passwords::new(ALL);
    for stored in [
        "",
        "!",
        "!abc",
        "plain",
        "unknown$1$2$3",
        "pbkdf2_sha256$",
        "pbkdf2_sha256$x$salt$hash",
        "argon2$argon2id$v=19$m=1,t=1$x$y",
        "bcrypt$nothing",
        "scrypt$17$salt$8$1$hash",
        "scrypt$1073741824$salt$8$1$hash",
        "md5$",
    ] {
        assert_eq!(passwords.check("p", stored), Verdict::Wrong, "{stored}");
    }
    assert!(!is_usable(&unusable()));
}
