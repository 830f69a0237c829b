//! XanoScript, as far as storing it needs: the header, balanced braces, and table schemas.
//!
//! Nothing is executed. A definition is `keyword name { … }`; its name and a few settings are read out
//! of it, everything else is kept as text.

use serde_json::{Map, Value, json};

use crate::columns::{Column, KINDS};
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
                (_, Some(_)) => {}
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

/// The columns of a table definition; none when it has no `schema` block.
pub fn columns(script: &str) -> Result<Option<Vec<Column>>, ApiError> {
    let mut found = Vec::new();
    let mut lines = script
        .lines()
        .enumerate()
        .skip_while(|(_, line)| !line.trim_start().starts_with("schema"));
    if lines.next().is_none() {
        return Ok(None);
    }
    let mut depth = 0_i32;
    for (at, line) in lines {
        let text = line.trim();
        if text.is_empty() || text.starts_with("//") {
            continue;
        }
        if depth == 0 && text.starts_with('}') {
            return Ok(Some(found));
        }
        if depth == 0 {
            let definition = column(text).ok_or_else(|| syntax("expected \"type name\"", at + 1, 1))?;
            found.push(Column::read(&definition).map_err(|error| syntax(&error.message, at + 1, 1))?);
        } else if let Some((key, value)) = text.split_once('=')
            && key.trim() == "values"
            && let Ok(values) = serde_json::from_str::<Value>(value.trim())
            && let Some(Value::Object(mut definition)) = found.pop().map(|column| column.to_json())
        {
            definition.insert("values".to_owned(), values);
            found.push(Column::read(&Value::Object(definition))?);
        }
        for c in text.chars() {
            depth += i32::from(c == '{') - i32::from(c == '}');
        }
    }
    Ok(Some(found))
}

/// `type[]? name?=default filters=trim|lower {`
fn column(text: &str) -> Option<Value> {
    let words = words(text.trim_end_matches('{'));
    let (kind, name) = (words.first()?, words.get(1)?);
    let mut definition = Map::new();
    let nullable = kind.ends_with('?');
    let kind = kind.trim_end_matches('?');
    definition.insert(
        "style".to_owned(),
        json!(if kind.ends_with("[]") { "list" } else { "single" }),
    );
    let kind = kind.trim_end_matches("[]");
    let (name, default) = name
        .split_once('=')
        .map_or((name.as_str(), None), |(n, d)| (n, Some(d)));
    definition.insert("type".to_owned(), json!(if KINDS.contains(&kind) { kind } else { "" }));
    definition.insert("name".to_owned(), json!(name.trim_end_matches('?')));
    definition.insert("nullable".to_owned(), json!(nullable));
    definition.insert("required".to_owned(), json!(!name.ends_with('?')));
    if let Some(default) = default {
        definition.insert("default".to_owned(), json!(default));
    }
    let filters = words.iter().find_map(|word| word.strip_prefix("filters="));
    if let Some(filters) = filters {
        let filters: Map<String, Value> = filters
            .split('|')
            .map(|filter| (filter.to_owned(), json!(true)))
            .collect();
        definition.insert("validators".to_owned(), Value::Object(filters));
    }
    Some(Value::Object(definition))
}

/// Writes a table definition.
pub fn table(name: &str, auth: bool, columns: &[Column], indexes: &[Value]) -> String {
    use std::fmt::Write as _;
    let mut text = format!("table {} {{\n  auth = {auth}\n\n  schema {{\n", bare(name));
    for column in columns {
        let list = if column.list { "[]" } else { "" };
        let nullable = if column.nullable { "?" } else { "" };
        let optional = if column.required { "" } else { "?" };
        let default = if column.default.is_empty() {
            String::new()
        } else {
            format!("={}", bare(&column.default))
        };
        let _ = write!(
            text,
            "    {}{list}{nullable} {}{optional}{default}",
            column.kind,
            bare(&column.name)
        );
        if let Some(Value::Object(filters)) = column.detail("validators") {
            let on: Vec<_> = filters
                .iter()
                .filter(|(_, v)| **v == json!(true))
                .map(|(k, _)| k.as_str())
                .collect();
            if !on.is_empty() {
                let _ = write!(text, " filters={}", on.join("|"));
            }
        }
        match column.detail("values") {
            Some(values) => {
                let _ = write!(text, " {{\n      values = {values}\n    }}\n");
            }
            None => text.push('\n'),
        }
    }
    text.push_str("  }\n\n  index = [\n");
    for index in indexes {
        let fields: Vec<_> = index["fields"]
            .as_array()
            .into_iter()
            .flatten()
            .map(ToString::to_string)
            .collect();
        let _ = writeln!(text, "    {{type: {}, field: [{}]}}", index["type"], fields.join(", "));
    }
    text.push_str("  ]\n}\n");
    text
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

    #[test]
    fn table_definitions_survive_the_round_trip() {
        let script = "table user {\n  auth = true\n\n  schema {\n    int id\n    timestamp created_at?=now\n    \
                      email? email filters=trim|lower\n    text[] tags?\n    enum status? {\n      values = [\"a\",\"b\"]\n    }\n  }\n}\n";
        let first = columns(script).expect("columns").expect("a schema");
        assert_eq!(first.len(), 5);
        assert_eq!((first[1].default.as_str(), first[1].required), ("now", false));
        assert!(first[2].nullable && first[2].required);
        assert!(first[3].list);
        assert_eq!(first[4].detail("values"), Some(&json!(["a", "b"])));
        let written = table("user", true, &first, &[]);
        assert_eq!(columns(&written).expect("columns").expect("a schema"), first);
        assert_eq!(setting(script, "auth").as_deref(), Some("true"));
    }

    #[test]
    fn an_unknown_column_type_is_a_syntax_error() {
        let error = columns("table t {\n  schema {\n    number n\n  }\n}").expect_err("refused");
        assert_eq!(error.payload["line"], 3);
        assert!(columns("table t {\n}").expect("fine").is_none());
    }
}
