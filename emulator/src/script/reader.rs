//! Reading XanoScript piece by piece, with the place of every piece at hand.

use serde_json::{Map, Value};

use super::syntax;
use crate::error::ApiError;

/// A text that is read from left to right.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts inside the first brace; the header has been checked.
    pub fn after_header(text: &'a str) -> Self {
        let mut reader = Self { text, at: 0 };
        reader.space();
        let (mut quoted, mut escaped) = (false, false);
        while let Some(c) = reader.peek() {
            reader.at += c.len_utf8();
            if c == '{' && !quoted {
                break;
            }
            quoted ^= c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
        }
        reader
    }

    /// Line and column of what comes next, from 1.
    pub fn place(&mut self) -> (usize, usize) {
        self.space();
        let before = &self.text[..self.at];
        let line = before.matches('\n').count() + 1;
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        (line, before[start..].chars().count() + 1)
    }

    fn wrong(&mut self, message: &str) -> ApiError {
        let (line, col) = self.place();
        syntax(message, line, col)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Skips spaces, line ends and comments.
    fn space(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if !trimmed.starts_with("//") {
                return;
            }
            self.at += trimmed.find('\n').unwrap_or(trimmed.len());
        }
    }

    /// Takes a character that stands right here.
    pub fn takes(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn takes_next(&mut self, wanted: char) -> bool {
        self.space();
        self.takes(wanted)
    }

    /// Takes an opening brace that comes next.
    pub fn opens(&mut self) -> bool {
        self.takes_next('{')
    }

    /// Takes an opening brace on this line.
    pub fn opens_here(&mut self) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t']);
        if trimmed.starts_with('{') {
            self.at += rest.len() - trimmed.len() + 1;
            return true;
        }
        false
    }

    /// Takes a closing brace that comes next; the end of the text closes everything.
    pub fn closes(&mut self) -> bool {
        self.takes_next('}') || self.rest().is_empty()
    }

    /// Takes a word such as `filters=` on this line.
    pub fn keyword(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t']);
        if trimmed.starts_with(word) {
            self.at += rest.len() - trimmed.len() + word.len();
            return true;
        }
        false
    }

    fn while_(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// A word up to the next space, such as a type.
    pub fn word(&mut self) -> Result<String, ApiError> {
        self.space();
        let word = self.while_(|c| !c.is_whitespace() && !"{}=,\"".contains(c));
        if word.is_empty() {
            return Err(self.wrong("expected a word"));
        }
        Ok(word.to_owned())
    }

    /// Letters and digits.
    pub fn identifier(&mut self) -> Result<String, ApiError> {
        let word = self.while_(|c| c.is_alphanumeric() || c == '_');
        if word.is_empty() {
            return Err(self.wrong("expected a name"));
        }
        Ok(word.to_owned())
    }

    /// A name or a plain value, in quotes where it needs them.
    pub fn name(&mut self) -> Result<String, ApiError> {
        self.space();
        if self.peek() == Some('"') {
            return self.quoted();
        }
        let name = self.while_(|c| !c.is_whitespace() && !"?={}[]\"|,".contains(c));
        if name.is_empty() {
            return Err(self.wrong("expected a name"));
        }
        Ok(name.to_owned())
    }

    fn quoted(&mut self) -> Result<String, ApiError> {
        let mut values = serde_json::Deserializer::from_str(self.rest()).into_iter::<String>();
        match values.next() {
            Some(Ok(text)) => {
                self.at += values.byte_offset();
                Ok(text)
            }
            _ => Err(self.wrong("a text in quotes is not closed or has an unknown escape")),
        }
    }

    /// `= value`
    pub fn assigned(&mut self) -> Result<Value, ApiError> {
        if !self.takes_next('=') {
            return Err(self.wrong("expected \"=\""));
        }
        self.value()
    }

    /// A value: JSON, with names that need no quotes and line ends that stand for commas. A block such
    /// as `{ a = 1 }` counts as an object.
    pub fn value(&mut self) -> Result<Value, ApiError> {
        self.space();
        match self.peek() {
            Some('"') => self.quoted().map(Value::String),
            Some('[') => {
                self.at += 1;
                let mut items = Vec::new();
                while !self.takes_next(']') {
                    items.push(self.value()?);
                    self.takes_next(',');
                }
                Ok(Value::Array(items))
            }
            Some('{') => {
                self.at += 1;
                let mut map = Map::new();
                while !self.takes_next('}') {
                    let name = if self.peek() == Some('"') {
                        self.quoted()?
                    } else {
                        self.identifier()?
                    };
                    if !self.takes_next(':') && !self.takes('=') {
                        return Err(self.wrong("expected \":\""));
                    }
                    map.insert(name, self.value()?);
                    self.takes_next(',');
                }
                Ok(Value::Object(map))
            }
            _ => {
                let word = self.while_(|c| !c.is_whitespace() && !"{}[],|\"".contains(c));
                if word.is_empty() {
                    return Err(self.wrong("expected a value"));
                }
                Ok(serde_json::from_str(word).unwrap_or_else(|_| Value::from(word)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_json_with_less_punctuation() {
        for (text, value) in [
            ("{a: 1, b: \"x\"}", json!({"a": 1, "b": "x"})),
            (
                "[\n  {a: true}\n  {b: [1 2]} // two\n]",
                json!([{"a": true}, {"b": [1, 2]}]),
            ),
            ("word", json!("word")),
            ("-1.5", json!(-1.5)),
        ] {
            let script = format!("table t {{ x = {text}\n}}");
            let mut reader = Reader::after_header(&script);
            assert_eq!(reader.word().expect("a word"), "x");
            assert_eq!(reader.assigned().expect(text), value);
            assert!(reader.closes(), "{text}");
        }
    }

    #[test]
    fn places_count_from_one() {
        let mut reader = Reader::after_header("// {\ntable \"a{b\" {\n  é x\n}");
        assert_eq!(reader.place(), (3, 3));
        assert_eq!(reader.word().expect("a word"), "é");
        assert_eq!(reader.place(), (3, 5));
    }
}
