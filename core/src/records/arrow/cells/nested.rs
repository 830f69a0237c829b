//! Lists, objects, maps and dictionaries; and what has no form in JSON.

use arrow_array::cast::AsArray as _;
use arrow_array::{Array, OffsetSizeTrait};
use arrow_buffer::ArrowNativeType as _;
use arrow_schema::{DataType, Field, FieldRef};

use super::{Bad, Cells, Write, each, write_json};

pub(super) fn writer(array: &dyn Array) -> Write<'_> {
    match array.data_type() {
        DataType::List(item) => list::<i32>(item, array),
        DataType::LargeList(item) => list::<i64>(item, array),
        DataType::ListView(item) => list_view::<i32>(item, array),
        DataType::LargeListView(item) => list_view::<i64>(item, array),
        DataType::FixedSizeList(item, size) => {
            let size = usize::try_from(*size).unwrap_or(0);
            let cells = Cells::new(item, array.as_fixed_size_list().values().as_ref());
            each(move |row, out| items(&cells, row * size, size, out))
        }
        DataType::Struct(fields) => object(fields, array),
        DataType::Map(entries, _) => map(entries, array),
        DataType::Dictionary(..) => dictionary(array),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            each(|_, _| {
                Err(Bad::new(
                    "It is bytes, which JSON cannot hold; make it text first, such as base64.",
                ))
            })
        }
        other => {
            let reason = format!("It is of Arrow's type {other}, which no column can hold.");
            each(move |_, _| Err(Bad::new(reason.as_str())))
        }
    }
}

/// Appends a list of `count` values.
fn items(cells: &Cells<'_>, start: usize, count: usize, out: &mut Vec<u8>) -> Result<(), Bad> {
    out.push(b'[');
    for at in 0..count {
        if at > 0 {
            out.push(b',');
        }
        cells
            .write(start + at, out)
            .map_err(|bad| bad.inside(&format!("[{at}]")))?;
    }
    out.push(b']');
    Ok(())
}

fn list<'a, O: OffsetSizeTrait>(item: &Field, array: &'a dyn Array) -> Write<'a> {
    let array = array.as_list::<O>();
    let cells = Cells::new(item, array.values().as_ref());
    let ends = array.value_offsets();
    each(move |row, out| {
        let (start, end) = (ends[row].as_usize(), ends[row + 1].as_usize());
        items(&cells, start, end - start, out)
    })
}

fn list_view<'a, O: OffsetSizeTrait>(item: &Field, array: &'a dyn Array) -> Write<'a> {
    let array = array.as_list_view::<O>();
    let cells = Cells::new(item, array.values().as_ref());
    let (starts, counts) = (array.offsets(), array.sizes());
    each(move |row, out| items(&cells, starts[row].as_usize(), counts[row].as_usize(), out))
}

fn object<'a>(fields: &'a [FieldRef], array: &'a dyn Array) -> Write<'a> {
    let array = array.as_struct();
    let members: Vec<(&str, Cells<'_>)> = fields
        .iter()
        .zip(array.columns())
        .map(|(field, column)| (field.name().as_str(), Cells::new(field, column.as_ref())))
        .collect();
    each(move |row, out| {
        out.push(b'{');
        for (at, (name, cells)) in members.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_json(name, out);
            out.push(b':');
            cells.write(row, out).map_err(|bad| bad.inside(&format!(".{name}")))?;
        }
        out.push(b'}');
        Ok(())
    })
}

/// Pairs whose keys are text are an object.
fn map<'a>(entries: &Field, array: &'a dyn Array) -> Write<'a> {
    let array = array.as_map();
    let DataType::Struct(fields) = entries.data_type() else {
        return each(|_, _| Err(Bad::new("It is a map without entries.")));
    };
    if !matches!(
        array.keys().data_type(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    ) {
        return each(|_, _| Err(Bad::new("It is a map whose keys are not text, which JSON cannot hold.")));
    }
    let keys = Cells::new(&fields[0], array.keys().as_ref());
    let values = Cells::new(&fields[1], array.values().as_ref());
    let ends = array.value_offsets();
    each(move |row, out| {
        out.push(b'{');
        let (start, end) = (ends[row].as_usize(), ends[row + 1].as_usize());
        for at in start..end {
            if at > start {
                out.push(b',');
            }
            keys.write(at, out)?;
            out.push(b':');
            values
                .write(at, out)
                .map_err(|bad| bad.inside(&format!("[{}]", at - start)))?;
        }
        out.push(b'}');
        Ok(())
    })
}

fn dictionary(array: &dyn Array) -> Write<'_> {
    let array = array.as_any_dictionary();
    let values = array.values();
    if values.is_empty() {
        // Then every key is null, and nothing is asked of this.
        return each(|_, _| Err(Bad::new("It points into an empty dictionary.")));
    }
    let DataType::Dictionary(_, kind) = array.data_type() else {
        return each(|_, _| Err(Bad::new("It is no dictionary.")));
    };
    let places = array.normalized_keys();
    let cells = Cells::new(&Field::new("", kind.as_ref().clone(), true), values.as_ref());
    each(move |row, out| cells.write(places[row], out))
}
