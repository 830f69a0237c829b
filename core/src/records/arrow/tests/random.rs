//! Random tables through Arrow and back, by every way, to the letter.

use arrow_array::ffi_stream::FFI_ArrowArrayStream;
use arrow_array::{RecordBatch, RecordBatchIterator};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::super::build::Decoder;
use super::super::moment;
use super::super::types::{Member, Plan, Shape};
use super::super::{ArrowOptions, ArrowRows, rows_of};
use super::{schema, texts};

/// A value as the server writes it, and as it should come back.
type Spelt = (String, String);

fn kinds() -> impl Strategy<Value = &'static str> {
    select(vec![
        "bool",
        "int",
        "decimal",
        "text",
        "email",
        "enum",
        "uuid",
        "date",
        "timestamp",
        "json",
        "vector",
        "geo_point",
        "image",
        "hologram",
        "password",
    ])
}

fn column() -> impl Strategy<Value = Json> {
    let leaf = (kinds(), any::<bool>())
        .prop_map(|(kind, list)| json!({"type": kind, "style": if list { "list" } else { "single" }}));
    leaf.prop_recursive(3, 12, 4, |inner| {
        (vec(inner, 1..4), any::<bool>()).prop_map(|(children, list)| {
            let style = if list { "list" } else { "single" };
            json!({"type": "object", "style": {"type": style}, "children": named(children)})
        })
    })
}

fn named(columns: Vec<Json>) -> Vec<Json> {
    let mut names = ["a", "ö \"", "c.d", "", "id2", "n\u{1}", "very_long_name_of_a_column"]
        .iter()
        .cycle()
        .enumerate();
    columns
        .into_iter()
        .map(|mut column| {
            if let Some((at, name)) = names.next() {
                column["name"] = if at < 7 {
                    json!(name)
                } else {
                    json!(format!("{name}{at}"))
                };
            }
            column
        })
        .collect()
}

fn options() -> impl Strategy<Value = ArrowOptions> {
    (
        any::<bool>(),
        select(vec!["json", "native"]),
        select(vec!["float", "text"]),
    )
        .prop_map(|(datetimes, nested, decimals)| {
            serde_json::from_value(json!({"datetimes": datetimes, "nested": nested, "decimals": decimals}))
                .expect("options")
        })
}

