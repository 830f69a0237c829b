//! XanoScript, as far as storing it needs: the header, balanced braces, and table definitions.
//!
//! Nothing is executed. A definition is `keyword name { … }`; its name and a few settings are read out
//! of it, everything else is kept as text.

mod reader;
pub mod table;

use serde_json::json;

use crate::error::ApiError;

/// The first line of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// `function`, `table`, `query`, …
    pub keyword: String,
    /// The name, unquoted.
    pub name: String,
    /// `key=value` words between name and brace, such as `verb=GET`.
    pub settings: Vec<(String, String)>,
}

fn syntax(message: &str, line: usize, col: usize) -> ApiError {
    let mut error = ApiError::bad_request(format!("Syntax error: {message} (line {line}, column {col})."));
    error.code = "ERROR_CODE_SYNTAX_ERROR";
    error.payload = Box::new(json!({"line": line, "col": col}));
    error
}

/// Reads the header of a definition and checks that its braces, brackets and quotes are closed.
pub fn header(script: &str) -> Result<Header, ApiError> {
    balanced(script)?;
    let (at, line) = script
        .lines()
        .enumerate()
        .find(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with("//"))
        .ok_or_else(|| syntax("the script is empty", 1, 1))?;
    let Some(head) = before_brace(line) else {
        return Err(syntax("expected a definition such as \"function name {\"", at + 1, 1));
    };
    let mut words = words(head);
    if words.len() < 2 {
        return Err(syntax(
            "expected a keyword and a name before \"{\"",
            at + 1,
            head.len() + 1,
        ));
    }
    let rest = words.split_off(2);
    let settings = rest
        .iter()
        .filter_map(|word| word.split_once('='))
        .map(|(k, v)| (k.to_owned(), v.to_owned()));
    Ok(Header {
        keyword: words[0].clone(),
        name: words[1].clone(),
        settings: settings.collect(),
    })
}

/// What stands before the first brace that is not part of a quoted name.
fn before_brace(line: &str) -> Option<&str> {
    let mut quoted = false;
    let at = line.char_indices().find(|(_, c)| {
        quoted ^= *c == '"';
        *c == '{' && !quoted
    });
    at.map(|(at, _)| &line[..at])
}

/// Words by spaces; quotes hold a word together and are taken off.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = None;
    let mut escaped = false;
    for c in text.chars() {
        let last = words.len() - 1;
        match (c, quoted) {
            _ if escaped => {
                words[last].push(c);
                escaped = false;
            }
            ('\\', Some(_)) => escaped = true,
            (c, Some(q)) if c == q => quoted = None,
            ('"' | '\'', None) => quoted = Some(c),
            (c, None) if c.is_whitespace() => words.push(String::new()),
            (c, _) => words[last].push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn balanced(script: &str) -> Result<(), ApiError> {
    let mut open: Vec<(char, usize, usize)> = Vec::new();
    for (at, line) in script.lines().enumerate() {
        let mut quoted: Option<char> = None;
        let mut before = ' ';
        for (col, c) in line.chars().enumerate() {
            match (c, quoted) {
                (c, Some(q)) if c == q && before != '\\' => quoted = None,
                ('/', None) if before == '/' => break,
                ('"', None) => quoted = Some(c),
                ('{' | '[' | '(', None) => open.push((c, at + 1, col + 1)),
                ('}' | ']' | ')', None) => {
                    let wanted = match c {
                        '}' => '{',
                        ']' => '[',
                        _ => '(',
                    };
                    if open.pop().is_none_or(|(opened, ..)| opened != wanted) {
                        return Err(syntax(&format!("unexpected \"{c}\""), at + 1, col + 1));
                    }
                }
                _ => {}
            }
            before = c;
        }
    }
    match open.pop() {
        None => Ok(()),
        Some((c, line, col)) => Err(syntax(&format!("\"{c}\" is never closed"), line, col)),
    }
}

/// The value of a plain setting line such as `description = "…"` at the top level of a definition.
pub fn setting(script: &str, name: &str) -> Option<String> {
    let mut depth = 0_i32;
    for line in script.lines() {
        if depth == 1
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == name
        {
            let value = value.trim();
            return Some(serde_json::from_str(value).unwrap_or_else(|_| value.to_owned()));
        }
        for c in line.chars() {
            depth += i32::from(c == '{') - i32::from(c == '}');
        }
    }
    None
}

/// A name as it stands in a script: quoted where it must be.
pub fn bare(name: &str) -> String {
    let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    if plain {
        name.to_owned()
    } else {
        json!(name).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_headers() {
        for (script, keyword, name) in [
            ("function hello {\n}", "function", "hello"),
            (
                "// a comment\n\nquery \"user/{id}\" verb=GET {\n}",
                "query",
                "user/{id}",
            ),
            ("table \"two words\" {\n}", "table", "two words"),
        ] {
            let header = header(script).expect(script);
            assert_eq!((header.keyword.as_str(), header.name.as_str()), (keyword, name));
        }
    }

    #[test]
    fn says_where_it_breaks() {
        for (script, line, col) in [
            ("", 1, 1),
            ("function hello", 1, 1),
            ("function {\n}", 1, 10),
            ("function a {\n  stack {\n}", 1, 12),
            ("function a {\n}}", 2, 2),
            ("function a {\n  x = [1)\n}", 2, 9),
        ] {
            let error = header(script).expect_err(script);
            assert_eq!(error.code, "ERROR_CODE_SYNTAX_ERROR");
            assert_eq!(*error.payload, json!({"line": line, "col": col}), "{script:?}");
        }
    }

    #[test]
    fn braces_in_text_and_comments_do_not_count() {
        assert!(header("function a {\n  x = \"}{\" // }\n}").is_ok());
    }
}
