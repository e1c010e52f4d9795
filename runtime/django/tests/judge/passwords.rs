//! Every password hasher.

use laureola_django::hashers::{Hasher, Passwords, Verdict};
use laureola_testkit::DjangoVersion;
use serde_json::json;

use crate::django::Django;

/// Work factors small enough for a test; Django verifies any.
const OURS: [Hasher; 7] = [
    Hasher::Pbkdf2Sha256 { iterations: 1000 },
    Hasher::Pbkdf2Sha1 { iterations: 1000 },
    Hasher::Argon2 {
        time_cost: 1,
        memory_cost: 512,
        parallelism: 2,
    },
    Hasher::BCryptSha256 { rounds: 4 },
    Hasher::BCrypt { rounds: 4 },
    Hasher::Scrypt {
        work_factor: 1024,
        block_size: 8,
        parallelism: 1,
    },
    Hasher::Md5,
];

const PASSWORDS: [&str; 3] = [
    "correct horse",
    "pässwörd\u{1f600}",
    "a password of more than seventy-two bytes",
];

#[test]
fn passwords_of_ours_are_verified_by_django() {
    for version in DjangoVersion::ALL {
        let mut django = Django::start(version);
        for hasher in OURS {
            let passwords = Passwords::new([hasher]);
            for password in PASSWORDS {
                let stored = passwords.make(password);
                assert_eq!(django.ask_text(json!(["identify", stored])), hasher.algorithm());
                assert_eq!(
                    django.ask(json!(["check_password", password, stored])),
                    json!(true),
                    "{stored}"
                );
                assert_eq!(
                    django.ask(json!(["check_password", "wrong", stored])),
                    json!(false),
                    "{stored}"
                );
            }
        }
    }
}

#[test]
fn a_crypt_of_ours_is_verified_by_the_django_that_knows_it() {
    let mut django = Django::start(DjangoVersion::V4_2);
    for password in PASSWORDS {
        let stored = Passwords::new([Hasher::Crypt]).make(password);
        assert_eq!(django.ask_text(json!(["identify", stored])), "crypt");
        let right = django.ask(json!(["check_password", password, stored]));
        assert_eq!(right, json!(true), "{stored}");
        let wrong = django.ask(json!(["check_password", "wrong", stored]));
        assert_eq!(wrong, json!(false), "{stored}");
    }
}

#[test]
fn passwords_of_djangos_are_verified_and_upgraded() {
    // What Django's own work factors are is the other half of this test: its default must not be upgraded.
    let ours = Passwords::default();
    for version in DjangoVersion::ALL {
        let mut django = Django::start(version);
        let mut names: Vec<_> = OURS.iter().map(Hasher::algorithm).collect();
        if version == DjangoVersion::V4_2 {
            names.extend(["sha1", "unsalted_sha1", "unsalted_md5", "crypt"]);
        }
        for name in names {
            let password = PASSWORDS[1];
            let stored = django.ask_text(json!(["make_password", password, name]));
            let is_default = name == "pbkdf2_sha256" && version == DjangoVersion::V5_2;
            assert_eq!(
                ours.check(password, &stored),
                Verdict::Right { upgrade: !is_default },
                "{stored}"
            );
            assert_eq!(ours.check("wrong", &stored), Verdict::Wrong, "{stored}");
        }
    }
}
