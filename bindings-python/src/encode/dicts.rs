//! Rows that are dicts. They come from one place in someone's code, so that each has the same names in the same order, and
//! nearly always as the same objects: a name is known by its address and copied as it was written the first time.

use std::ptr;

use pyo3::prelude::*;
use pyo3::sync::critical_section::with_critical_section;
use pyo3::types::{PyDict, PyString};
use pyo3::{Borrowed, ffi};

use super::{Outcome, changed, is_omit, name_of, object, simple, string, write};

/// Names of this many bytes, with what belongs around them, are copied without a call.
const SHORT: usize = 32;

/// More names than these are no use: they are new objects each time, such as those of rows that are parsed one by one.
const MOST: usize = 256;

/// Names that were met, in the order of the first row that had them.
pub struct Names<'py> {
    known: Vec<Name<'py>>,
    useless: bool,
}

/// A name as an object, which is held so that no other can get its address, and as it is written: `,"name":`.
struct Name<'py> {
    object: Bound<'py, PyString>,
    text: Box<[u8]>,
    /// The text with something behind it, if it is short.
    short: [u8; SHORT],
}

impl<'py> Name<'py> {
    fn of(object: Bound<'py, PyString>, text: &[u8]) -> Self {
        let mut short = [0; SHORT];
        let length = text.len().min(SHORT);
        short[..length].copy_from_slice(&text[..length]);
        Self {
            object,
            text: text.into(),
            short,
        }
    }

    #[inline]
    fn append(&self, out: &mut Vec<u8>) {
        if self.text.len() > SHORT {
            out.extend_from_slice(&self.text);
            return;
        }
        let end = out.len() + self.text.len();
        out.extend_from_slice(&self.short);
        out.truncate(end);
    }
}

impl<'py> Names<'py> {
    pub const fn new() -> Self {
        Self {
            known: Vec::new(),
            useless: false,
        }
    }

    /// Writes a dict just as [`object`] would.
    pub(super) fn object(&mut self, out: &mut Vec<u8>, dict: &Bound<'py, PyDict>) -> Outcome {
        if self.useless {
            return object(out, dict, 0);
        }
        with_critical_section(dict, || self.items(out, dict))
    }

    fn items(&mut self, out: &mut Vec<u8>, dict: &Bound<'py, PyDict>) -> Outcome {
        let py = dict.py();
        let start = out.len();
        let length = dict.len();
        let mut count = 0;
        // Which name is likely to be next.
        let mut next = 0;
        let mut at = 0;
        let (mut key, mut value) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: the dict is one, and the others are places of ours.
        while unsafe { ffi::PyDict_Next(dict.as_ptr(), &raw mut at, &raw mut key, &raw mut value) } != 0 {
            // SAFETY: both were filled in, and the dict holds them until someone changes it, for which Python has to run.
            // It does not while names are compared by address, nor while simple values are written, but perhaps where that
            // fails, and neither is touched after it. For everything else both are held.
            let (key, value) = unsafe { (Borrowed::from_ptr(py, key), Borrowed::from_ptr(py, value)) };
            count += 1;
            let before = out.len();
            if let Some(place) = self.find(next, &key) {
                let name = &self.known[place];
                name.append(out);
                next = place + 1;
                match simple(out, &value) {
                    Some(Ok(())) => continue,
                    Some(Err(trouble)) => return Err(trouble.at(name_of(&name.object)?)),
                    None => out.truncate(before),
                }
            }
            let (key, value) = (key.to_owned(), value.to_owned());
            if !is_omit(&value) {
                let name = name_of(&key)?;
                self.learn(&key, name);
                out.push(b',');
                string(out, name);
                out.push(b':');
                write(out, &value, 1).map_err(|trouble| trouble.at(name))?;
            }
            // Names that come in place of others may come without an end.
            if dict.len() != length || count > length {
                return Err(changed());
            }
        }
        // What stands before the first name is a comma as well.
        match out.get_mut(start) {
            Some(comma) => *comma = b'{',
            None => out.push(b'{'),
        }
        out.push(b'}');
        Ok(())
    }

    /// The place of a name.
    #[inline]
    fn find(&self, next: usize, key: &Bound<'py, PyAny>) -> Option<usize> {
        if self.known.get(next).is_some_and(|name| name.object.is(key)) {
            return Some(next);
        }
        self.known.iter().position(|name| name.object.is(key))
    }

    /// Remembers a name, unless it is known or of a class that may tell another text each time.
    fn learn(&mut self, key: &Bound<'py, PyAny>, name: &str) {
        let Ok(key) = key.cast_exact::<PyString>() else { return };
        if self.find(0, key).is_some() {
            return;
        }
        if self.known.len() == MOST {
            self.known.clear();
            self.useless = true;
            return;
        }
        let mut text = vec![b','];
        string(&mut text, name);
        text.push(b':');
        self.known.push(Name::of(key.clone(), &text));
    }
}
