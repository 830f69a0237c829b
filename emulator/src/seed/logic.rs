//! The logic of the demonstration shop: an API group with two endpoints, a function and a task, and a
//! second branch in which the function is further along. None of it runs; it is there to be read.

use rusqlite::Connection;

use crate::api::instance::objects::{by_keyword, defaults, read_script};
use crate::error::ApiError;
use crate::script;
use crate::store::objects::{self, Object};
use crate::store::uuid;
use crate::store::workspaces::{self, Workspace};

const GROUP: &str = r#"api_group shop {
  description = "What the shop's website calls"
  canonical = "demoshop"
}"#;

const ENDPOINTS: [&str; 2] = [
    r#"query product verb=GET {
  description = "Lists what is for sale"
  input {
    text tag?
  }
  stack {
    db.query product {
      where = $db.product.tags contains $input.tag
      return = {type: "list"}
    } as $products
  }
  response = $products
}"#,
    r#"query "order/{order_id}" verb=GET {
  description = "Tells how far an order is"
  input {
    int order_id
  }
  stack {
    db.get order {
      field_name = "id"
      field_value = $input.order_id
    } as $order
  }
  response = $order
}"#,
];

const TASK: &str = r#"task "send reminders" {
  description = "Reminds customers of open orders"
  active = false
  stack {
  }
  schedule = [{starts_on: 2025-01-15 06:00:00+0000, freq: 86400}]
}"#;

fn total(rounding: &str) -> String {
    format!(
        "function order_total {{\n  description = \"Price times quantity{rounding}\"\n  input {{\n    int quantity\n    \
         decimal price\n  }}\n  stack {{\n  }}\n  response = $input.price * $input.quantity\n}}"
    )
}

/// Adds the logic to a workspace without any.
pub fn fill(db: &Connection, workspace: &Workspace, start: i64) -> Result<(), ApiError> {
    let Some(live) = workspaces::branch(db, workspace.key, "")? else {
        return Ok(());
    };
    if !objects::of_branch(db, live.id)?.is_empty() || workspaces::branch(db, workspace.key, "next")?.is_some() {
        return Ok(());
    }
    let place = Place { db, workspace, start };
    let group = place.add(GROUP, live.id, None)?;
    for endpoint in ENDPOINTS {
        place.add(endpoint, live.id, Some(group.key))?;
    }
    place.add(&total(""), live.id, None)?;
    place.add(TASK, live.id, None)?;
    let next = workspaces::add_branch(db, workspace.key, "next", "Where changes are tried", "#7a5cff", start)?;
    objects::clone_branch(db, live.id, next)?;
    for mut object in objects::list(db, workspace.key, "function", Some(next), None)? {
        place.read(&total(", rounded to cents"), &mut object)?;
        objects::save(db, &object)?;
    }
    Ok(())
}

struct Place<'a> {
    db: &'a Connection,
    workspace: &'a Workspace,
    start: i64,
}

impl Place<'_> {
    fn read(&self, text: &str, object: &mut Object) -> Result<(), ApiError> {
        let keyword = script::header(text)?.keyword;
        let family =
            by_keyword(&keyword).ok_or_else(|| ApiError::fatal(format!("No family begins with {keyword:?}.")))?;
        if object.kind.is_empty() {
            family.kind.clone_into(&mut object.kind);
            object.fields = defaults(family);
        }
        object.updated_at = self.start;
        read_script(family, text, object)
    }

    fn add(&self, text: &str, branch_id: i64, parent_key: Option<i64>) -> Result<Object, ApiError> {
        let mut object = Object {
            workspace_key: self.workspace.key,
            instance_id: self.workspace.instance_id,
            branch_id: Some(branch_id),
            parent_key,
            guid: uuid(),
            created_at: self.start,
            ..Object::default()
        };
        self.read(text, &mut object)?;
        objects::add(self.db, &mut object)?;
        Ok(object)
    }
}
