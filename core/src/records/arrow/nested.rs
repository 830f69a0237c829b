//! Builders that hold builders: the fields of a record or an object, and the items of a list.

mod alike;

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::{ArrayRef, ListArray, StructArray};
use arrow_buffer::{NullBufferBuilder, OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, FieldRef};
use jiter::{Jiter, Peek};

use super::build::Misfit;
use super::column::Builder;
use super::types::Member;
use crate::compact::Pattern;

/// Rows that a fresh builder of validity expects; a page by default.
pub(super) const ROWS: usize = 1000;

/// The known keys of an object, found by guessing.
///
/// Records of one table write their keys in the same order, so that the key that followed another last time follows it
/// again.
#[derive(Debug)]
struct Keys {
    names: Vec<String>,
    places: HashMap<String, usize>,
    /// Which key followed each; the last entry says which came first.
    follows: Vec<usize>,
    /// What last stood before the value of each: the end of the value before it, the key and the colon.
    before: Vec<Option<Pattern>>,
}

impl Keys {
    fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let names: Vec<String> = names.map(str::to_owned).collect();
        let places = names.iter().cloned().zip(0..).collect();
        let mut follows: Vec<usize> = (1..=names.len()).collect();
        follows.push(0);
        let before = vec![None; names.len()];
        Self {
            names,
            places,
            follows,
            before,
        }
    }

    /// The place of `name`, which stands behind the key at `before`.
    fn find(&mut self, name: &str, before: usize) -> Option<usize> {
        let guess = self.follows[before];
        if self.names.get(guess).is_some_and(|known| known == name) {
            return Some(guess);
        }
        let place = *self.places.get(name)?;
        self.follows[before] = place;
        Some(place)
    }
}

/// One field of a record that is kept.
#[derive(Debug)]
struct Slot {
    builder: Builder,
    /// Values so far; one less than the rows where the record at hand has not given one yet.
    filled: usize,
    nullable: bool,
}

/// The fields of records or objects, each with its builder.
#[derive(Debug)]
pub(super) struct Fields {
    keys: Keys,
    /// By key: which slot takes its value. None: it is passed over.
    places: Vec<Option<usize>>,
    slots: Vec<Slot>,
    rows: usize,
}

impl Fields {
    pub(super) fn new<'n>(keys: impl Iterator<Item = (&'n str, Option<usize>)>, members: &[Member]) -> Self {
        let (names, places): (Vec<&str>, Vec<Option<usize>>) = keys.unzip();
        let slots = members.iter().map(|member| Slot {
            builder: Builder::new(&member.shape),
            filled: 0,
            nullable: member.field.is_nullable(),
        });
        Self {
            keys: Keys::new(names.into_iter()),
            places,
            slots: slots.collect(),
            rows: 0,
        }
    }

    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Takes the object that comes next. A key that it lacks is null.
    pub(super) fn append(&mut self, jiter: &mut Jiter<'_>) -> Result<(), Misfit> {
        self.rows += 1;
        let mut missing = self.slots.len();
        let mut before = self.places.len();
        let mut key = jiter.known_object()?;
        while let Some(name) = key {
            let Some(at) = self.keys.find(name, before) else {
                return Err(unknown(name));
            };
            before = at;
            let peek = jiter.peek()?;
            if let Some(slot) = self.places[at] {
                let slot = &mut self.slots[slot];
                if slot.filled == self.rows {
                    return Err(Misfit::because("stands twice in it").inside(&self.keys.names[at]));
                }
                if peek == Peek::Null && !slot.nullable {
                    return Err(Misfit::because("is null").inside(&self.keys.names[at]));
                }
                slot.builder
                    .append(jiter, peek)
                    .map_err(|misfit| misfit.inside(&self.keys.names[at]))?;
                slot.filled = self.rows;
                missing -= 1;
            } else {
                jiter.known_skip(peek)?;
            }
            key = jiter.next_key()?;
        }
        if missing > 0 {
            self.fill()?;
        }
        Ok(())
    }

    /// Null for what the last object lacked.
    fn fill(&mut self) -> Result<(), Misfit> {
        for (at, place) in self.places.iter().enumerate() {
            let Some(slot) = place.map(|place| &mut self.slots[place]) else {
                continue;
            };
            if slot.filled < self.rows {
                if !slot.nullable {
                    return Err(Misfit::because("is missing").inside(&self.keys.names[at]));
                }
                slot.builder.append_null();
                slot.filled = self.rows;
            }
        }
        Ok(())
    }

    fn append_null(&mut self) {
        self.rows += 1;
        for slot in &mut self.slots {
            slot.builder.append_null();
            slot.filled = self.rows;
        }
    }

    /// The columns so far, leaving the builders empty, also when one of them fails.
    pub(super) fn finish(&mut self) -> Result<Vec<ArrayRef>, Misfit> {
        self.rows = 0;
        let finish = |slot: &mut Slot| {
            slot.filled = 0;
            slot.builder.finish()
        };
        let arrays: Vec<_> = self.slots.iter_mut().map(finish).collect();
        arrays.into_iter().collect()
    }
}

