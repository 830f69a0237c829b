//! XanoScript as far as comparing needs it: the entries of a definition's own block, some of which say only who it is.

/// The script without what differs between any two copies of it, with line ends of one kind.
///
/// `identity` names entries of the outermost block that tell who the thing is, such as `guid`. Only an entry that stands on
/// a line of its own is taken out, so that nothing else can go with it.
pub(super) fn comparable(script: &str, identity: &[&str]) -> String {
    let script = script.replace("\r\n", "\n");
    let mut kept = String::with_capacity(script.len());
    let mut scan = Scan::default();
    for line in script.split_inclusive('\n') {
        let outermost = scan.is_at_entry();
        scan.line(line);
        let is_identity = outermost && scan.is_at_entry() && entry(line).is_some_and(|name| identity.contains(&name));
        if !is_identity {
            kept.push_str(line);
        }
    }
    kept.trim_matches('\n').trim_end().to_owned()
}

/// What the script of a table says beside `known` entries, which are compared elsewhere; none where that is nothing.
pub(super) fn rest_of_table(script: &str, known: &[&str]) -> Option<String> {
    let script = script.replace("\r\n", "\n");
    let mut rest = String::new();
    let mut scan = Scan::default();
    let mut dropping = true;
    for line in script.split_inclusive('\n') {
        if scan.depth == 0 && !scan.opened {
            // The header holds the name, which is compared elsewhere too.
            scan.line(line);
            continue;
        }
        if scan.is_at_entry() && !line.trim().is_empty() {
            dropping = entry(line).is_some_and(|name| known.contains(&name));
        }
        scan.line(line);
        let closes = scan.depth == 0 && line.trim() == "}";
        if !dropping && !closes && !line.trim().is_empty() {
            rest.push_str(line);
        }
    }
    let rest = rest.trim_matches('\n').trim_end();
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// The name at the beginning of an entry: `name = …`, `name {` or `name "…" {`.
fn entry(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let end = line
        .find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
        .unwrap_or(line.len());
    (end > 0).then(|| &line[..end])
}

/// Where a walk through a script is.
#[derive(Default)]
struct Scan {
    /// Braces and brackets that are open.
    depth: usize,
    /// The first brace has come.
    opened: bool,
    /// The text that is open: its quotation mark, and whether there are three of them.
    quoted: Option<(u8, bool)>,
}

impl Scan {
    /// Whether a line that begins here begins an entry of the outermost block.
    fn is_at_entry(&self) -> bool {
        self.depth == 1 && self.quoted.is_none()
    }

    fn line(&mut self, line: &str) {
        let bytes = line.as_bytes();
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let three = bytes[at..].starts_with(&[byte; 3]);
            match (self.quoted, byte) {
                (Some(_), b'\\') => at += 1,
                (Some((mark, true)), _) if byte == mark && three => {
                    self.quoted = None;
                    at += 2;
                }
                (Some((mark, false)), _) if byte == mark => self.quoted = None,
                (None, b'"' | b'`') if three => {
                    self.quoted = Some((byte, true));
                    at += 2;
                }
                (None, b'"' | b'`') => self.quoted = Some((byte, false)),
                (None, b'/') if bytes.get(at + 1) == Some(&b'/') => break,
                (None, b'{' | b'[' | b'(') => {
                    self.depth += 1;
                    self.opened = true;
                }
                (None, b'}' | b']' | b')') => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            at += 1;
        }
        // A text in single marks ends with its line.
        if matches!(self.quoted, Some((_, false))) {
            self.quoted = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_it_is_makes_no_difference_and_the_rest_does() {
        let script = "query \"a{b}\" verb=GET {\r\n  guid = \"g-1\"\r\n  api_group = \"shop\"\r\n  input {\r\n    text guid\r\n  }\r\n  \
                      stack {\r\n    var $x {\r\n      guid = \"kept\"\r\n    }\r\n  }\r\n}\r\n\r\n";
        let expected = "query \"a{b}\" verb=GET {\n  input {\n    text guid\n  }\n  stack {\n    var $x {\n      guid = \
                        \"kept\"\n    }\n  }\n}";
        assert_eq!(comparable(script, &["guid", "api_group"]), expected);
        let other = script.replace("g-1", "g-2");
        assert_eq!(comparable(&other, &["guid", "api_group"]), expected);
        assert_ne!(comparable(&other, &[]), comparable(script, &[]));
    }

    #[test]
    fn an_entry_that_goes_on_is_left_alone() {
        for script in [
            "function a {\n  guid = {\n    b = 1\n  }\n}",
            "function a {\n  docs = \"\"\"\n  guid = 1\n  \"\"\"\n}",
            "function a {\n  // {\n  stack { guid = 1 }\n}",
        ] {
            assert_eq!(comparable(script, &["guid"]), script);
        }
        let escaped = "function a {\n  docs = \"\\\"{\"\n  guid = \"x\"\n}";
        assert_eq!(comparable(escaped, &["guid"]), "function a {\n  docs = \"\\\"{\"\n}");
    }

    #[test]
    fn of_a_table_what_is_known_otherwise_is_left_out() {
        let known = ["auth", "schema", "index"];
        let plain = "table \"a\" {\n  auth = false\n\n  schema {\n    int id\n    json b? {\n      description = \"}\"\n    }\n  }\n\n  \
                     index = [\n    {type: \"primary\", field: [{name: \"id\"}]}\n  ]\n}\n";
        assert_eq!(rest_of_table(plain, &known), None);
        let more = plain.replace("\n  index", "\n  view \"v\" {\n    where = 1\n  }\n  index");
        assert_eq!(
            rest_of_table(&more, &known).as_deref(),
            Some("  view \"v\" {\n    where = 1\n  }")
        );
    }
}
