//! The table that every client reads: twelve columns, about 300 bytes of JSON a record, ids 1, 2, 3, … without gaps.
//!
//! A record's text is one of a thousand prebuilt ones with its id in front, so that a page costs little more than copying
//! it and a table may have a million rows without filling memory.

use std::fmt::Write as _;

/// Texts without their ids. More than a page holds would not make a client's work any different.
const VARIANTS: u64 = 1000;

/// The columns as `GET …/schema` answers them.
pub const SCHEMA: &str = r#"[
{"name":"id","type":"int","description":"","nullable":false,"default":"","required":true,"access":"public","sensitive":false,"style":"single"},
{"name":"created_at","type":"timestamp","description":"","nullable":false,"default":"now","required":false,"access":"private","sensitive":false,"style":"single"},
{"name":"customer","type":"int","description":"","nullable":false,"default":"","required":true,"access":"public","sensitive":false,"style":"single"},
{"name":"email","type":"text","description":"","nullable":false,"default":"","required":true,"access":"public","sensitive":false,"style":"single"},
{"name":"product","type":"text","description":"","nullable":false,"default":"","required":true,"access":"public","sensitive":false,"style":"single"},
{"name":"status","type":"enum","description":"","nullable":false,"default":"open","required":false,"access":"public","sensitive":false,"style":"single","values":["open","paid","sent","returned"]},
{"name":"quantity","type":"int","description":"","nullable":false,"default":"1","required":false,"access":"public","sensitive":false,"style":"single"},
{"name":"price","type":"decimal","description":"","nullable":false,"default":"","required":false,"access":"public","sensitive":false,"style":"single"},
{"name":"paid","type":"bool","description":"","nullable":false,"default":"","required":false,"access":"public","sensitive":false,"style":"single"},
{"name":"day","type":"date","description":"","nullable":false,"default":"","required":false,"access":"public","sensitive":false,"style":"single"},
{"name":"reference","type":"uuid","description":"","nullable":false,"default":"","required":false,"access":"public","sensitive":false,"style":"single"},
{"name":"note","type":"text","description":"","nullable":true,"default":"","required":false,"access":"public","sensitive":false,"style":"single"}
]"#;

const FIRST: [&str; 8] = ["robin", "kim", "sasha", "noa", "alex", "jules", "toni", "maxime"];
const LAST: [&str; 8] = [
    "meadow",
    "rivers",
    "stone",
    "winter",
    "fields",
    "harbour",
    "lindqvist",
    "okafor",
];
const GOODS: [&str; 8] = [
    "Walnut desk organiser, 3 trays",
    "Linen tea towel",
    "Enamel mug 0.4 l",
    "Wool blanket, grey",
    "Standing lamp with a paper shade",
    "Notebook A5, dotted",
    "Cast-iron pan 28 cm",
    "Café chair, beech",
];
const STATUS: [&str; 4] = ["open", "paid", "sent", "returned"];
const NOTES: [&str; 4] = [
    "Leave it with the neighbour, please ring twice",
    "Größe prüfen – Rücksendung möglich",
    "Gift wrap, no invoice in the parcel",
    "The \"blue\" one, not the grey one\nsecond floor",
];

/// Prebuilt texts: everything of a record but `{"id":N`.
pub struct Table {
    variants: Vec<String>,
}

impl Table {
    pub fn new() -> Self {
        let mut random = fastrand::Rng::with_seed(1);
        let variants = (0..VARIANTS).map(|number| variant(&mut random, number)).collect();
        Self { variants }
    }

    /// Appends the record with this id.
    pub fn write(&self, id: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\":");
        write_number(id, out);
        let index = usize::try_from((id - 1) % VARIANTS).unwrap_or(0);
        out.extend_from_slice(self.variants[index].as_bytes());
    }
}

fn variant(random: &mut fastrand::Rng, number: u64) -> String {
    let mut text = String::new();
    let created = 1_736_982_000_000_u64 + number * 60_000 + random.u64(..60_000);
    let (first, last) = (FIRST[random.usize(..8)], LAST[random.usize(..8)]);
    let customer = random.u32(1..50_000);
    let cents = random.u32(99..50_000);
    let note = match random.usize(..8) {
        at @ 0..4 => format!("\"{}\"", NOTES[at].replace('"', "\\\"").replace('\n', "\\n")),
        _ => "null".to_owned(),
    };
    let _ = write!(
        text,
        ",\"created_at\":{created},\"customer\":{customer},\"email\":\"{first}.{last}{customer}@example.com\",\
         \"product\":\"{}\",\"status\":\"{}\",\"quantity\":{},\"price\":{}.{:02},\"paid\":{},\
         \"day\":\"2025-{:02}-{:02}\",\"reference\":\"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\",\"note\":{note}}}",
        GOODS[random.usize(..8)],
        STATUS[random.usize(..4)],
        random.u32(1..9),
        cents / 100,
        cents % 100,
        random.bool(),
        random.u32(1..13),
        random.u32(1..29),
        random.u32(..),
        random.u32(..1 << 16),
        random.u32(..1 << 12),
        random.u32(..1 << 12),
        random.u64(..1 << 48),
    );
    text
}

/// Decimal digits; `write!` is several times slower, and a page has a thousand ids.
pub fn write_number(mut number: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_json_of_the_promised_size_and_columns() {
        let table = Table::new();
        let columns: Vec<serde_json::Value> = serde_json::from_str(SCHEMA).expect("a schema");
        let mut page = Vec::new();
        for id in 1..=1000 {
            let start = page.len();
            table.write(id, &mut page);
            let record: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(&page[start..]).expect("a record");
            assert_eq!(record["id"], id);
            let names: Vec<&str> = columns.iter().filter_map(|column| column["name"].as_str()).collect();
            assert!(names.iter().all(|name| record.contains_key(*name)) && record.len() == names.len());
        }
        assert!((270_000..330_000).contains(&page.len()), "{}", page.len());
    }
}
