//! `createsuperuser`.

use crate::place::Place;

const PASSWORD: &str = "correct horse battery";
const FROM_STDIN: [&str; 4] = ["createsuperuser", "--username", "root", "--password-stdin"];

#[tokio::test]
async fn a_password_from_stdin_makes_a_superuser_who_logs_in() {
    let place = Place::new();
    let made = place
        .chat_with(&FROM_STDIN, &format!("{PASSWORD}\nnot this line\n"))
        .done();
    assert!(made.stderr.contains("made the database"), "{made:?}");
    assert!(
        made.stderr.contains("Superuser created successfully."),
        "{made:?}"
    );
    let root = place.log_in("root", PASSWORD).await.expect("the right password");
    assert!(root.is_superuser && root.is_staff && root.is_active);
    assert!(place.log_in("root", "wrong").await.is_none());
}

#[tokio::test]
async fn what_django_refuses_is_refused_and_nobody_is_made() {
    let place = Place::new();
    place.chat_with(&FROM_STDIN, PASSWORD).done();
    let as_user = |name| ["createsuperuser", "--password-stdin", "--username", name];
    place
        .chat_with(&as_user("eve"), "12345")
        .failed(&["too short", "too common", "entirely numeric"]);
    place
        .chat_with(&as_user("lovelace"), "lovelace1")
        .failed(&["too similar to the username"]);
    place
        .chat_with(&as_user("eve"), "")
        .failed(&["Blank passwords aren't allowed."]);
    place
        .chat_with(&as_user("e v e"), PASSWORD)
        .failed(&["Enter a valid username."]);
    place
        .chat_with(&as_user("ROOT"), PASSWORD)
        .failed(&["already exists"]);
    let with_email = [&as_user("eve")[..], &["--email", "eve@"]].concat();
    place
        .chat_with(&with_email, PASSWORD)
        .failed(&["Enter a valid email address."]);
    place
        .chat(&["createsuperuser"])
        .failed(&["stdin is no terminal", "--password-stdin"]);
    assert_eq!(place.usernames().await, ["root"]);
}

#[tokio::test]
async fn on_a_terminal_it_asks_and_shows_no_password() {
    let place = Place::new();
    place.chat_with(&FROM_STDIN, PASSWORD).done();
    let told = place.talk(
        &["createsuperuser"],
        &[
            ("Username: ", "root"),
            ("already exists.\r\nUsername: ", ""),
            ("required.\r\nUsername: ", "ada"),
            ("Email address: ", "ada@example"),
            ("valid email address.\r\nEmail address: ", "Ada@Example.COM"),
            ("Password: ", "tr0ub4dor-one"),
            ("Password (again): ", "tr0ub4dor-two"),
            ("didn't match.\r\nPassword: ", PASSWORD),
            ("Password (again): ", PASSWORD),
        ],
    );
    assert_eq!(told.status, 0, "{told:?}");
    assert!(told.seen.contains("Superuser created successfully."), "{told:?}");
    assert!(
        !told.seen.contains("tr0ub4dor") && !told.seen.contains("horse"),
        "{told:?}"
    );
    assert!(told.echoes);
    let ada = place.log_in("ada", PASSWORD).await.expect("the right password");
    assert!(ada.is_superuser);
}

#[tokio::test]
async fn on_a_terminal_a_weak_password_can_be_insisted_on() {
    let place = Place::new();
    let told = place.talk(
        &["createsuperuser", "--username", "root", "--email", ""],
        &[
            ("Password: ", "qwerty"),
            ("Password (again): ", "qwerty"),
            ("create user anyway? [y/N]: ", ""),
            ("Password: ", "qwerty"),
            ("Password (again): ", "qwerty"),
            ("create user anyway? [y/N]: ", "y"),
        ],
    );
    assert_eq!(told.status, 0, "{told:?}");
    assert!(place.log_in("root", "qwerty").await.is_some());
}

#[tokio::test]
async fn ctrl_c_at_the_password_makes_nobody_and_leaves_a_terminal_that_shows() {
    let place = Place::new();
    for (key, words) in [("^C", "cancelled"), ("^D", "the input has ended")] {
        let told = place.talk(
            &["createsuperuser", "--username", "root", "--email", ""],
            &[("Password: ", key)],
        );
        assert_eq!(told.status, 1, "{told:?}");
        assert!(told.seen.contains(words), "{told:?}");
        assert!(told.echoes, "the terminal hides what is typed");
    }
    assert_eq!(place.usernames().await, Vec::<String>::new());
}
