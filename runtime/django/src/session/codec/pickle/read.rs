//! Reading protocols 0 to 5: pickle's little stack machine, without the part that calls functions.

use serde_json::{Map, Number, Value};

use super::memo::Memo;

/// Values within values; a session of more is nobody's.
const MAX_DEPTH: usize = 64;
/// Values in a pickle: a text can be repeated for two bytes each time.
const MAX_VALUES: usize = 1_000_000;

/// Why a pickle was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PickleError {
    /// It ends in the middle, or makes no sense.
    #[error("the pickle is damaged")]
    Damaged,
    /// It holds what JSON cannot: objects, bytes, keys that are no text.
    #[error("the pickle holds more than plain values")]
    NotPlain,
    /// It is too deep, or too much.
    #[error("the pickle is too large")]
    TooLarge,
}

use PickleError::{Damaged, NotPlain, TooLarge};

/// What stands on the machine's stack.
enum Item {
    Mark,
    /// With how many levels it has within.
    Value(Value, usize),
}

/// The value of a pickle.
///
/// # Errors
/// [`PickleError`].
pub fn from_slice(bytes: &[u8]) -> Result<Value, PickleError> {
    let mut machine = Machine {
        rest: bytes,
        stack: Vec::new(),
        memo: Memo::default(),
        values: 0,
    };
    machine.run()
}

struct Machine<'a> {
    rest: &'a [u8],
    stack: Vec<Item>,
    memo: Memo,
    values: usize,
}

impl<'a> Machine<'a> {
    fn run(&mut self) -> Result<Value, PickleError> {
        loop {
            match self.byte()? {
                // PROTO, FRAME
                0x80 if self.byte()? <= 5 => {}
                0x95 => drop(self.take(8)?),
                b'.' => return Ok(self.pop()?.0),
                opcode @ (b'N' | 0x88 | 0x89 | b'I' | b'L' | b'K' | b'M' | b'J' | 0x8a | b'F' | b'G') => {
                    let value = self.scalar(opcode)?;
                    self.push(value, 0)?;
                }
                opcode @ (0x8c | b'X' | 0x8d | b'V') => {
                    let text = self.text(opcode)?;
                    self.push(text.into(), 0)?;
                }
                b'(' => self.stack.push(Item::Mark),
                b']' | b')' => self.push(Value::Array(Vec::new()), 0)?,
                b'}' => self.push(Value::Object(Map::new()), 0)?,
                b'l' | b't' => {
                    let items = self.pop_to_mark()?;
                    self.push_list(items)?;
                }
                tuple @ 0x85..=0x87 => {
                    let at = self
                        .stack
                        .len()
                        .checked_sub(usize::from(tuple - 0x84))
                        .ok_or(Damaged)?;
                    let items = self.stack.split_off(at);
                    self.push_list(items)?;
                }
                b'd' => {
                    let items = self.pop_to_mark()?;
                    self.push(Value::Object(Map::new()), 0)?;
                    self.set(items)?;
                }
                b'a' => {
                    let (value, depth) = self.pop()?;
                    self.append(vec![Item::Value(value, depth)])?;
                }
                b'e' => {
                    let items = self.pop_to_mark()?;
                    self.append(items)?;
                }
                b's' => {
                    let at = self.stack.len().checked_sub(2).ok_or(Damaged)?;
                    let entry = self.stack.split_off(at);
                    self.set(entry)?;
                }
                b'u' => {
                    let items = self.pop_to_mark()?;
                    self.set(items)?;
                }
                opcode @ (0x94 | b'q' | b'r' | b'p') => {
                    let at = self.place(opcode)?;
                    let Some(Item::Value(value, _)) = self.stack.last() else {
                        return Err(Damaged);
                    };
                    self.memo.put(at, value);
                }
                opcode @ (b'h' | b'j' | b'g') => {
                    let at = self.place(opcode)?;
                    let value = self.memo.get(at)?;
                    self.push(value, 0)?;
                }
                b'0' => drop(self.pop()?),
                _ => return Err(NotPlain),
            }
        }
    }

    fn scalar(&mut self, opcode: u8) -> Result<Value, PickleError> {
        Ok(match opcode {
            b'N' => Value::Null,
            0x88 => true.into(),
            0x89 => false.into(),
            b'K' => self.byte()?.into(),
            b'M' => u16::from_le_bytes(self.array()?).into(),
            b'J' => i32::from_le_bytes(self.array()?).into(),
            b'I' => match self.line()? {
                "00" => false.into(),
                "01" => true.into(),
                number => number.parse::<i64>().map_err(|_| Damaged)?.into(),
            },
            b'L' => {
                let line = self.line()?.trim_end_matches('L');
                integer(line.parse().map_err(|_| Damaged)?)?
            }
            0x8a => {
                let length = self.byte()?;
                integer(long(self.take(length.into())?)?)?
            }
            b'F' => float(self.line()?.parse().map_err(|_| Damaged)?)?,
            _ => float(f64::from_be_bytes(self.array()?))?,
        })
    }

