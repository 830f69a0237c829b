//! Finding a page's boundaries in its JSON text, without building anything of what is between them.
//!
//! One pass over the bytes finds the envelope's own fields, where the items begin and end, and how many there are. It
//! trusts nothing: text that is no JSON of a known shape is a decode error, and what is inside the items is left to
//! whoever decodes them.

mod skip;

use std::ops::Range;

/// What an answer says about itself as a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Scan {
    pub(crate) items: Range<usize>,
    pub(crate) count: usize,
    pub(crate) page: Option<u64>,
    pub(crate) next_page: NextPage,
    pub(crate) previous_page: Option<u64>,
    pub(crate) per_page: Option<u64>,
    pub(crate) total: Option<u64>,
    pub(crate) total_pages: Option<u64>,
}

/// What a page says about the one behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NextPage {
    /// Nothing: such lists end with a short page.
    #[default]
    Unsaid,
    /// That there is none.
    None,
    /// Its number.
    Number(u64),
}

/// Reads a bare array, or an object with `items`.
pub(crate) fn scan(text: &[u8]) -> Result<Scan, String> {
    scan_items(text, |_| {})
}

/// The same, telling where each item is.
pub(crate) fn scan_items(text: &[u8], mut each: impl FnMut(Range<usize>)) -> Result<Scan, String> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.space();
    let found = match cursor.peek() {
        Some(b'[') => {
            let (items, count) = cursor.array(&mut each)?;
            Scan {
                items,
                count,
                ..Scan::default()
            }
        }
        Some(b'{') => cursor.envelope(&mut each)?,
        _ => return Err("a list was expected, and this is none".to_owned()),
    };
    cursor.space();
    if cursor.at == text.len() {
        Ok(found)
    } else {
        Err(cursor.wrong("the end"))
    }
}

/// The text of a field of the object that `text` is; none where there is no such field, or no object.
pub(crate) fn field<'t>(text: &'t [u8], name: &str) -> Option<&'t [u8]> {
    // A record begins with its id, and every record of a page is asked for it.
    let first = text
        .strip_prefix(b"{\"")
        .and_then(|rest| rest.strip_prefix(name.as_bytes()));
    if let Some(rest) = first.and_then(|rest| rest.strip_prefix(b"\":")) {
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length > 0 && matches!(rest.get(length), Some(b',' | b'}')) {
            return Some(&rest[..length]);
        }
    }
    let mut cursor = Cursor { text, at: 0 };
    cursor.expect(b'{').ok()?;
    loop {
        cursor.space();
        let key = cursor.string().ok()?;
        cursor.space();
        cursor.expect(b':').ok()?;
        cursor.space();
        let value = cursor.value().ok()?;
        if &text[key.start + 1..key.end - 1] == name.as_bytes() {
            return Some(&text[value]);
        }
        cursor.space();
        cursor.expect(b',').ok()?;
    }
}

struct Cursor<'t> {
    text: &'t [u8],
    at: usize,
}

impl Cursor<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Goes to the next byte of a sort; false when there is none. Over slices, because this is where the time goes.
    fn seek(&mut self, wanted: impl Fn(u8) -> bool) -> bool {
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.iter().position(|byte| wanted(*byte)) {
            Some(offset) => {
                self.at += offset;
                true
            }
            None => false,
        }
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn wrong(&self, expected: &str) -> String {
        format!("{expected} was expected at byte {} of a page", self.at)
    }

    fn envelope(&mut self, each: &mut impl FnMut(Range<usize>)) -> Result<Scan, String> {
        let mut found = Scan::default();
        let mut has_items = false;
        self.at += 1;
        self.space();
        if self.peek() == Some(b'}') {
            return Err("a page without items came".to_owned());
        }
        loop {
            self.space();
            let key = self.string()?;
            self.space();
            self.expect(b':')?;
            self.space();
            if &self.text[key.clone()] == b"\"items\"" && self.peek() == Some(b'[') {
                (found.items, found.count) = self.array(each)?;
                has_items = true;
            } else {
                let value = self.value()?;
                let number = number(&self.text[value.clone()]);
                match &self.text[key] {
                    b"\"curPage\"" => found.page = number,
                    b"\"nextPage\"" => found.next_page = number.map_or(NextPage::None, NextPage::Number),
                    b"\"prevPage\"" => found.previous_page = number,
                    b"\"perPage\"" => found.per_page = number,
                    b"\"itemsTotal\"" => found.total = number,
                    b"\"pageTotal\"" => found.total_pages = number,
                    _ => {}
                }
            }
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return Err(self.wrong("a comma or the end of the object")),
            }
        }
        self.at += 1;
        if has_items {
            Ok(found)
        } else {
            Err("a page without items came".to_owned())
        }
    }

    /// An array from here: where it is, and how many values it holds.
    fn array(&mut self, each: &mut impl FnMut(Range<usize>)) -> Result<(Range<usize>, usize), String> {
        let start = self.at;
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok((start..self.at, 0));
        }
        let mut count = 0;
        loop {
            self.space();
            each(self.value()?);
            count += 1;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return Err(self.wrong("a comma or the end of the list")),
            }
        }
        self.at += 1;
        Ok((start..self.at, count))
    }

    /// Any value from here, passed over by counting brackets outside of strings.
    fn value(&mut self) -> Result<Range<usize>, String> {
        let start = self.at;
        match self.peek() {
            Some(b'"') => return self.string(),
            Some(b'{' | b'[') => {}
            Some(b'-' | b'0'..=b'9' | b't' | b'f' | b'n') => {
                while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'a'..=b'z' | b'E')) {
                    self.at += 1;
                }
                return Ok(start..self.at);
            }
            _ => return Err(self.wrong("a value")),
        }
        match skip::length(&self.text[start..]) {
            Some(length) => {
                self.at += length;
                Ok(start..self.at)
            }
            None => Err(self.wrong("the rest of a value")),
        }
    }

    /// A string from here, with its quotation marks.
    fn string(&mut self) -> Result<Range<usize>, String> {
        let start = self.at;
        self.expect(b'"')?;
        while self.seek(|byte| matches!(byte, b'"' | b'\\')) {
            if self.text[self.at] == b'"' {
                self.at += 1;
                return Ok(start..self.at);
            }
            // A backslash and what it stands before.
            self.at += 2;
        }
        Err("a page broke off inside a text".to_owned())
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.wrong(&format!("{:?}", char::from(byte))))
    }
}