#[cold]
fn unknown(name: &str) -> Misfit {
    Misfit::because(format!(
        "has a key {name:?} that the table's columns do not know. If the table was changed meanwhile, read it again"
    ))
}

/// Objects with known fields.
#[derive(Debug)]
pub(super) struct ObjectBuilder {
    members: Vec<FieldRef>,
    fields: Fields,
    validity: NullBufferBuilder,
}

impl ObjectBuilder {
    pub(super) fn new(members: &[Member]) -> Self {
        let keys = members.iter().map(|member| member.field.name().as_str());
        Self {
            members: members.iter().map(|member| Arc::clone(&member.field)).collect(),
            fields: Fields::new(keys.zip((0..).map(Some)), members),
            validity: NullBufferBuilder::new(ROWS),
        }
    }

    pub(super) fn append(&mut self, jiter: &mut Jiter<'_>, peek: Peek) -> Result<(), Misfit> {
        if peek != Peek::Object {
            return Err(Misfit::expected("an object", jiter, peek));
        }
        self.fields.append(jiter).map_err(Misfit::below)?;
        self.validity.append_non_null();
        Ok(())
    }

    pub(super) fn append_null(&mut self) {
        self.fields.append_null();
        self.validity.append_null();
    }

    pub(super) fn finish(&mut self) -> Result<ArrayRef, Misfit> {
        let (arrays, validity) = (self.fields.finish(), self.validity.finish());
        let fields = self.members.iter().map(Arc::clone).collect();
        let array = StructArray::try_new(fields, arrays?, validity).map_err(|cause| defect(&cause))?;
        Ok(Arc::new(array))
    }
}

/// Lists of values of one kind.
#[derive(Debug)]
pub(super) struct ListBuilder {
    field: FieldRef,
    item: Builder,
    /// Where each list ends among the items, behind a 0.
    ends: Vec<i32>,
    items: usize,
    validity: NullBufferBuilder,
}

impl ListBuilder {
    pub(super) fn new(item: &Member) -> Self {
        Self {
            field: Arc::clone(&item.field),
            item: Builder::new(&item.shape),
            ends: vec![0],
            items: 0,
            validity: NullBufferBuilder::new(ROWS),
        }
    }

    pub(super) fn append(&mut self, jiter: &mut Jiter<'_>, peek: Peek) -> Result<(), Misfit> {
        if peek != Peek::Array {
            return Err(Misfit::expected("a list", jiter, peek));
        }
        let before = self.items;
        let mut next = jiter.known_array()?;
        while let Some(peek) = next {
            let at = self.items - before;
            let fitted = self.item.append(jiter, peek);
            fitted.map_err(|misfit| misfit.inside(&format!("[{at}]")))?;
            self.items += 1;
            next = jiter.array_step()?;
        }
        self.end_list()?;
        self.validity.append_non_null();
        Ok(())
    }

    pub(super) fn append_null(&mut self) {
        let end = self.ends.last().copied().unwrap_or_default();
        self.ends.push(end);
        self.validity.append_null();
    }

    fn end_list(&mut self) -> Result<(), Misfit> {
        let end = i32::try_from(self.items).map_err(|_| Misfit::because("has more than 2^31 items in one batch"))?;
        self.ends.push(end);
        Ok(())
    }

    pub(super) fn finish(&mut self) -> Result<ArrayRef, Misfit> {
        let ends = std::mem::replace(&mut self.ends, vec![0]);
        self.items = 0;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(ends));
        let (values, validity) = (self.item.finish(), self.validity.finish());
        let array = ListArray::try_new(Arc::clone(&self.field), offsets, values?, validity);
        Ok(Arc::new(array.map_err(|cause| defect(&cause))?))
    }
}

pub(super) fn defect(cause: &ArrowError) -> Misfit {
    Misfit::because(format!("does not make an Arrow array: {cause}"))
}
