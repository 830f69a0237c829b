//! Values that try to be something else: another path, another parameter, another header. Every parameter of every
//! operation is tried with each, and what goes out is read as a server reads it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use xano_metadata::operation::{self, Api, Operation, Param, ParamKind};
use xano_metadata::{Body, Connection, Request, Value};

use crate::support::{Mock, Seen};

/// These stay in their place, each as itself.
const KEPT: [&str; 18] = [
    "a/b",
    "../../account/me",
    "%2e%2e",
    "%2F..%2F",
    "a?b=c",
    "a#b",
    "a&b=c;d",
    "a+b c",
    "a\\..\\b",
    "@evil.example",
    "//evil.example/",
    "https://evil.example",
    "{canonical}",
    "a\u{2028}b\u{2029}c",
    "\u{202e}txt.exe",
    "\u{ff0e}\u{ff0e}\u{ff0f}",
    "é\u{301} 🚀",
    "\"'<>`|^",
];

/// These cannot stand in a path or a header.
const REFUSED: [&str; 8] = [
    "a\r\nX-Evil: 1",
    "a\nb",
    "a\rb",
    "\0",
    "a\tb",
    "\u{7f}",
    "a\u{85}b",
    "\u{9b}31m",
];

/// These cannot be a segment of a path.
const NO_SEGMENT: [&str; 3] = ["", ".", ".."];

/// Where a value is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Path(usize),
    Query(usize),
    Header(usize),
}

fn takes_text(param: &Param) -> bool {
    param.choices.is_empty()
        && (matches!(
            param.kind,
            ParamKind::String | ParamKind::IntOrString | ParamKind::List | ParamKind::Json
        ))
}

/// The value of a parameter that is not being tried.
fn harmless(param: &Param) -> Value {
    match (param.choices.first(), param.kind) {
        (Some(choice), _) => Value::String((*choice).to_owned()),
        (None, ParamKind::Int | ParamKind::Number | ParamKind::IntOrString) => Value::Int(7),
        (None, ParamKind::Bool) => Value::Bool(true),
        (None, ParamKind::Json) => Value::Json("{}".to_owned()),
        (None, _) => Value::String("plain".to_owned()),
    }
}

/// The operation with `text` in one place and harmless values in the others that it needs.
fn request(row: &'static Operation, place: Place, text: &str) -> Request {
    let mut request = Request::of(row);
    let value = |here: Place, param: &Param| match here == place {
        true if param.kind == ParamKind::Json => Value::Json(text.to_owned()),
        true => Value::String(text.to_owned()),
        false => harmless(param),
    };
    for (index, param) in row.path_params.iter().enumerate() {
        request.path.push(value(Place::Path(index), param));
    }
    for (index, param) in row.query.iter().enumerate() {
        if param.required || place == Place::Query(index) {
            request
                .query
                .push((Cow::Borrowed(param.name), value(Place::Query(index), param)));
        }
    }
    for (index, param) in row.headers.iter().enumerate() {
        if param.required || place == Place::Header(index) {
            request
                .headers
                .push((Cow::Borrowed(param.name), value(Place::Header(index), param)));
        }
    }
    let body = row.body;
    request.body = match (body.json, body.script, body.multipart) {
        (true, ..) => Body::Json("{}".into()),
        (_, true, _) => Body::Script(String::new()),
        (_, _, true) => Body::Multipart(Vec::new()),
        _ => Body::Empty,
    };
    request
}

fn places(row: &Operation) -> Vec<Place> {
    let texts = |params: &[Param]| {
        let places = params.iter().enumerate().filter(|(_, param)| takes_text(param));
        places.map(|(index, _)| index).collect::<Vec<_>>()
    };
    // A path parameter that takes a name would be looked up by it; the name is never in a path then.
    let path = row.path_params.iter().enumerate();
    let path = path.filter(|(_, param)| takes_text(param) && param.finder.is_none());
    path.map(|(index, _)| Place::Path(index))
        .chain(texts(row.query).into_iter().map(Place::Query))
        .chain(texts(row.headers).into_iter().map(Place::Header))
        .collect()
}