/// A number, also when a server puts it in quotation marks.
fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn an_envelope_is_read_whatever_the_order() {
        let text = r#" {"items" : [ {"a":"]}\"\\"}, 2 ,[{}] ],"curPage":2, "nextPage":"3","prevPage":null,"itemsTotal":9,"pageTotal":3,"perPage":3} "#;
        let found = scan(text.as_bytes()).expect("a page");
        assert_eq!(&text[found.items.clone()], r#"[ {"a":"]}\"\\"}, 2 ,[{}] ]"#);
        assert_eq!(
            (found.count, found.page, found.next_page),
            (3, Some(2), NextPage::Number(3))
        );
        assert_eq!(
            (found.previous_page, found.total, found.total_pages, found.per_page),
            (None, Some(9), Some(3), Some(3))
        );
    }

    #[test]
    fn a_bare_array_is_its_own_items() {
        let found = scan(b" [1,2] ").expect("a page");
        assert_eq!((found.items, found.count, found.next_page), (1..6, 2, NextPage::Unsaid));
        assert_eq!(scan(b"[]").expect("a page").count, 0);
    }

    #[test]
    fn items_are_told_one_by_one() {
        let text = br#"{"itemsTotal":2,"items":[ {"a":[1,2]} , "b"]}"#;
        let mut items = Vec::new();
        scan_items(text, |item| {
            items.push(String::from_utf8_lossy(&text[item]).into_owned());
        })
        .expect("a page");
        assert_eq!(items, [r#"{"a":[1,2]}"#, r#""b""#]);
    }

    #[test]
    fn a_field_is_found_at_the_top_only() {
        let text = br#"{ "a" : {"id":1}, "b":"\"id\":2" , "id" : 3 ,"id":4}"#;
        assert_eq!(field(text, "id"), Some(&b"3"[..]));
        assert_eq!(field(text, "b"), Some(&br#""\"id\":2""#[..]));
        for text in [r#"{"a":1}"#, "{}", "[1]", "", r#"{"id"#, r#"{"a":1 "id":2}"#] {
            assert_eq!(field(text.as_bytes(), "id"), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for text in [
            "",
            "null",
            "3",
            "{}",
            r#"{"items":null}"#,
            r#"{"a":1}"#,
            "[1",
            "[1 2]",
            r#"["a"#,
            "[1]x",
            "<html>",
            "[}",
            r#"{"items":[]"#,
        ] {
            assert!(scan(text.as_bytes()).is_err(), "{text}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,8}".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((".{0,5}", inner), 0..5).prop_map(|pairs| pairs.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn items_of_any_sort_are_found(items in prop::collection::vec(any_json(), 0..6), other in any_json()) {
            let text = json!({"other": other, "items": items, "nextPage": null}).to_string();
            let found = scan(text.as_bytes()).expect("a page");
            prop_assert_eq!(found.count, items.len());
            let again: Vec<Value> = serde_json::from_str(&text[found.items]).expect("JSON");
            prop_assert_eq!(again, items);
        }

        #[test]
        fn nothing_makes_it_panic(text in "[\\[\\]{}\",:a1\\\\ ]{0,60}") {
            let _ = scan(text.as_bytes());
        }
    }
}
