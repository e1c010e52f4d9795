//! One case of the corpus, as `cases/README.md` describes it.

use std::fmt::Write as _;

/// See the module's documentation.
#[derive(Debug, Default)]
pub(crate) struct Case {
    /// What the case is about; unique within its file.
    pub(crate) name: String,
    /// What the client sends.
    pub(crate) sent: Vec<u8>,
    /// The status of every response, interim ones too.
    pub(crate) statuses: Vec<u16>,
    /// Whether the server closes after the last one.
    pub(crate) closes: bool,
    /// What the application sees, line by line.
    pub(crate) seen: Vec<String>,
    /// Whether Daphne's answer is noted.
    pub(crate) daphne: bool,
}

/// Reads the cases of a file.
///
/// # Panics
/// With the line that is not understood.
pub(crate) fn read(text: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let known = match line.split_once(' ').unwrap_or((line, "")) {
            ("", _) | ("#", _) => true,
            ("###", name) => {
                let name = name.to_owned();
                cases.push(Case {
                    name,
                    ..Case::default()
                });
                true
            }
            (mark, rest) => cases.last_mut().is_some_and(|case| case.line(mark, rest)),
        };
        assert!(known, "line {} is not understood: {line}", number + 1);
    }
    for case in &cases {
        let complete = !case.sent.is_empty() && (case.closes || !case.statuses.is_empty()) && case.daphne;
        assert!(
            complete,
            "{:?} misses its request, its answer or Daphne's",
            case.name
        );
    }
    cases
}

impl Case {
    fn line(&mut self, mark: &str, rest: &str) -> bool {
        match mark {
            ">" => self.sent.extend(bytes(rest)),
            "<" => {
                for word in rest.split(' ') {
                    match word.parse() {
                        Ok(status) => self.statuses.push(status),
                        Err(_) if word == "close" => self.closes = true,
                        Err(_) => return false,
                    }
                }
            }
            "app" => self.seen.push(rest.to_owned()),
            "daphne" => self.daphne = true,
            _ => return false,
        }
        true
    }
}

/// The bytes that `text` stands for: `\r`, `\n`, `\t`, `\\`, `\xHH`, and `\*N(…)` for N times what
/// is in the parentheses, with `\#` for the number of the turn.
fn bytes(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some((plain, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let kind = escape.chars().next().expect("an escape names what it stands for");
        rest = &escape[kind.len_utf8()..];
        match kind {
            'r' => bytes.push(b'\r'),
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            '\\' => bytes.push(b'\\'),
            'x' => {
                let (digits, behind) = rest.split_at(2);
                bytes.push(u8::from_str_radix(digits, 16).expect("two hexadecimal digits"));
                rest = behind;
            }
            '*' => {
                let (times, behind) = rest.split_once('(').expect("a parenthesis behind the number");
                let (part, behind) = behind.split_once(')').expect("an end of the parentheses");
                for turn in 0..times.parse().expect("a number of turns") {
                    let turn: u32 = turn;
                    bytes.extend(self::bytes(&part.replace("\\#", &turn.to_string())));
                }
                rest = behind;
            }
            _ => panic!("unknown escape \\{kind} in {text}"),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The opposite, for messages: what is long is cut.
pub(crate) fn shown(bytes: &[u8]) -> String {
    const MOST: usize = 300;
    let mut text = bytes[..bytes.len().min(MOST)].escape_ascii().to_string();
    if bytes.len() > MOST {
        write!(text, "… ({} bytes)", bytes.len()).expect("a string takes everything");
    }
    text
}

#[test]
fn escapes_stand_for_their_bytes() {
    assert_eq!(
        bytes(r"a\r\n\x00\t\\\*3(b\#\x7f)"),
        b"a\r\n\0\t\\b0\x7fb1\x7fb2\x7f"
    );
}
