//! The frames in a client's bytes (RFC 9113 §4.1): only their heads are looked at, and settings.

/// Before the first frame (§3.4).
const PREFACE: usize = 24;
const HEAD: usize = 9;

const DATA: u8 = 0x0;
pub(super) const HEADERS: u8 = 0x1;
pub(super) const RST_STREAM: u8 = 0x3;
pub(super) const SETTINGS: u8 = 0x4;
pub(super) const PING: u8 = 0x6;
const CONTINUATION: u8 = 0x9;

const END_HEADERS: u8 = 0x4;

/// The setting that says whether the client takes promises (§6.5.2).
pub(super) const ENABLE_PUSH: u16 = 0x2;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A frame of this kind; its head is complete.
    Frame(u8),
    /// A setting of the client's.
    Setting(u16, u32),
}

/// What a frame's first nine bytes say.
#[derive(Clone, Copy, Debug)]
struct Head {
    kind: u8,
    flags: u8,
}

/// Finds the frames in a stream that comes in any portions. Whether they are legal is for `h2` to
/// say.
#[derive(Debug)]
pub(super) struct Frames {
    place: Place,
    current: Head,
    /// A header block has begun and is not whole.
    open_block: bool,
}

#[derive(Debug)]
enum Place {
    Preface(usize),
    Head {
        bytes: [u8; HEAD],
        have: usize,
    },
    Payload {
        left: usize,
        setting: [u8; 6],
        have: usize,
    },
}

impl Frames {
    pub(super) const fn new() -> Self {
        Self {
            place: Place::Preface(PREFACE),
            current: Head { kind: 0, flags: 0 },
            open_block: false,
        }
    }

    /// Whether the client owes the rest of a request's headers.
    pub(super) fn open_block(&self) -> bool {
        self.open_block
    }

    /// Whether the last frame begun is part of a body.
    pub(super) fn in_body(&self) -> bool {
        self.current.kind == DATA
    }

    /// Goes over the next `bytes`; `each` is told of what is found.
    pub(super) fn scan(&mut self, mut bytes: &[u8], mut each: impl FnMut(Found)) {
        while !bytes.is_empty() {
            match &mut self.place {
                Place::Preface(left) => {
                    let skipped = bytes.len().min(*left);
                    bytes = &bytes[skipped..];
                    *left -= skipped;
                    if *left == 0 {
                        self.place = Place::head();
                    }
                }
                Place::Head { bytes: head, have } => {
                    let taken = bytes.len().min(HEAD - *have);
                    head[*have..*have + taken].copy_from_slice(&bytes[..taken]);
                    bytes = &bytes[taken..];
                    *have += taken;
                    if *have == HEAD {
                        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
                        self.current = Head {
                            kind: head[3],
                            flags: head[4],
                        };
                        self.open_block |= self.current.kind == HEADERS;
                        each(Found::Frame(self.current.kind));
                        self.place = Place::payload(length as usize);
                        self.frame_ends();
                    }
                }
                Place::Payload { left, setting, have } => {
                    let is_setting = self.current.kind == SETTINGS;
                    let most = if is_setting { 6 - *have } else { *left };
                    let taken = bytes.len().min(*left).min(most);
                    if is_setting {
                        setting[*have..*have + taken].copy_from_slice(&bytes[..taken]);
                        *have = (*have + taken) % 6;
                        if *have == 0 {
                            let [a, b, value @ ..] = *setting;
                            each(Found::Setting(
                                u16::from_be_bytes([a, b]),
                                u32::from_be_bytes(value),
                            ));
                        }
                    }
                    bytes = &bytes[taken..];
                    *left -= taken;
                    self.frame_ends();
                }
            }
        }
    }

    /// Goes on to the next frame where the current one is whole.
    fn frame_ends(&mut self) {
        if matches!(self.place, Place::Payload { left: 0, .. }) {
            let Head { kind, flags } = self.current;
            if matches!(kind, HEADERS | CONTINUATION) && flags & END_HEADERS != 0 {
                self.open_block = false;
            }
            self.place = Place::head();
        }
    }
}

impl Place {
    const fn payload(left: usize) -> Self {
        Self::Payload {
            left,
            setting: [0; 6],
            have: 0,
        }
    }

    const fn head() -> Self {
        Self::Head {
            bytes: [0; HEAD],
            have: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = vec![length[1], length[2], length[3], kind, flags, 0, 0, 0, 1];
        frame.extend_from_slice(payload);
        frame
    }

    #[test]
    fn frames_are_found_in_any_portions() {
        let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        bytes.extend(frame(SETTINGS, 0, &[0, 2, 0, 0, 0, 1, 0, 4, 0, 1, 0, 0]));
        bytes.extend(frame(HEADERS, END_HEADERS, &[1; 300]));
        bytes.extend(frame(0, 1, b""));
        bytes.extend(frame(PING, 0, &[0; 8]));
        for portion in 1..40 {
            let mut frames = Frames::new();
            let mut found = Vec::new();
            for part in bytes.chunks(portion) {
                frames.scan(part, |one| found.push(one));
            }
            let expected = [
                Found::Frame(SETTINGS),
                Found::Setting(ENABLE_PUSH, 1),
                Found::Setting(4, 65_536),
                Found::Frame(HEADERS),
                Found::Frame(0),
                Found::Frame(PING),
            ];
            assert_eq!(found, expected, "{portion}");
            assert!(!frames.open_block());
        }
    }

    #[test]
    fn a_header_block_is_open_until_its_last_byte() {
        let mut frames = Frames::new();
        frames.scan(&[0; PREFACE], |_| {});
        let whole = frame(HEADERS, END_HEADERS, b"abc");
        frames.scan(&whole[..11], |_| {});
        assert!(frames.open_block());
        frames.scan(&whole[11..], |_| {});
        assert!(!frames.open_block());
        frames.scan(&frame(HEADERS, 0, b"abc"), |_| {});
        assert!(frames.open_block());
        frames.scan(&frame(CONTINUATION, 0, b""), |_| {});
        assert!(frames.open_block());
        frames.scan(&frame(CONTINUATION, END_HEADERS, b""), |_| {});
        assert!(!frames.open_block());
    }
}
