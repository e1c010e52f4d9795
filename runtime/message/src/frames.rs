//! [`Frames`]: frames that leave together, as one write.

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;

use crate::frame::{Frame, LEAST_WINDOW, WINDOWS};

/// Frames for the same sockets, in order, at least one.
///
/// Whoever writes them takes one buffer that holds them all ([`Frames::joined`]): made by the first socket that asks, for
/// all of them. One frame alone is its own buffer, and nothing is copied.
///
/// ```
/// use laureola_message::{Frame, Frames};
///
/// let frames = Frames::new(vec![Frame::text("a"), Frame::text("b")]).expect("there are some");
/// assert_eq!(frames.joined()[..], *b"\x81\x01a\x81\x01b");
/// assert_eq!(frames.len(), 2);
/// ```
pub struct Frames {
    frames: Box<[Frame]>,
    joined: OnceLock<Bytes>,
    /// The joined forms for sockets that compress, by window.
    deflated: OnceLock<Box<[OnceLock<Deflated>; WINDOWS]>>,
}

/// Frames in the form one window has, joined and one by one.
struct Deflated {
    joined: Bytes,
    parts: Box<[Bytes]>,
}

impl Frames {
    /// These frames; `None` if there are none.
    pub fn new(frames: Vec<Frame>) -> Option<Self> {
        (!frames.is_empty()).then(|| Self {
            frames: frames.into(),
            joined: OnceLock::new(),
            deflated: OnceLock::new(),
        })
    }

    /// Each of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Frame> {
        self.frames.iter()
    }

    /// How many there are.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// All of them in one buffer.
    pub fn joined(&self) -> &Bytes {
        match &*self.frames {
            [only] => only.bytes(),
            frames => self.joined.get_or_init(|| join(frames)),
        }
    }

    /// All of them in one buffer, and one by one, each in the form that `form` has for sockets with a window of `bits`
    /// (9 to 15; see [`Frame::deflated_once`]). Asked and joined once for each window, with the first one's `form`: another
    /// server's may choose otherwise, and the parts must be those of the buffer.
    ///
    /// # Panics
    /// If `bits` is out of range.
    pub fn deflated_once<'a>(
        &'a self,
        bits: u8,
        form: impl Fn(&'a Frame) -> &'a Bytes,
    ) -> (&'a Bytes, &'a [Bytes]) {
        match &*self.frames {
            [only] => {
                let only = form(only);
                (only, std::slice::from_ref(only))
            }
            frames => {
                let forms = self.deflated.get_or_init(Box::default);
                let deflated = forms[usize::from(bits - LEAST_WINDOW)].get_or_init(|| {
                    let parts: Box<[Bytes]> = frames.iter().map(|frame| form(frame).clone()).collect();
                    let joined: Vec<u8> = parts.concat();
                    Deflated {
                        joined: joined.into(),
                        parts,
                    }
                });
                (&deflated.joined, &deflated.parts)
            }
        }
    }
}

fn join(frames: &[Frame]) -> Bytes {
    let mut joined = Vec::with_capacity(frames.iter().map(|frame| frame.bytes().len()).sum());
    for frame in frames {
        joined.extend_from_slice(frame.bytes());
    }
    joined.into()
}

impl From<Frame> for Frames {
    fn from(frame: Frame) -> Self {
        Self {
            frames: Box::new([frame]),
            joined: OnceLock::new(),
            deflated: OnceLock::new(),
        }
    }
}

impl fmt::Debug for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&*self.frames).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_joined_in_order_and_once() {
        let frames = Frames::new(vec![Frame::text("a"), Frame::binary(b"b"), Frame::text("c")]).unwrap();
        assert_eq!(frames.joined()[..], *b"\x81\x01a\x82\x01b\x81\x01c");
        assert_eq!(frames.joined().as_ptr(), frames.joined().as_ptr());
        assert!(Frames::new(Vec::new()).is_none());
    }

    #[test]
    fn one_frame_alone_is_not_copied() {
        let frame = Frame::text("hello");
        let frames = Frames::from(frame.clone());
        assert_eq!(frames.joined().as_ptr(), frame.bytes().as_ptr());
        assert_eq!(
            frames.deflated_once(9, Frame::bytes).0.as_ptr(),
            frame.bytes().as_ptr()
        );
    }

    #[test]
    fn each_window_has_its_joined_form() {
        let frames = Frames::new(vec![Frame::text("long"), Frame::text("b")]).unwrap();
        let short = |frame: &Frame| {
            frame
                .deflated_once(15, |_| Some(Bytes::from_static(b"s")))
                .is_some()
        };
        assert!(frames.iter().all(short));
        let form = |bits| {
            let (joined, _) = frames.deflated_once(bits, |frame| {
                frame
                    .deflated_once(bits, |_| None)
                    .unwrap_or_else(|| frame.bytes())
            });
            joined
        };
        assert_eq!(form(15)[..], *b"ss");
        assert_eq!(form(9), frames.joined());
        assert_eq!(form(15).as_ptr(), form(15).as_ptr());
    }

    #[test]
    fn the_parts_are_those_of_the_joined_form_whoever_asks() {
        static SHORT: Bytes = Bytes::from_static(b"s");
        fn short(_: &Frame) -> &Bytes {
            &SHORT
        }
        let frames = Frames::new(vec![Frame::text("long"), Frame::text("b")]).unwrap();
        let (joined, parts) = frames.deflated_once(15, Frame::bytes);
        assert_eq!(joined[..], parts.concat());
        // A server with other settings.
        let (again, parts) = frames.deflated_once(15, short);
        assert_eq!(again, joined);
        assert_eq!(joined[..], parts.concat());
    }
}
