//! What is wrong with a server is seen, and how often it was.

use crate::faulty::{self, Fault};
use crate::{load, load_until, try_load};
use laureola_load::Outcome;
use laureola_load::errors::LoadError;

/// Four members of one room.
fn room(fault: Fault) -> String {
    let address = faulty::start(fault);
    format!("fanout --url ws://{address}/ --members 4 --protocol plain --settle 0 --warmup 0")
}

/// Forty messages, one every five milliseconds.
fn forty(fault: Fault) -> Outcome {
    load(&format!(
        "{} --rate 200 --seconds 0.2 --message-timeout 1.5",
        room(fault)
    ))
}

/// As many messages as it takes until there are `messages`.
fn windows(fault: Fault, more: &str, messages: u64) -> Outcome {
    load_until(&format!("{} {more}", room(fault)), |outcome| {
        outcome.messages >= messages
    })
}

#[test]
fn a_server_that_does_its_work_loses_nothing() {
    let outcome = windows(Fault::None, "--window 4 --senders 2", 8);
    let wrong = (
        outcome.lost,
        outcome.duplicates,
        outcome.reordered,
        outcome.errors,
    );
    assert_eq!(wrong, (0, 0, 0, 0), "{outcome:?}");
    assert_eq!(outcome.expected, outcome.messages * 4);
}

#[test]
fn what_a_server_drops_is_lost() {
    let outcome = forty(Fault::Drop(10));
    assert!((40..=41).contains(&outcome.messages), "{outcome:?}");
    assert_eq!(outcome.lost, outcome.expected / 10, "{outcome:?}");
    assert_eq!(outcome.duplicates + outcome.reordered, 0, "{outcome:?}");
    assert!(
        outcome
            .error_kinds
            .contains_key("a message was not complete in time")
    );
}

#[test]
fn a_window_goes_on_after_a_loss() {
    let outcome = load_until(
        &format!("{} --message-timeout 0.01", room(Fault::Drop(6))),
        |outcome| {
            // Without a new one for each that is given up, there would be a single loss.
            outcome.lost >= 2
        },
    );
    assert!(outcome.errors >= 2, "{outcome:?}");
}

#[test]
fn what_a_server_sends_twice_is_a_duplicate() {
    let outcome = windows(Fault::Double(10), "--window 4 --senders 2", 8);
    assert_eq!(outcome.duplicates, outcome.expected / 10, "{outcome:?}");
    assert_eq!((outcome.lost, outcome.reordered), (0, 0), "{outcome:?}");
}

#[test]
fn what_overtakes_a_message_of_its_sender_is_out_of_order() {
    let outcome = forty(Fault::Swap(10));
    assert!(outcome.reordered > 0, "{outcome:?}");
    assert_eq!(outcome.duplicates, 0, "{outcome:?}");
    // The very last ones may be held back for ever.
    assert!(outcome.lost <= 4, "{outcome:?}");
}

#[test]
fn a_message_of_another_room_is_an_error() {
    let outcome = windows(Fault::Stray(10), "--window 4", 8);
    let strays = outcome
        .error_kinds
        .get("a message came that nobody sent to this room");
    assert_eq!(strays, Some(&(outcome.expected / 10)), "{outcome:?}");
    assert_eq!(outcome.lost, 0);
}

#[test]
fn a_message_that_was_cut_is_lost() {
    let outcome = forty(Fault::Cut(10));
    assert_eq!(outcome.lost, outcome.expected / 10, "{outcome:?}");
    assert_eq!(outcome.other_messages, outcome.lost, "{outcome:?}");
}

#[test]
fn a_member_that_is_closed_is_an_error_and_the_others_go_on() {
    let outcome = windows(Fault::Close(20), "--senders 2", 10);
    assert_eq!(
        outcome.error_kinds.get("closed by the server with code 1011"),
        Some(&1),
        "{outcome:?}"
    );
    assert!(outcome.lost <= 1, "one message was on its way: {outcome:?}");
}

#[test]
fn a_server_that_refuses_is_quoted() {
    let address = faulty::start(Fault::Refuse);
    let refused = try_load(&format!("echo --url ws://{address}/ --connections 3")).unwrap_err();
    let LoadError::NotConnected(why) = &refused else {
        panic!("{refused}")
    };
    assert!(why.contains("403 Forbidden"), "{why}");
}

#[test]
fn a_server_that_says_nothing_is_given_up() {
    let address = faulty::start(Fault::Mute);
    let line = format!("echo --url ws://{address}/ --connections 3 --connect-timeout 0.2");
    let refused = try_load(&line).unwrap_err();
    assert!(refused.to_string().contains("not connected in time"), "{refused}");
}

#[test]
fn a_burst_that_loses_ends_all_the_same() {
    let address = faulty::start(Fault::Drop(7));
    let outcome = load(&format!(
        "burst --url ws://{address}/ --members 4 --messages 20 --protocol plain --settle 0 --message-timeout 2"
    ));
    assert_eq!((outcome.expected, outcome.lost), (80, 11), "{outcome:?}");
}

#[test]
fn visitors_that_are_not_let_in_are_counted() {
    let address = faulty::start(Fault::Drop(1));
    let line = format!(
        "churn --url ws://{address}/ --connections 2 --protocol plain --join --hold --connect-timeout 0.3"
    );
    let error = try_load(&line).unwrap_err().to_string();
    assert!(error.ends_with("in time"), "{error}");
}
