//! `request`: any call, for what no other command does.

use std::io::{Read as _, Write as _};

use clap::ArgMatches;
use serde_json::{Value as Json, json};
use xano_metadata::operation::{self, Api, Operation};
use xano_metadata::{Body, Error, Reply, Request};

use crate::app::{App, flag, needed, path, text};
use crate::ask;
use crate::outcome::{Exit, Outcome};
use crate::records::replaceable;

pub(crate) async fn run(app: &App, given: &ArgMatches) -> Result<Outcome, Error> {
    let (method, target) = (needed(given, "method")?.to_ascii_uppercase(), needed(given, "path")?);
    let api = if flag(given, "account") {
        Api::Account
    } else {
        Api::Instance
    };
    if destroys(api, &method, &target) {
        ask::confirm(app, &format!("{method} {target} cannot be undone"), &target).await?;
    }
    let connection = match api {
        Api::Account => app.client()?.account(),
        Api::Instance => app.ground().await?.connection(None)?,
    };
    let mut request = Request::raw(&method, target)?.body(body(given)?);
    for pair in given.get_many::<String>("query").into_iter().flatten() {
        let (name, value) = pair
            .split_once('=')
            .ok_or_else(|| Error::config(format!("--query takes NAME=VALUE, not {pair:?}.")))?;
        request = request.query_value(name.to_owned(), value);
    }
    if let Some(file) = path(given, "output") {
        replaceable(app, &file).await?;
        let download = connection.open(request).await?;
        let status = download.status().as_u16();
        let bytes = download.save(&file, |_| {}).await?;
        let document = json!({ "status": status, "file": file, "bytes": bytes });
        return Ok(Outcome::success(document, ""));
    }
    let reply = connection.call(request).await?;
    if app.json {
        return Ok(Outcome::success(document(&reply), ""));
    }
    // As it came, so that it can be piped; whoever closes the pipe early has read enough.
    let mut out = std::io::stdout().lock();
    let ended = reply.body.is_empty() || reply.body.ends_with(b"\n");
    let _ = out
        .write_all(&reply.body)
        .and_then(|()| out.write_all(if ended { b"" } else { b"\n" }))
        .and_then(|()| out.flush());
    Ok(Outcome::printed(Exit::Success))
}

/// Status, content type, and the body: as JSON where it is, else as text, else by its length alone.
fn document(reply: &Reply) -> Json {
    let content_type = reply.headers.get("content-type").and_then(|value| value.to_str().ok());
    let text = std::str::from_utf8(&reply.body).ok();
    let body = text.map_or(Json::Null, |text| {
        serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
    });
    json!({
        "status": reply.status.as_u16(), "content_type": content_type, "bytes": reply.body.len(), "body": body,
    })
}

fn body(given: &ArgMatches) -> Result<Body, Error> {
    if let Some(script) = text(given, "xanoscript") {
        return Ok(Body::Script(source(&script, "--xanoscript")?));
    }
    let Some(data) = text(given, "data") else {
        return Ok(Body::Empty);
    };
    let data = if data == "-" || data.starts_with('@') {
        source(&data, "--data")?
    } else {
        data
    };
    serde_json::from_str::<&serde_json::value::RawValue>(&data)
        .map_err(|cause| Error::config(format!("--data is no JSON: {cause}.")))?;
    Ok(Body::Json(data.into()))
}

/// The text of `@FILE` or `-`.
fn source(given: &str, name: &str) -> Result<String, Error> {
    let mut text = String::new();
    let read = match given.strip_prefix('@') {
        Some(file) => std::fs::read_to_string(file).map(|read| text = read),
        None if given == "-" => std::io::stdin().read_to_string(&mut text).map(|_| ()),
        None => return Err(Error::config(format!("{name} takes @FILE, or - for standard input."))),
    };
    read.map_err(|cause| Error::config(format!("{name}: {given} cannot be read: {cause}.")))?;
    Ok(text)
}

/// Whether a call removes or overwrites what cannot be had back, as far as the table of operations knows.
fn destroys(api: Api, method: &str, path: &str) -> bool {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let is_meant = |row: &&Operation| row.api == api && row.method.as_str() == method && fits(row.path, path);
    method == "DELETE" || operation::table().iter().any(|row| row.destructive && is_meant(&row))
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path) = (template.trim_matches('/'), path.trim_matches('/'));
    template.split('/').count() == path.split('/').count()
        && template
            .split('/')
            .zip(path.split('/'))
            .all(|(expected, given)| expected.starts_with('{') || expected == given)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_that_cannot_be_undone_are_known() {
        assert!(destroys(Api::Account, "DELETE", "/anything/new"));
        assert!(!destroys(Api::Instance, "GET", "/workspace/1/table"));
        assert!(!destroys(Api::Instance, "POST", "/workspace/1/table"));
        let posts: Vec<_> = operation::table()
            .iter()
            .filter(|row| row.destructive && row.method.as_str() == "POST")
            .collect();
        assert!(!posts.is_empty(), "the table has such calls");
        for row in posts {
            let path: Vec<&str> = row
                .path
                .split('/')
                .map(|part| if part.starts_with('{') { "1" } else { part })
                .collect();
            assert!(
                destroys(row.api, "POST", &format!("{}?x=1", path.join("/"))),
                "{}",
                row.id
            );
        }
    }
}
