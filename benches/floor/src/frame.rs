//! Frames of RFC 6455: a client's, read in place, and a server's.

/// The longest payload a client may send.
const LONGEST: usize = 1 << 20;

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// A client's frame, unmasked where it lay.
pub(crate) struct Incoming<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
    /// Header and payload.
    pub(crate) length: usize,
}

/// Why there is no frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoFrame {
    /// Its end has not come yet.
    Incomplete,
    /// No client of ours sends this: not masked, fragmented, or too long.
    Refused,
}

/// The frame that `bytes` begins with.
pub(crate) fn read(bytes: &mut [u8]) -> Result<Incoming<'_>, NoFrame> {
    let [first, second, rest @ ..] = &*bytes else {
        return Err(NoFrame::Incomplete);
    };
    let (opcode, masked) = (first & 0x0f, second & 0x80 != 0);
    if first & 0xf0 != 0x80 || !masked {
        return Err(NoFrame::Refused);
    }
    let (size, extended) = match second & 0x7f {
        126 => (
            rest.first_chunk()
                .map(|size| u64::from(u16::from_be_bytes(*size))),
            2,
        ),
        127 => (rest.first_chunk().map(|size| u64::from_be_bytes(*size)), 8),
        short => (Some(u64::from(short)), 0),
    };
    let size = usize::try_from(size.ok_or(NoFrame::Incomplete)?).map_err(|_| NoFrame::Refused)?;
    if size > LONGEST {
        return Err(NoFrame::Refused);
    }
    let mask: [u8; 4] = *rest[extended..].first_chunk().ok_or(NoFrame::Incomplete)?;
    let begin = 2 + extended + 4;
    let length = begin + size;
    let payload = bytes.get_mut(begin..length).ok_or(NoFrame::Incomplete)?;
    unmask(payload, mask);
    Ok(Incoming {
        opcode,
        payload,
        length,
    })
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    for chunk in payload.chunks_mut(4) {
        for (byte, mask) in chunk.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
}

/// Appends a server's frame to `out`.
pub(crate) fn write(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    out.push(0x80 | opcode);
    match payload.len() {
        short @ 0..126 => out.push(short as u8),
        long @ 126..65_536 => {
            out.push(126);
            out.extend_from_slice(&(long as u16).to_be_bytes());
        }
        longer => {
            out.push(127);
            out.extend_from_slice(&(longer as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(opcode: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut frame = Vec::new();
        write(&mut frame, opcode, payload);
        frame[1] |= 0x80;
        let begin = frame.len() - payload.len();
        unmask(&mut frame[begin..], mask);
        frame.splice(begin..begin, mask);
        frame
    }

    #[test]
    fn a_frame_of_every_length_is_read_as_it_was_written() {
        for size in [0, 1, 125, 126, 65_535, 65_536, LONGEST] {
            let payload: Vec<u8> = (0..size).map(|i| i as u8).collect();
            let mut bytes = masked(TEXT, &payload);
            let all = bytes.len();
            bytes.push(0x81);
            let frame = read(&mut bytes).unwrap_or_else(|why| panic!("{size}: {why:?}"));
            assert_eq!((frame.opcode, frame.length), (TEXT, all));
            assert!(frame.payload == payload, "{size}");
        }
    }

    #[test]
    fn a_part_of_a_frame_is_incomplete_and_left_alone() {
        let whole = masked(BINARY, &[7; 300]);
        for end in 0..whole.len() {
            let mut part = whole[..end].to_vec();
            assert_eq!(read(&mut part).err(), Some(NoFrame::Incomplete), "{end}");
            assert_eq!(part, whole[..end]);
        }
    }

    #[test]
    fn fragments_and_bare_or_huge_frames_are_refused() {
        let fragment = {
            let mut frame = masked(TEXT, b"part");
            frame[0] &= 0x7f;
            frame
        };
        let mut bare = Vec::new();
        write(&mut bare, TEXT, b"bare");
        let huge = masked(TEXT, &vec![0; LONGEST + 1]);
        for mut bytes in [fragment, bare, huge] {
            assert_eq!(read(&mut bytes).err(), Some(NoFrame::Refused));
        }
    }
}
