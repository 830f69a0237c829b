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
    known: Vec<Key>,
    places: HashMap<String, usize>,
    /// Which key came first.
    first: usize,
}

#[derive(Debug)]
struct Key {
    name: String,
    /// Which slot takes its value. None: it is passed over.
    slot: Option<usize>,
    /// Which key followed.
    next: usize,
    /// What last stood before its value: the end of the value before it, the key and the colon.
    before: Option<Pattern>,
}

impl Keys {
    fn new<'n>(keys: impl Iterator<Item = (&'n str, Option<usize>)>) -> Self {
        let known: Vec<Key> = keys
            .zip(1..)
            .map(|((name, slot), next)| Key {
                name: name.to_owned(),
                slot,
                next,
                before: None,
            })
            .collect();
        let places = known.iter().map(|key| key.name.clone()).zip(0..).collect();
        Self {
            known,
            places,
            first: 0,
        }
    }

    /// The place of `name`, which stands behind the key at `before`, if there is one.
    fn find(&mut self, name: &str, before: Option<usize>) -> Option<usize> {
        let guess = before.map_or(self.first, |before| self.known[before].next);
        if self.known.get(guess).is_some_and(|key| key.name == name) {
            return Some(guess);
        }
        let place = *self.places.get(name)?;
        match before {
            Some(before) => self.known[before].next = place,
            None => self.first = place,
        }
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
    slots: Vec<Slot>,
    rows: usize,
}

impl Fields {
    pub(super) fn new<'n>(keys: impl Iterator<Item = (&'n str, Option<usize>)>, members: &[Member]) -> Self {
        let slots = members.iter().map(|member| Slot {
            builder: Builder::new(&member.shape),
            filled: 0,
            nullable: member.field.is_nullable(),
        });
        Self {
            keys: Keys::new(keys),
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
        let mut before = None;
        let mut key = jiter.known_object()?;
        while let Some(name) = key {
            let Some(at) = self.keys.find(name, before) else {
                return Err(unknown(name));
            };
            before = Some(at);
            let peek = jiter.peek()?;
            let known = &self.keys.known[at];
            if let Some(slot) = known.slot {
                let slot = &mut self.slots[slot];
                if slot.filled == self.rows {
                    return Err(Misfit::because("stands twice in it").inside(&known.name));
                }
                if peek == Peek::Null && !slot.nullable {
                    return Err(Misfit::because("is null").inside(&known.name));
                }
                slot.builder
                    .append(jiter, peek)
                    .map_err(|misfit| misfit.inside(&known.name))?;
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
        for key in &self.keys.known {
            let Some(slot) = key.slot.map(|slot| &mut self.slots[slot]) else {
                continue;
            };
            if slot.filled < self.rows {
                if !slot.nullable {
                    return Err(Misfit::because("is missing").inside(&key.name));
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
