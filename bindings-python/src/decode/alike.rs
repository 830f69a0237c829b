//! Lists of objects that have the same keys in the same order, as the records of a page do.
//!
//! The first object says which keys. Each further one begins as a copy of a dict that has them already, which spares
//! looking keys up and growing dicts, and then takes its values; that a key is the expected one is a comparison of bytes.
//! An object that is different goes the usual way, and what is no JSON is left to the usual way altogether, which knows
//! how to complain.

use jiter::Jiter;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyString};
use xano_metadata::compact::{Pattern, Scan};

use super::parse;

/// Objects that may be different before it is not worth the while.
const UNLIKE: usize = 16;

/// Values of a column that are remembered, so that one that comes again is not made again: enough for the days of a
/// year. A power of two.
const REMEMBERED: usize = 512;

/// Values of a column that may be new before nothing more is remembered of it, unless a quarter of them came again.
const TRIALS: u32 = 192;

/// The objects of a list. None when the text is something else, when it is no JSON, or when too few objects are alike.
pub(super) fn list<'py>(py: Python<'py>, text: &[u8]) -> Option<Bound<'py, PyList>> {
    let mut scan = Scan::new(text);
    scan.pass(b"[")?;
    let mut alike = Alike::new(py, &scan)?;
    let mut objects = Vec::new();
    let mut unlike = 0;
    loop {
        let start = scan.at;
        let object = if let Some(object) = alike.object(py, &mut scan) {
            object.into_any()
        } else {
            unlike += 1;
            if unlike > UNLIKE + objects.len() / 8 {
                return None;
            }
            scan.at = start;
            parse(py, any(&mut scan)?).ok()?.into_bound(py)
        };
        objects.push(object);
        if scan.pass(b",").is_none() {
            break;
        }
    }
    scan.pass(b"]")?;
    scan.is_over().then(|| PyList::new(py, objects).ok())?
}

/// What the objects have in common.
struct Alike<'py, 't> {
    /// All keys in their order, each with None.
    empty: Bound<'py, PyDict>,
    columns: Vec<Column<'py, 't>>,
}

struct Column<'py, 't> {
    key: Bound<'py, PyString>,
    /// What stands before a value: `{"id":` or `,"price":`.
    before: Pattern,
    memory: Memory<'py, 't>,
}

impl<'py, 't> Alike<'py, 't> {
    /// By the object that comes next, which stays where it is.
    fn new(py: Python<'py>, scan: &Scan<'t>) -> Option<Self> {
        let mut scan = scan.clone();
        let mut columns = Vec::new();
        let empty = PyDict::new(py);
        loop {
            let start = scan.at;
            scan.pass(if columns.is_empty() { b"{" } else { b"," })?;
            let key = PyString::intern(py, std::str::from_utf8(scan.plain_string()?).ok()?);
            scan.pass(b":")?;
            empty.set_item(&key, py.None()).ok()?;
            let before = Pattern::new(scan.since(start));
            any(&mut scan)?;
            columns.push(Column {
                key,
                before,
                memory: Memory::new(),
            });
            if scan.pass(b"}").is_some() {
                break;
            }
        }
        // Fewer where a key came twice.
        (empty.len() == columns.len()).then_some(Self { empty, columns })
    }

    fn object(&mut self, py: Python<'py>, scan: &mut Scan<'t>) -> Option<Bound<'py, PyDict>> {
        let object = self.empty.copy().ok()?;
        for column in &mut self.columns {
            scan.pass_pattern(&column.before)?;
            if let Some(value) = value(py, scan, &mut column.memory)? {
                object.set_item(&column.key, value).ok()?;
            }
        }
        scan.pass(b"}")?;
        Some(object)
    }
}

/// The value that comes next; `Some(None)` is null, which is there already.
#[expect(clippy::option_option, reason = "the outer one is whether it could be read")]
fn value<'py, 't>(
    py: Python<'py>,
    scan: &mut Scan<'t>,
    memory: &mut Memory<'py, 't>,
) -> Option<Option<Bound<'py, PyAny>>> {
    Some(Some(match scan.peek()? {
        b'"' => match scan.string()? {
            (text, false) => memory.string(py, text)?.into_any(),
            (quoted, true) => parse(py, quoted).ok()?.into_bound(py),
        },
        b'n' => {
            scan.pass(b"null")?;
            return Some(None);
        }
        b't' => {
            scan.pass(b"true")?;
            PyBool::new(py, true).to_owned().into_any()
        }
        b'f' => {
            scan.pass(b"false")?;
            PyBool::new(py, false).to_owned().into_any()
        }
        b'{' | b'[' => parse(py, any(scan)?).ok()?.into_bound(py),
        _ => number(py, scan)?,
    }))
}

fn number<'py>(py: Python<'py>, scan: &mut Scan<'_>) -> Option<Bound<'py, PyAny>> {
    let start = scan.at;
    if let Some(whole) = scan.whole() {
        return Some(PyInt::new(py, whole).into_any());
    }
    scan.at = start;
    let number = scan.number()?;
    if !number.is_float {
        return Some(parse(py, number.text).ok()?.into_bound(py));
    }
    let float = match number.decimal() {
        Some(float) => float,
        None => std::str::from_utf8(number.text).ok()?.parse().ok()?,
    };
    float.is_finite().then(|| PyFloat::new(py, float).into_any())
}

/// Passes over any value, whose text it answers.
fn any<'t>(scan: &mut Scan<'t>) -> Option<&'t [u8]> {
    let start = scan.at;
    let mut jiter = Jiter::new(scan.rest());
    jiter.next_skip().ok()?;
    scan.at += jiter.current_index();
    Some(scan.since(start))
}

/// Texts that a column held lately. Many columns hold few different ones: states, countries, days.
struct Memory<'py, 't> {
    /// Empty before the first text; none when too few came again.
    texts: Option<Vec<Option<Known<'py, 't>>>>,
    again: u32,
    new: u32,
}

struct Known<'py, 't> {
    text: &'t [u8],
    string: Bound<'py, PyString>,
}

impl<'py, 't> Memory<'py, 't> {
    const fn new() -> Self {
        Self {
            texts: Some(Vec::new()),
            again: 0,
            new: 0,
        }
    }

    /// The text as an object; None when it is no UTF-8.
    fn string(&mut self, py: Python<'py>, text: &'t [u8]) -> Option<Bound<'py, PyString>> {
        let Some(texts) = &mut self.texts else {
            return PyString::from_bytes(py, text).ok();
        };
        if texts.is_empty() {
            texts.resize_with(REMEMBERED, || None);
        }
        let place = &mut texts[slot(text)];
        if let Some(known) = place
            && known.text == text
        {
            self.again += 1;
            return Some(known.string.clone());
        }
        let string = PyString::from_bytes(py, text).ok()?;
        *place = Some(Known {
            text,
            string: string.clone(),
        });
        self.new += 1;
        if self.new > TRIALS && self.again < self.new / 3 {
            self.texts = None;
        }
        Some(string)
    }
}

/// Where a text is remembered: by its length and both of its ends, which tell most words apart.
fn slot(text: &[u8]) -> usize {
    let (first, last) = match (text.first_chunk(), text.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => (text.iter().fold(0, |word, byte| word << 8 | u64::from(*byte)), 0),
    };
    // Two multiplications bring every bit to the highest ones, which are taken.
    let mixed = first
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(last ^ text.len() as u64);
    let highest = mixed.wrapping_mul(0xff51_afd7_ed55_8ccd) >> (u64::BITS - REMEMBERED.ilog2());
    usize::try_from(highest).unwrap_or(0)
}
