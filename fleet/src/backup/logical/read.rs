//! Reading what a workspace is made of, apart from its records.

use serde_json::Value as Json;
use xano_metadata::{Error, Request};

use crate::backup::archive::is_refused;
use crate::backup::contents::{Document, FORMAT, Source, Table};
use crate::backup::subject::Subject;
use crate::place::Place;
use crate::spread::spread;

/// Tables whose definitions are asked for at once.
const AT_ONCE: usize = 4;

/// Everything that is known before the first record.
pub(super) async fn document(place: &Place, subject: &Subject, warnings: &mut Vec<String>) -> Result<Document, Error> {
    let listed = place.workspace().tables().list().all().await?;
    let definitions = spread(listed, AT_ONCE, |table| async move {
        let id = table.id;
        let columns = definitions(place, id, "columns", "schema").await?;
        let indexes = definitions(place, id, "indexes", "index").await?;
        Ok::<_, Error>(Table {
            id,
            name: table.name,
            description: table.description,
            docs: table.docs,
            guid: table.guid,
            auth: table.auth,
            tag: table.tag,
            columns,
            indexes,
        })
    });
    let tables: Vec<Table> = definitions.await.into_iter().collect::<Result<_, _>>()?;
    warnings.extend(not_answered(&tables));
    Ok(Document {
        format: FORMAT.to_owned(),
        name: subject.name.clone(),
        description: subject.description.clone(),
        branch: subject.branch.clone(),
        data_sources: data_sources(place, warnings).await?,
        tables,
    })
}

/// The columns or the indexes of a table, as the server writes them.
pub(crate) async fn definitions(place: &Place, table: i64, what: &str, field: &str) -> Result<Vec<Json>, Error> {
    let request = Request::new(&format!("instance.workspace.table.{what}.list"))?;
    let request = request.path_value(place.workspace.clone()).path_value(table);
    let reply = place.connection.call(request).await?;
    let list = match reply.json()? {
        Json::Array(list) => Some(list),
        Json::Object(mut map) => match map.remove(field).or_else(|| map.remove("items")) {
            Some(Json::Array(list)) => Some(list),
            _ => None,
        },
        _ => None,
    };
    list.ok_or_else(|| reply.decode_error(&format!("The answer should be a list of {what}.")))
}

/// Every data source; the live one alone where the server does not list them.
async fn data_sources(place: &Place, warnings: &mut Vec<String>) -> Result<Vec<Source>, Error> {
    match place.workspace().data_sources().list().all().await {
        Ok(listed) => Ok(listed
            .into_iter()
            .map(|source| Source {
                label: source.label,
                color: source.color,
            })
            .collect()),
        Err(error) if error.status() == Some(404) || is_refused(&error) => {
            warnings.push(format!(
                "The server does not list data sources, so only the live one is in it: {}",
                error.message()
            ));
            Ok(vec![Source {
                label: "live".to_owned(),
                color: None,
            }])
        }
        Err(error) => Err(error),
    }
}

/// The logic of the branch; none where the server does not give it.
pub(super) async fn scripts(
    place: &Place,
    subject: &Subject,
    warnings: &mut Vec<String>,
) -> Result<Option<String>, Error> {
    let mut pull = place.workspace().multidoc().pull();
    if let Some(branch) = &subject.branch {
        pull = pull.branch(branch);
    }
    match pull.await {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.status() == Some(404) || is_refused(&error) => {
            warnings.push(format!(
                "The server does not give the scripts, so functions, endpoints and tasks are not in it: {}",
                error.message()
            ));
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// What no read brings.
fn not_answered(tables: &[Table]) -> Vec<String> {
    let is_password = |column: &&Json| column.get("type").and_then(Json::as_str) == Some("password");
    let name = |column: &Json| column.get("name").and_then(Json::as_str).unwrap_or_default().to_owned();
    let passwords: Vec<String> = tables
        .iter()
        .flat_map(|table| {
            let columns = table.columns.iter().filter(is_password);
            columns.map(|column| format!("{}.{}", table.name, name(column)))
        })
        .collect();
    let mut told = vec!["Files, environment variables and history are not in a logical backup.".to_owned()];
    if !passwords.is_empty() {
        told.push(format!(
            "The server does not answer passwords, so they are not in it: {}.",
            passwords.join(", ")
        ));
    }
    told
}
