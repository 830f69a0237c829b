//! Words for people, made of what servers send.

/// A text for a terminal: what could move the cursor or forge a line is shown as what it is.
pub(crate) fn tame(text: &str) -> String {
    text.chars()
        .map(|letter| {
            if letter.is_control() || is_invisible(letter) {
                '�'
            } else {
                letter
            }
        })
        .collect()
}

/// The same for text of several lines, in which tabs may stand.
pub(crate) fn tame_lines(text: &str) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| line.split('\t').map(tame).collect::<Vec<_>>().join("\t"))
        .collect();
    lines.join("\n")
}

/// Marks that reorder or hide text.
const fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The first line, without clap's `error: `.
pub(crate) fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// `1 table`, `2 tables`.
pub(crate) fn count(number: u64, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{} {one}s", grouped(number))
    }
}

/// A number with a comma between thousands.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number of bytes in a unit that is read easily.
#[allow(clippy::cast_precision_loss, reason = "three digits are shown")]
pub(crate) fn bytes(number: u64) -> String {
    let mut value = number as f64;
    let mut unit = "bytes";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = larger;
    }
    if unit == "bytes" {
        count(number, "byte")
    } else {
        format!("{value:.1} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_write_on_the_terminal() {
        assert_eq!(tame("a\x1b[31mb\nc\u{202e}"), "a�[31mb�c�");
        assert_eq!(tame("Ünïcödé 日本"), "Ünïcödé 日本");
        assert_eq!(tame_lines("a\tb\x1b\nc\n"), "a\tb�\nc");
    }

    #[test]
    fn numbers_read_easily() {
        assert_eq!(
            [grouped(7), grouped(1234), grouped(1_234_567)],
            ["7", "1,234", "1,234,567"]
        );
        assert_eq!(
            [bytes(1), bytes(1023), bytes(1536)],
            ["1 byte", "1,023 bytes", "1.5 KiB"]
        );
        assert_eq!([count(1, "table"), count(2, "table")], ["1 table", "2 tables"]);
    }
}
