//! The help, and bad usage.

use crate::place::Place;

#[test]
fn help_shows_what_to_type() {
    let place = Place::new();
    for (command, words) in [
        (
            &["--help"][..],
            &["Examples:", "laureola chat demo", "chat.sqlite3"][..],
        ),
        (
            &["createsuperuser", "--help"],
            &[
                "Examples:",
                "--password-stdin",
                "Password (again):",
                "--database-url",
            ],
        ),
        (
            &["create-room", "--help"],
            &["Examples:", "/rooms/tea-room/", "--slug"],
        ),
        (&["demo", "--help"], &["Example:", "shown this once"]),
        (
            &["export", "--help"],
            &["Examples:", "--output", "\"username\":\"ada\""],
        ),
    ] {
        let said = place.chat(command).done();
        for word in words {
            assert!(said.stdout.contains(word), "no {word:?} in {}", said.stdout);
        }
        let longest = said.stdout.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(100), "{}", said.stdout);
    }
}

#[test]
fn bad_usage_is_status_2() {
    let place = Place::new();
    for args in [
        &["create-room"][..],
        &["export"],
        &["export", "a", "b"],
        &["createsuperuser", "--password-stdin"],
        &["deleteuser"],
        &["demo", "--database-url", "mysql://db"],
    ] {
        let said = place.chat(args);
        assert_eq!(said.status, Some(2), "{args:?}: {said:?}");
        assert!(said.stderr.contains("--help"), "{said:?}");
    }
    assert!(!place.file("chat.sqlite3").exists());
}