/// What a server makes of the request line: the path's segments and the query's pairs.
fn read(seen: &Seen) -> (Vec<String>, Vec<(String, String)>) {
    let decode = |text: &str| percent_decode_str(text).decode_utf8().expect("UTF-8").into_owned();
    let (path, query) = seen.target.split_once('?').unwrap_or((&seen.target, ""));
    let path = path.strip_prefix("/api:meta/").expect("below the base");
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    (
        path.split('/').map(decode).collect(),
        pairs
            .map(|pair| {
                pair.split_once('=')
                    .map(|(name, value)| (decode(name), decode(value)))
                    .expect("a pair")
            })
            .collect(),
    )
}

fn assert_kept(row: &Operation, place: Place, text: &str, seen: &Seen) {
    let what = format!(
        "{} {place:?} {text:?} became {} {:?}",
        row.id, seen.target, seen.headers
    );
    assert!(seen.target.bytes().all(|byte| byte.is_ascii_graphic()), "{what}");
    assert!(
        seen.header("x-evil").is_none() && seen.header("host").is_some_and(|host| host.starts_with("127.0.0.1:")),
        "{what}"
    );
    let (segments, pairs) = read(seen);
    let template: Vec<&str> = row.path.trim_start_matches('/').split('/').collect();
    assert_eq!(segments.len(), template.len(), "{what}");
    let mut param = 0;
    for (segment, part) in segments.iter().zip(template) {
        if let Some((before, behind)) = part.split_once('{') {
            let behind = behind.split_once('}').map_or("", |(_, behind)| behind);
            if place == Place::Path(param) {
                assert_eq!(segment, &format!("{before}{text}{behind}"), "{what}");
            }
            param += 1;
        } else {
            assert_eq!(segment, part, "{what}");
        }
    }
    match place {
        Place::Query(index) => {
            let name = row.query[index].name;
            assert!(pairs.contains(&(name.to_owned(), text.to_owned())), "{what}");
        }
        Place::Header(index) => assert_eq!(
            seen.header(&row.headers[index].name.to_ascii_lowercase()),
            Some(text),
            "{what}"
        ),
        Place::Path(_) => {}
    }
    let required = row.query.iter().filter(|param| param.required).count();
    let optional = matches!(place, Place::Query(index) if !row.query[index].required);
    assert_eq!(pairs.len(), required + usize::from(optional), "{what}");
}

async fn send(account: &Connection, instance: &Connection, request: Request) -> Result<(), xano_metadata::Error> {
    let connection = match request.operation().map(|row| row.api) {
        Some(Api::Account) => account,
        _ => instance,
    };
    // What the server answers is not looked at: the request is what counts.
    connection.call(request).await.map(drop)
}

#[tokio::test]
async fn every_parameter_of_every_operation_keeps_its_place() {
    let mock = Mock::start([]).await;
    let client = mock.client_with(|options| options.max_retries = 0);
    let (account, instance) = (
        client.account(),
        client.instance_at(&mock.url(), None).expect("an instance"),
    );
    let (mut tried, mut count) = (0, 0);
    assert!(operation::table().len() >= 326, "the whole API");
    for row in operation::table() {
        for place in places(row) {
            tried += 1;
            for text in KEPT {
                let outcome = send(&account, &instance, request(row, place, text)).await;
                outcome.unwrap_or_else(|error| panic!("{} {place:?} {text:?}: {error}", row.id));
                count += 1;
                let seen = mock.take_seen();
                assert_eq!(seen.len(), 1);
                assert_kept(row, place, text, &seen[0]);
            }
        }
    }
    assert!(tried > 150, "only {tried} parameters take text");
    assert_eq!(count, tried * KEPT.len());
}

