use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde::{Deserialize, Deserializer};

use super::*;

fn delivery() -> Delivery {
    Message::new(&serde_json::json!({"type": "chat.message", "n": 1}))
        .unwrap()
        .into()
}

/// How often [`Counted`] was decoded, in the one test that uses it.
static DECODED: AtomicUsize = AtomicUsize::new(0);

#[derive(Debug)]
struct Counted;

impl<'de> Deserialize<'de> for Counted {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde::de::IgnoredAny::deserialize(deserializer)?;
        DECODED.fetch_add(1, Relaxed);
        Ok(Self)
    }
}

#[derive(Debug, Deserialize)]
struct Other {
    n: u8,
}

#[test]
fn a_hundred_members_decode_once_and_encode_once() {
    let delivery = delivery();
    let encoded = AtomicUsize::new(0);
    let start = Barrier::new(4);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                for _ in 0..25 {
                    delivery.event::<Counted>().unwrap();
                    let frame = delivery.frame_once(TypeId::of::<Counted>(), || {
                        encoded.fetch_add(1, Relaxed);
                        Ok::<_, Infallible>(Frame::text("x"))
                    });
                    assert_eq!(frame, Ok(Frame::text("x")));
                }
            });
        }
    });
    assert_eq!((DECODED.load(Relaxed), encoded.load(Relaxed)), (1, 1));
    let frame = delivery.frame_once(TypeId::of::<Counted>(), || Err(())).unwrap();
    let again = delivery.frame_once(TypeId::of::<Counted>(), || Err(())).unwrap();
    assert_eq!(frame.bytes().as_ptr(), again.bytes().as_ptr());
}

#[test]
fn members_of_one_kind_share_and_others_do_their_own_work() {
    let delivery = delivery();
    let first = delivery.event::<Other>().unwrap();
    assert!(Arc::ptr_eq(&first, &delivery.event::<Other>().unwrap()));
    let own = delivery.event::<serde_json::Value>().unwrap();
    assert_eq!((first.n, own["n"].as_u64()), (1, Some(1)));
    assert!(!Arc::ptr_eq(
        &own,
        &delivery.event::<serde_json::Value>().unwrap()
    ));

    let make = |text: &'static str| move || Ok::<_, Infallible>(Frame::text(text));
    let frame = |key, text| delivery.frame_once(key, make(text)).unwrap();
    assert_eq!(frame(TypeId::of::<u8>(), "first"), Frame::text("first"));
    assert_eq!(frame(TypeId::of::<u16>(), "second"), Frame::text("second"));
    assert_eq!(frame(TypeId::of::<u8>(), "never made"), Frame::text("first"));
}

#[test]
fn an_event_that_does_not_fit_is_an_error_for_everyone() {
    #[derive(Debug, Deserialize)]
    #[serde(tag = "type")]
    enum Unrelated {}

    let delivery = delivery();
    for _ in 0..2 {
        let error = delivery.event::<Unrelated>().unwrap_err();
        assert_eq!(error.to_string(), "no handler for message type chat.message");
    }
    assert_eq!(delivery.event::<Other>().unwrap().n, 1);
}

#[test]
fn a_frame_that_fails_leaves_the_others_their_own_try() {
    let delivery = delivery();
    let key = TypeId::of::<Other>();
    assert_eq!(delivery.frame_once(key, || Err("first")), Err("first"));
    assert_eq!(delivery.frame_once(key, || Err("second")), Err("second"));
    assert_eq!(
        delivery.frame_once(key, || Ok::<_, ()>(Frame::text("x"))),
        Ok(Frame::text("x"))
    );
}

#[test]
fn a_panic_leaves_the_place_free() {
    let delivery = delivery();
    let key = TypeId::of::<Other>();
    let panicking = || delivery.frame_once(key, || -> Result<Frame, ()> { panic!("in make") });
    assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    assert_eq!(
        delivery.frame_once(key, || Ok::<_, ()>(Frame::text("x"))),
        Ok(Frame::text("x"))
    );
    assert_eq!(delivery.frame_once(key, || Err(())), Ok(Frame::text("x")));
}

#[test]
fn debug_says_what_is_cached() {
    let delivery = delivery();
    delivery.event::<Other>().unwrap();
    let shown = format!("{delivery:?}");
    assert!(shown.ends_with("decoded: true, frame: None }"), "{shown}");
}
