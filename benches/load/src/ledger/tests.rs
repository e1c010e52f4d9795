use super::*;

const FRESH: Verdict = Verdict::Fresh { complete: false };
const LAST: Verdict = Verdict::Fresh { complete: true };

#[test]
fn a_message_is_complete_when_every_member_has_it() {
    let mut ledger = Ledger::new(1, 3, 1);
    assert_eq!(ledger.sent(0, 0, 0), 0);
    assert_eq!(ledger.delivered(0, 0, 0, 0), FRESH);
    assert_eq!(ledger.delivered(2, 0, 0, 0), FRESH);
    assert_eq!(ledger.in_flight(), 1);
    assert_eq!(ledger.counts().lost(), 1);
    assert_eq!(ledger.delivered(1, 0, 0, 0), LAST);
    assert_eq!(ledger.in_flight(), 0);
    assert_eq!(ledger.counts().lost(), 0);
}

#[test]
fn a_duplicate_completes_nothing() {
    let mut ledger = Ledger::new(1, 2, 1);
    ledger.sent(0, 0, 0);
    assert_eq!(ledger.delivered(0, 0, 0, 0), FRESH);
    assert_eq!(ledger.delivered(0, 0, 0, 0), Verdict::Duplicate);
    assert_eq!(ledger.delivered(1, 0, 0, 0), LAST);
    assert_eq!(ledger.delivered(1, 0, 0, 0), Verdict::Duplicate);
    assert_eq!(ledger.counts().duplicates, 2);
    assert_eq!(ledger.counts().delivered, 2);
}

#[test]
fn what_comes_late_is_reordered_and_what_never_comes_is_lost() {
    let mut ledger = Ledger::new(1, 1, 1);
    for _ in 0..4 {
        ledger.sent(0, 0, 0);
    }
    assert_eq!(ledger.delivered(0, 0, 0, 3), LAST);
    assert_eq!(ledger.delivered(0, 0, 0, 1), LAST);
    assert_eq!(ledger.delivered(0, 0, 0, 1), Verdict::Duplicate);
    let counts = ledger.counts();
    assert_eq!((counts.reordered, counts.duplicates, counts.lost()), (1, 1, 2));
}

#[test]
fn senders_are_ordered_one_by_one() {
    let mut ledger = Ledger::new(1, 2, 2);
    ledger.sent(0, 0, 0);
    ledger.sent(0, 1, 0);
    assert_eq!(ledger.delivered(0, 0, 1, 0), FRESH);
    assert_eq!(ledger.delivered(0, 0, 0, 0), FRESH);
    assert_eq!(ledger.counts().reordered, 0);
}

#[test]
fn what_nobody_sent_to_the_room_is_a_stray() {
    let mut ledger = Ledger::new(2, 1, 1);
    ledger.sent(0, 0, 0);
    // Never sent; another room's; no such sender.
    assert_eq!(ledger.delivered(0, 0, 0, 1), Verdict::Stray);
    assert_eq!(ledger.delivered(1, 0, 0, 0), Verdict::Stray);
    assert_eq!(ledger.delivered(0, 0, 1, 0), Verdict::Stray);
    assert_eq!(ledger.delivered(0, 9, 0, 0), Verdict::Stray);
    assert_eq!(ledger.counts().strays, 4);
}

#[test]
fn nobody_waits_for_a_member_that_left() {
    let mut ledger = Ledger::new(1, 2, 2);
    ledger.sent(0, 0, 0);
    ledger.sent(0, 1, 0);
    ledger.delivered(0, 0, 0, 0);
    ledger.delivered(1, 0, 1, 0);
    assert_eq!(ledger.member_gone(1), 1, "the first message has all others");
    assert_eq!(ledger.member_gone(1), 0, "once is enough");
    assert_eq!(ledger.in_flight(), 1);
    assert_eq!(ledger.next_sender(0), Some(0));
    assert_eq!(ledger.next_sender(0), Some(0), "sender 1 has left");
    ledger.sent(0, 0, 0);
    assert_eq!(ledger.delivered(0, 0, 0, 1), LAST, "alone");
    assert_eq!(ledger.counts().lost(), 2, "the first one never reached member 1");
}

#[test]
fn what_takes_too_long_is_given_up_but_still_counts_when_it_comes() {
    let mut ledger = Ledger::new(2, 1, 1);
    ledger.sent(0, 0, 100);
    ledger.sent(1, 0, 100);
    ledger.sent(1, 0, 200);
    assert_eq!(ledger.expire(150), [0, 1]);
    assert_eq!(ledger.expire(150), Vec::<usize>::new());
    assert_eq!(
        (
            ledger.in_flight(),
            ledger.counts().timeouts,
            ledger.counts().lost()
        ),
        (1, 2, 3)
    );
    assert_eq!(ledger.delivered(0, 0, 0, 0), FRESH);
    assert_eq!(ledger.counts().lost(), 2);
}