/// Text in JSON, plainly or with every character escaped.
fn quoted(text: &str, escaped: bool) -> String {
    if !escaped {
        return json!(text).to_string();
    }
    let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{}\"", units.concat())
}

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("true".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        "-?(0|[1-9][0-9]{0,30})(\\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?",
        any::<String>().prop_map(|text| quoted(&text, false)),
        any::<String>().prop_map(|text| quoted(&text, true)),
    ];
    leaf.prop_recursive(3, 10, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(|items| format!("[{}]", items.join(","))),
            vec((any::<String>(), inner), 0..3).prop_map(|fields| {
                let fields: Vec<String> = fields
                    .iter()
                    .map(|(key, value)| format!("{}:{value}", json!(key)))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

fn double() -> impl Strategy<Value = Spelt> {
    let any = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO | prop::num::f64::NEGATIVE;
    prop_oneof![
        any,
        (-100_i32..100).prop_map(f64::from),
        select(vec![9_007_199_254_740_992.0, 0.1, 1e300, 5e-324])
    ]
    .prop_map(|number| {
        let text = json!(number).to_string();
        let whole = number.fract() == 0.0 && number.abs() < 9e15 && text != "-0.0";
        let back = if whole { format!("{number:.0}") } else { text.clone() };
        (text, back)
    })
}

fn same(strategy: impl Strategy<Value = String> + 'static) -> BoxedStrategy<Spelt> {
    strategy.prop_map(|text| (text.clone(), text)).boxed()
}

fn whole() -> impl Strategy<Value = i64> {
    prop_oneof![
        any::<i64>(),
        select(vec![i64::MIN, i64::MAX, (1 << 53) + 1, -(1 << 53) - 1, 0, -1])
    ]
}

fn day() -> impl Strategy<Value = i64> {
    prop_oneof![-719_162..=2_932_896_i64, select(vec![-719_162, 2_932_896, 0])]
}

fn value(shape: &Shape) -> BoxedStrategy<Spelt> {
    match shape {
        Shape::Bool => same(any::<bool>().prop_map(|flag| flag.to_string())),
        Shape::Int => same(whole().prop_map(|number| number.to_string())),
        Shape::Float => double().boxed(),
        Shape::Digits => same("-?(0|[1-9][0-9]{0,40})(\\.[0-9]{1,40})?([eE][+-]?[0-9]{1,3})?"),
        Shape::Text => (any::<String>(), any::<bool>())
            .prop_map(|(text, escaped)| (quoted(&text, escaped), quoted(&text, false)))
            .boxed(),
        Shape::Json => same(any_json()),
        Shape::Millis | Shape::Moment => prop_oneof![
            whole().prop_map(|number| (number.to_string(), number.to_string())),
            (day(), 0..86_400_000_i64).prop_map(|(day, clock)| {
                let number = day * 86_400_000 + clock;
                let mut text = Vec::new();
                assert!(moment::write_moment(
                    number,
                    arrow_schema::TimeUnit::Millisecond,
                    &mut text
                ));
                let text = String::from_utf8(text).expect("ASCII");
                (format!("\"{text}Z\""), number.to_string())
            }),
        ]
        .boxed(),
        Shape::Day => same(day().prop_map(|day| {
            let mut text = Vec::new();
            assert!(moment::write_day(day, &mut text));
            format!("\"{}\"", String::from_utf8(text).expect("ASCII"))
        })),
        Shape::List(item) => vec(or_null(value(&item.shape)), 0..4)
            .prop_map(|items| {
                let (texts, backs): (Vec<_>, Vec<_>) = items.into_iter().unzip();
                (format!("[ {}]", texts.join(" ,")), format!("[{}]", backs.join(",")))
            })
            .boxed(),
        Shape::Object(members) => object(members),
    }
}

fn or_null(value: BoxedStrategy<Spelt>) -> BoxedStrategy<Spelt> {
    prop_oneof![4 => value, 1 => Just(("null".to_owned(), "null".to_owned()))].boxed()
}

/// Keys in any order, some left out where that means null.
fn object(members: &[Member]) -> BoxedStrategy<Spelt> {
    let names: Vec<(String, bool)> = members
        .iter()
        .map(|member| (json!(member.field.name()).to_string(), member.field.is_nullable()))
        .collect();
    let values: Vec<_> = members
        .iter()
        .map(|member| {
            let value = value(&member.shape);
            let value = if member.field.is_nullable() {
                or_null(value)
            } else {
                value
            };
            (value, any::<u8>())
        })
        .collect();
    values
        .prop_map(move |values| {
            let mut backs = Vec::new();
            let mut texts = Vec::new();
            for ((name, nullable), ((text, back), order)) in names.iter().zip(values) {
                backs.push(format!("{name}:{back}"));
                if !(*nullable && back == "null" && order % 2 == 0) {
                    // Mostly in order, as servers do.
                    texts.push((if order < 200 { 0 } else { order }, format!("{name} : {text}")));
                }
            }
            texts.sort_by_key(|(order, _)| *order);
            let texts: Vec<String> = texts.into_iter().map(|(_, text)| text).collect();
            (format!("{{{} }}", texts.join(", ")), format!("{{{}}}", backs.join(",")))
        })
        .boxed()
}

fn tables() -> impl Strategy<Value = (Plan, Vec<Spelt>)> {
    (vec(column(), 0..7), options()).prop_flat_map(|(columns, options)| {
        let mut columns = named(columns);
        columns.insert(0, json!({"name": "id", "type": "int"}));
        let plan = Plan::new(&schema(Json::Array(columns)), &options).expect("a plan");
        let records = vec(object(&plan.members), 0..12);
        (Just(plan), records)
    })
}

fn over_ffi(batch: &RecordBatch) -> RecordBatch {
    let reader = RecordBatchIterator::new([Ok(batch.clone())], batch.schema());
    let stream = FFI_ArrowArrayStream::new(Box::new(reader));
    let mut reader = arrow_array::ffi_stream::ArrowArrayStreamReader::try_new(stream).expect("a stream");
    reader.next().expect("a batch").expect("no error")
}

fn in_chunks(batch: &RecordBatch) -> Vec<String> {
    let reader = RecordBatchIterator::new([Ok(batch.clone())], batch.schema());
    let mut rows = ArrowRows::new(reader).expect("rows");
    let mut all = Vec::new();
    while let Some(chunk) = rows.next_rows().expect("no error") {
        all.extend(texts(&chunk));
    }
    all
}

#[cfg(feature = "arrow-ipc")]
fn over_ipc(batch: &RecordBatch) -> RecordBatch {
    let writer = super::super::IpcWriter::new(batch.schema()).expect("types of a read");
    let bytes = [
        writer.schema(),
        writer.batch(batch).expect("a message"),
        super::super::IpcWriter::END.to_vec(),
    ]
    .concat();
    let mut reader = arrow_ipc::reader::StreamReader::try_new(bytes.as_slice(), None).expect("a schema");
    assert_eq!(reader.schema(), batch.schema());
    let back = reader.next().expect("a batch").expect("no error");
    assert!(reader.next().is_none());
    back
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn records_come_back_to_the_letter((plan, records) in tables(), cut in 1..200_usize) {
        let (texts_sent, expected): (Vec<String>, Vec<String>) = records.into_iter().unzip();
        let page = format!("[{}\n]", texts_sent.join(",\n"));
        let mut decoder = Decoder::new(&plan);
        let batches = decoder.decode(page.as_bytes()).expect("it fits");
        prop_assert_eq!(batches.len(), 1);
        let batch = &batches[0];
        prop_assert_eq!(texts(&rows_of(batch).expect("rows")), expected.clone());
        prop_assert_eq!(in_chunks(batch), expected.clone());

        let ffi = over_ffi(batch);
        prop_assert_eq!(&ffi, batch);
        prop_assert_eq!(texts(&rows_of(&ffi).expect("rows")), expected.clone());

        // A part of a batch, as frames cut them.
        let from = cut % (expected.len() + 1);
        let part = batch.slice(from, expected.len() - from);
        prop_assert_eq!(texts(&rows_of(&part).expect("rows")), expected[from..].to_vec());

        #[cfg(feature = "arrow-ipc")]
        {
            prop_assert_eq!(&over_ipc(batch), batch);
            prop_assert_eq!(&over_ipc(&part), &part);
        }

        // The same page in small batches, by the same decoder.
        decoder.batch_bytes = cut;
        let parts = decoder.decode(page.as_bytes()).expect("it fits");
        let rows: Vec<String> = parts.iter().flat_map(|part| texts(&rows_of(part).expect("rows"))).collect();
        prop_assert_eq!(rows, expected);
    }
}
