//! Lists, objects, maps and dictionaries; and what has no form in JSON.

use arrow_buffer::ArrowNativeType;
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, Fields};

use super::{Bad, Cells, Metadata, Write, buffer, each, write_json};

pub(super) fn writer(data: &ArrayData) -> Write<'_> {
    let children = data.child_data();
    match (data.data_type(), children) {
        (DataType::List(item), [items]) => list::<i32>(item, data, items),
        (DataType::LargeList(item), [items]) => list::<i64>(item, data, items),
        (DataType::ListView(item), [items]) => list_view::<i32>(item, data, items),
        (DataType::LargeListView(item), [items]) => list_view::<i64>(item, data, items),
        (DataType::FixedSizeList(item, size), [items]) => {
            let cells = Cells::new(item.metadata(), items);
            let (size, offset) = (size.as_usize(), data.offset());
            each(move |row, out| write_items(&cells, (offset + row) * size, size, out))
        }
        (DataType::Struct(fields), columns) => object(fields, data.offset(), columns),
        (DataType::Map(entries, _), [pairs]) => map(entries, data, pairs),
        (DataType::Dictionary(key, _), [values]) => dictionary(key, data, values),
        (DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_), _) => {
            each(|_, _| {
                Err(Bad::new(
                    "It is bytes, which JSON cannot hold; make it text first, such as base64.",
                ))
            })
        }
        (other, _) => {
            let reason = format!("It is of Arrow's type {other}, which no column can hold.");
            each(move |_, _| Err(Bad::new(reason.as_str())))
        }
    }
}

/// Appends a list of `count` values.
fn write_items(cells: &Cells<'_>, start: usize, count: usize, out: &mut Vec<u8>) -> Result<(), Bad> {
    out.push(b'[');
    for at in 0..count {
        if at > 0 {
            out.push(b',');
        }
        let written = cells.write(start + at, out);
        written.map_err(|bad| bad.inside(&format!("[{at}]")))?;
    }
    out.push(b']');
    Ok(())
}

fn list<'a, O: ArrowNativeType>(item: &Field, data: &'a ArrayData, items: &'a ArrayData) -> Write<'a> {
    let cells = Cells::new(item.metadata(), items);
    let ends = buffer::<O>(data, 0);
    each(move |row, out| {
        let (start, end) = (ends[row].as_usize(), ends[row + 1].as_usize());
        write_items(&cells, start, end - start, out)
    })
}

fn list_view<'a, O: ArrowNativeType>(item: &Field, data: &'a ArrayData, items: &'a ArrayData) -> Write<'a> {
    let cells = Cells::new(item.metadata(), items);
    let (starts, counts) = (buffer::<O>(data, 0), buffer::<O>(data, 1));
    each(move |row, out| write_items(&cells, starts[row].as_usize(), counts[row].as_usize(), out))
}

fn object<'a>(fields: &'a Fields, offset: usize, columns: &'a [ArrayData]) -> Write<'a> {
    let members: Vec<(&str, Cells<'_>)> = fields
        .iter()
        .zip(columns)
        .map(|(field, column)| (field.name().as_str(), Cells::new(field.metadata(), column)))
        .collect();
    each(move |row, out| {
        out.push(b'{');
        for (at, (name, cells)) in members.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            write_json(name, out);
            out.push(b':');
            let written = cells.write(offset + row, out);
            written.map_err(|bad| bad.inside(&format!(".{name}")))?;
        }
        out.push(b'}');
        Ok(())
    })
}

/// Pairs whose keys are text are an object.
fn map<'a>(entries: &'a Field, data: &'a ArrayData, pairs: &'a ArrayData) -> Write<'a> {
    let (DataType::Struct(fields), [keys, values]) = (entries.data_type(), pairs.child_data()) else {
        return each(|_, _| Err(Bad::new("It is a map without keys and values.")));
    };
    if !matches!(
        keys.data_type(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View
    ) {
        return each(|_, _| Err(Bad::new("It is a map whose keys are not text, which JSON cannot hold.")));
    }
    let keys = Cells::new(&Metadata::new(), keys);
    let values = Cells::new(fields[1].metadata(), values);
    let (ends, offset) = (buffer::<i32>(data, 0), pairs.offset());
    each(move |row, out| {
        out.push(b'{');
        let (start, end) = (ends[row].as_usize(), ends[row + 1].as_usize());
        for at in start..end {
            if at > start {
                out.push(b',');
            }
            keys.write(offset + at, out)?;
            out.push(b':');
            let written = values.write(offset + at, out);
            written.map_err(|bad| bad.inside(&format!("[{}]", at - start)))?;
        }
        out.push(b'}');
        Ok(())
    })
}

fn dictionary<'a>(key: &DataType, data: &'a ArrayData, values: &'a ArrayData) -> Write<'a> {
    match key {
        DataType::Int8 => pointing::<i8>(data, values),
        DataType::Int16 => pointing::<i16>(data, values),
        DataType::Int32 => pointing::<i32>(data, values),
        DataType::Int64 => pointing::<i64>(data, values),
        DataType::UInt8 => pointing::<u8>(data, values),
        DataType::UInt16 => pointing::<u16>(data, values),
        DataType::UInt32 => pointing::<u32>(data, values),
        _ => pointing::<u64>(data, values),
    }
}

fn pointing<'a, K: ArrowNativeType>(data: &'a ArrayData, values: &'a ArrayData) -> Write<'a> {
    let cells = Cells::new(&Metadata::new(), values);
    let keys = buffer::<K>(data, 0);
    each(move |row, out| cells.write(keys[row].as_usize(), out))
}
