//! Patterns on names: `*` is any run of letters, `?` is any one, and everything else is itself.
//!
//! Brackets and braces mean nothing special, because display names are full of them (`[prod] Acme`). Upper and lower case
//! are the same: people write display names as they like.

/// A pattern, ready to be compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<char>);

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self(text.chars().flat_map(char::to_lowercase).collect())
    }

    /// Whether the whole of `name` fits. It takes at most the product of the two lengths, whatever the pattern is.
    pub(super) fn fits(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
        let pattern = &self.0;
        let (mut at, mut next) = (0, 0);
        // Where the last star stood, and how much of the name it has taken.
        let mut star: Option<(usize, usize)> = None;
        while next < name.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, next));
                    at += 1;
                }
                Some(letter) if *letter == '?' || *letter == name[next] => {
                    at += 1;
                    next += 1;
                }
                _ => {
                    let Some((stood, taken)) = star else { return false };
                    star = Some((stood, taken + 1));
                    at = stood + 1;
                    next = taken + 1;
                }
            }
        }
        pattern[at..].iter().all(|letter| *letter == '*')
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Pattern;

    #[test]
    fn stars_and_question_marks_are_the_only_signs() {
        for (pattern, name, fits) in [
            ("*", "", true),
            ("*-prod", "acme-prod", true),
            ("*-prod", "acme-prod-2", false),
            ("acme*", "ACME Shop", true),
            ("x?", "x1", true),
            ("x?", "x", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab ab", true),
            ("[prod] *", "[prod] Acme", true),
            ("[prod] *", "p Acme", false),
            ("Čaj*", "čajovna", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(Pattern::new(pattern).fits(name), fits, "{pattern:?} on {name:?}");
        }
    }

    /// The same by trying everything.
    fn naive(pattern: &[char], name: &[char]) -> bool {
        match (pattern.split_first(), name.split_first()) {
            (None, None) => true,
            (Some(('*', rest)), _) => naive(rest, name) || (!name.is_empty() && naive(pattern, &name[1..])),
            (Some((letter, rest)), Some((first, others))) => (*letter == '?' || letter == first) && naive(rest, others),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn it_finds_what_trying_everything_finds(pattern in "[ab*?]{0,8}", name in "[ab]{0,10}") {
            let (letters, word): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
            prop_assert_eq!(Pattern::new(&pattern).fits(&name), naive(&letters, &word));
        }
    }
}