#[tokio::test]
async fn what_could_end_a_line_is_refused_before_anything_is_sent() {
    let mock = Mock::start([]).await;
    let client = mock.client_with(|options| options.max_retries = 0);
    let (account, instance) = (
        client.account(),
        client.instance_at(&mock.url(), None).expect("an instance"),
    );
    for row in operation::table() {
        for place in places(row) {
            let refused: &[&str] = match place {
                Place::Path(_) => &[&REFUSED[..], &NO_SEGMENT].concat(),
                Place::Header(_) => &REFUSED,
                // In a query they are harmless once they are encoded, and data may hold them.
                Place::Query(_) => continue,
            };
            for text in refused {
                let error = send(&account, &instance, request(row, place, text))
                    .await
                    .expect_err(text);
                assert_eq!(error.code(), "config_error", "{} {place:?} {text:?}: {error}", row.id);
            }
        }
    }
    assert!(mock.seen().is_empty(), "{:?}", mock.seen());
}

#[tokio::test]
async fn a_line_end_in_a_query_is_data() {
    let mock = Mock::start([]).await;
    let client = mock.client_with(|options| options.max_retries = 0);
    let (account, instance) = (
        client.account(),
        client.instance_at(&mock.url(), None).expect("an instance"),
    );
    for row in operation::table() {
        for place in places(row).into_iter().filter(|place| matches!(place, Place::Query(_))) {
            for text in REFUSED {
                send(&account, &instance, request(row, place, text))
                    .await
                    .expect("encoded");
                assert_kept(row, place, text, &mock.take_seen()[0]);
            }
        }
    }
}

/// Places for numbers, choices, and ids that may be given as a name.
fn closed_places(row: &Operation) -> Vec<Place> {
    let open = places(row);
    let all = [
        (row.path_params, Place::Path as fn(usize) -> Place),
        (row.query, Place::Query),
        (row.headers, Place::Header),
    ];
    all.into_iter()
        .flat_map(|(params, place)| (0..params.len()).map(place))
        .filter(|place| !open.contains(place))
        .collect()
}

#[tokio::test]
async fn numbers_choices_and_names_let_no_text_through() {
    let mock = Mock::start([]).await;
    let client = mock.client_with(|options| options.max_retries = 0);
    let (account, instance) = (
        client.account(),
        client.instance_at(&mock.url(), None).expect("an instance"),
    );
    let (mut tried, mut looked_up) = (0, 0);
    for row in operation::table() {
        for place in closed_places(row) {
            tried += 1;
            let finder = match place {
                Place::Path(index) => row.path_params[index].finder,
                Place::Query(index) => row.query[index].finder,
                Place::Header(index) => row.headers[index].finder,
            };
            for text in KEPT.iter().chain(&REFUSED).chain(&NO_SEGMENT) {
                let error = send(&account, &instance, request(row, place, text))
                    .await
                    .expect_err(text);
                let what = format!("{} {place:?} {text:?}: {error}", row.id);
                let seen = mock.take_seen();
                match finder {
                    None => {
                        assert_eq!(error.code(), "config_error", "{what}");
                        assert!(seen.is_empty(), "{what}");
                    }
                    Some(finder) => {
                        looked_up += 1;
                        let list = operation::lookup(finder.operation).expect("in the table");
                        // The listing hangs on what stands before the name, and the name is compared here.
                        let path = list.path_params.iter().fold(list.path.to_owned(), |path, param| {
                            let value = if param.kind == ParamKind::String { "plain" } else { "7" };
                            path.replace(&format!("{{{}}}", param.name), value)
                        });
                        for seen in &seen {
                            let target = seen.target.split('?').next().unwrap_or_default();
                            assert_eq!(target, format!("/api:meta{path}"), "{what}");
                            let (_, pairs) = read(seen);
                            assert!(pairs.iter().all(|(_, value)| value != *text), "{what}");
                            assert!(seen.header("x-evil").is_none(), "{what}");
                        }
                    }
                }
            }
        }
    }
    assert!(tried > 300 && looked_up > 1000, "{tried} places, {looked_up} looked up");
}