    fn text(&mut self, opcode: u8) -> Result<&'a str, PickleError> {
        let length = match opcode {
            0x8c => self.byte()?.into(),
            b'X' => u32::from_le_bytes(self.array()?).into(),
            0x8d => u64::from_le_bytes(self.array()?),
            // Escapes of protocol 0 are not worth a parser; Django never writes it.
            _ => {
                return Some(self.line()?)
                    .filter(|line| !line.contains('\\'))
                    .ok_or(NotPlain);
            }
        };
        let bytes = self.take(usize::try_from(length).map_err(|_| Damaged)?)?;
        std::str::from_utf8(bytes).map_err(|_| Damaged)
    }

    /// The place in the memo that an opcode names.
    fn place(&mut self, opcode: u8) -> Result<u32, PickleError> {
        match opcode {
            0x94 => Ok(self.memo.next()),
            b'q' | b'h' => Ok(self.byte()?.into()),
            b'r' | b'j' => Ok(u32::from_le_bytes(self.array()?)),
            _ => self.line()?.parse().map_err(|_| Damaged),
        }
    }

    fn byte(&mut self) -> Result<u8, PickleError> {
        self.array::<1>().map(|[byte]| byte)
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], PickleError> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Damaged)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Damaged)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn line(&mut self) -> Result<&'a str, PickleError> {
        let end = self.rest.iter().position(|byte| *byte == b'\n').ok_or(Damaged)?;
        let line = self.take(end)?;
        self.take(1)?;
        std::str::from_utf8(line).map_err(|_| Damaged)
    }

    fn push(&mut self, value: Value, depth: usize) -> Result<(), PickleError> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return Err(TooLarge);
        }
        self.stack.push(Item::Value(value, depth));
        Ok(())
    }

    fn push_list(&mut self, items: Vec<Item>) -> Result<(), PickleError> {
        self.push(Value::Array(Vec::new()), 0)?;
        self.append(items)
    }

    fn pop(&mut self) -> Result<(Value, usize), PickleError> {
        match self.stack.pop() {
            Some(Item::Value(value, depth)) => Ok((value, depth)),
            _ => Err(Damaged),
        }
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Item>, PickleError> {
        let mark = self
            .stack
            .iter()
            .rposition(|item| matches!(item, Item::Mark))
            .ok_or(Damaged)?;
        let items = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(items)
    }

    /// Puts the items into the list on top.
    fn append(&mut self, items: Vec<Item>) -> Result<(), PickleError> {
        let Some(Item::Value(Value::Array(list), depth)) = self.stack.last_mut() else {
            return Err(Damaged);
        };
        for item in items {
            list.push(within(item, depth)?);
        }
        Ok(())
    }

    /// Puts keys and values, in turn, into the dictionary on top.
    fn set(&mut self, items: Vec<Item>) -> Result<(), PickleError> {
        let Some(Item::Value(Value::Object(map), depth)) = self.stack.last_mut() else {
            return Err(Damaged);
        };
        let mut items = items.into_iter();
        while let Some(key) = items.next() {
            let value = within(items.next().ok_or(Damaged)?, depth)?;
            match key {
                Item::Value(Value::String(key), _) => drop(map.insert(key, value)),
                Item::Value(..) => return Err(NotPlain),
                Item::Mark => return Err(Damaged),
            }
        }
        Ok(())
    }
}

/// The value of an item that goes into another one of `depth` levels.
fn within(item: Item, depth: &mut usize) -> Result<Value, PickleError> {
    let Item::Value(value, levels) = item else {
        return Err(Damaged);
    };
    *depth = (*depth).max(levels + 1);
    if *depth > MAX_DEPTH {
        return Err(TooLarge);
    }
    Ok(value)
}

fn integer(number: i128) -> Result<Value, PickleError> {
    Number::from_i128(number).map(Value::Number).ok_or(NotPlain)
}

fn float(number: f64) -> Result<Value, PickleError> {
    Number::from_f64(number).map(Value::Number).ok_or(NotPlain)
}

/// A number in two's complement, little-endian, of any length that fits.
fn long(bytes: &[u8]) -> Result<i128, PickleError> {
    let negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
    let mut wide = [if negative { 0xff } else { 0 }; 16];
    wide.get_mut(..bytes.len())
        .ok_or(NotPlain)?
        .copy_from_slice(bytes);
    Ok(i128::from_le_bytes(wide))
}
