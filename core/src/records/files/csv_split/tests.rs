use proptest::prelude::*;

use super::*;

/// Each record as its line and its fields (none for a null), or what is wrong with it.
type Seen = (u64, Result<Vec<Option<String>>, Slip>);

fn seen(splitter: &Splitter) -> Seen {
    let fields = splitter.fields().map(|field| {
        let text = String::from_utf8_lossy(field.bytes).into_owned();
        (field.quoted || !text.is_empty()).then_some(text)
    });
    (
        splitter.first_line(),
        splitter.slip().map_or_else(|| Ok(fields.collect()), Err),
    )
}

/// Splits text that comes in pieces of `step` bytes.
fn split(text: &[u8], step: usize, limit: usize) -> Vec<Seen> {
    let mut splitter = Splitter::new(limit);
    let mut records = Vec::new();
    for piece in text.chunks(step) {
        let mut rest = piece;
        while !rest.is_empty() {
            let (used, complete) = splitter.feed(rest);
            assert!(used > 0, "no standing still");
            rest = &rest[used..];
            if complete {
                records.push(seen(&splitter));
            }
        }
    }
    if splitter.finish() {
        records.push(seen(&splitter));
    }
    assert!(!splitter.finish());
    records
}

fn record(line: u64, fields: &[Option<&str>]) -> Seen {
    (line, Ok(fields.iter().map(|field| field.map(str::to_owned)).collect()))
}

#[test]
fn fields_come_out_as_they_were_meant() {
    let text = "a,b\r\n\r\n,\"\"\n\"x,\"\"y\"\"\nz\",\r\r\"\"\"\",ä \n\nlast,one";
    let expected = vec![
        record(1, &[Some("a"), Some("b")]),
        record(3, &[None, Some("")]),
        record(4, &[Some("x,\"y\"\nz"), None]),
        record(7, &[Some("\""), Some("ä ")]),
        record(9, &[Some("last"), Some("one")]),
    ];
    for step in [1, 2, 3, 1000] {
        assert_eq!(split(text.as_bytes(), step, 1000), expected, "{step}");
    }
    assert!(split(b"", 1, 10).is_empty());
    assert!(split(b"\n\r\n", 1, 10).is_empty());
}

#[test]
fn a_slip_costs_its_line_and_no_other() {
    let text = "a\"b,c\nd,e\n\"f\"g,h\ni,j\n\"k";
    let expected = vec![
        (1, Err(Slip::Stray)),
        record(2, &[Some("d"), Some("e")]),
        (3, Err(Slip::Behind)),
        record(4, &[Some("i"), Some("j")]),
        (5, Err(Slip::Unclosed)),
    ];
    for step in [1, 1000] {
        assert_eq!(split(text.as_bytes(), step, 1000), expected);
    }
}

#[test]
fn a_record_that_is_too_large_is_measured_and_passed_over() {
    let text = format!("1,\"{}\",3\n4,5,6\n", "x".repeat(5000));
    let mut splitter = Splitter::new(100);
    assert!(splitter.feed(text.as_bytes()).1);
    assert_eq!(splitter.slip(), Some(Slip::TooLarge));
    assert_eq!(
        (splitter.size(), splitter.largest(), splitter.count()),
        (5002, Some((1, 5000)), 3)
    );
    assert!(splitter.text.capacity() < 4096);
    let all = split(text.as_bytes(), 7, 100);
    assert_eq!(all[1], record(2, &[Some("4"), Some("5"), Some("6")]));
}

fn written(records: &[Vec<String>], quote: csv::QuoteStyle, end: csv::Terminator) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(quote)
        .terminator(end)
        .from_writer(Vec::new());
    for record in records {
        writer.write_record(record).expect("a record");
    }
    writer.into_inner().expect("text")
}

proptest! {
    /// What the csv crate writes is read back by this as by itself.
    #[test]
    fn well_formed_text_reads_as_the_csv_crate_reads_it(
        width in 1_usize..5,
        cells in prop::collection::vec("[a,\"\r\n ä\u{0}]{0,6}", 1..40),
        style in 0_usize..3,
        crlf: bool,
        step in 1_usize..50,
    ) {
        let records: Vec<Vec<String>> = cells.chunks_exact(width).map(<[String]>::to_vec).collect();
        let style = [csv::QuoteStyle::Necessary, csv::QuoteStyle::Always, csv::QuoteStyle::NonNumeric][style];
        let end = if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') };
        let text = written(&records, style, end);
        let ours: Vec<Vec<String>> = split(&text, step, 10_000)
            .into_iter()
            .map(|(_, fields)| fields.expect("well-formed").into_iter().map(Option::unwrap_or_default).collect())
            .collect();
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_slice());
        let theirs: Vec<Vec<String>> = reader
            .records()
            .map(|record| record.expect("well-formed").iter().map(str::to_owned).collect())
            .collect();
        prop_assert_eq!(&ours, &theirs);
        prop_assert_eq!(ours, records);
    }

    #[test]
    fn noise_is_split_the_same_in_any_pieces(text in "[a,\"\r\n]{0,40}", step in 1_usize..7, limit in 0_usize..12) {
        prop_assert_eq!(split(text.as_bytes(), step, limit), split(text.as_bytes(), 1000, limit));
    }
}
