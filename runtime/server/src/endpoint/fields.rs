//! The grammar of endpoint strings: fields between colons, each a value or `name=value`.

use std::str::FromStr;

use super::EndpointError;

/// A field, its escapes resolved.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: Option<String>,
    pub(super) value: String,
}

/// The fields of `text`; there is at least one. The first `=` of a field separates, others belong
/// to the value. A backslash takes the next character as it is.
pub(super) fn split(text: &str) -> Result<Vec<Field>, EndpointError> {
    let mut fields = Vec::new();
    let (mut name, mut value) = (None, String::new());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => value.push(chars.next().ok_or(EndpointError::Escape)?),
            '=' if name.is_none() => name = Some(std::mem::take(&mut value)),
            ':' => fields.push(Field {
                name: name.take(),
                value: std::mem::take(&mut value),
            }),
            char => value.push(char),
        }
    }
    fields.push(Field { name, value });
    Ok(fields)
}

/// The arguments of one endpoint, by name.
#[derive(Debug)]
pub(super) struct Arguments {
    kind: &'static str,
    names: &'static [&'static str],
    values: Vec<Option<String>>,
}

impl Arguments {
    /// Gives every field to its argument: by name, or else to the first place in `names` behind
    /// the ones without a name before it.
    pub(super) fn new(
        kind: &'static str,
        names: &'static [&'static str],
        fields: impl IntoIterator<Item = Field>,
    ) -> Result<Self, EndpointError> {
        let mut values: Vec<Option<String>> = vec![None; names.len()];
        let mut place = 0;
        for Field { name, value } in fields {
            let index = match name {
                Some(name) => match names.iter().position(|known| *known == name) {
                    Some(index) => index,
                    None => {
                        let known = names.join(", ");
                        return Err(EndpointError::Unknown { kind, name, known });
                    }
                },
                None => {
                    place += 1;
                    place - 1
                }
            };
            match values.get_mut(index) {
                None => return Err(EndpointError::TooMany { kind, value }),
                Some(Some(_)) => return Err(EndpointError::Twice(names[index])),
                Some(slot) => *slot = Some(value),
            }
        }
        Ok(Self { kind, names, values })
    }

    /// The value of `name`; none where it is empty, as Twisted has it.
    pub(super) fn take(&mut self, name: &'static str) -> Option<String> {
        let index = self.names.iter().position(|known| *known == name)?;
        self.values[index].take().filter(|value| !value.is_empty())
    }

    /// The value of `name`, which must be there.
    pub(super) fn need(
        &mut self,
        name: &'static str,
        example: &'static str,
    ) -> Result<String, EndpointError> {
        self.take(name).ok_or(EndpointError::Missing {
            kind: self.kind,
            argument: name,
            example,
        })
    }
}

/// `value` as a number that `name` takes. A sign is none.
pub(super) fn number<T: FromStr>(
    name: &'static str,
    value: String,
    expected: &'static str,
) -> Result<T, EndpointError> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit());
    match value.parse() {
        Ok(number) if digits => Ok(number),
        _ => Err(EndpointError::Value {
            name,
            value,
            expected,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_split_at_colons_and_unescaped() {
        let fields = split(r"a\:b:c\=d=e=f\\::=g").unwrap();
        let field = |name: Option<&str>, value: &str| Field {
            name: name.map(str::to_owned),
            value: value.to_owned(),
        };
        assert_eq!(
            fields,
            [
                field(None, "a:b"),
                field(Some("c=d"), r"e=f\"),
                field(None, ""),
                field(Some(""), "g")
            ]
        );
        assert_eq!(split(r"tcp:80\"), Err(EndpointError::Escape));
    }
}
