//! The rows of the operation table: what the engine knows about each operation of the API.
//!
//! The table itself is generated ([`crate::api`]) as one static, so looking a row up costs a binary search and no
//! allocation. The engine reads from a row how to build the path, which parameters are legal, whether a repeat is harmless,
//! how long it may take, how its pages are found and which scope the token needs.
//!
//! ```
//! let row = xano_metadata::operation::lookup("account.snippets.list").expect("in the table");
//! assert_eq!(row.path, "/snippet");
//! assert!(row.idempotent && !row.writes);
//! ```

/// One operation of the API.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks, read one at a time")]
pub struct Operation {
    /// Its name, such as `account.snippet.tokens.create`; the same string in every language.
    pub id: &'static str,
    /// Which of the two APIs it belongs to.
    pub api: Api,
    /// The HTTP method.
    pub method: Method,
    /// The path below the base, with `{name}` for each path parameter.
    pub path: &'static str,
    /// The path parameters, in the order in which they stand in the path.
    pub path_params: &'static [Param],
    /// The query parameters.
    pub query: &'static [Param],
    /// The header parameters, such as `x-data-source`.
    pub headers: &'static [Param],
    /// The bodies it takes.
    pub body: BodyKinds,
    /// What it answers.
    pub answer: AnswerKind,
    /// Whether a list or an object is promised: an answer without a byte is then one that got lost on the way.
    pub owes: bool,
    /// How its pages are found, for a list.
    pub paging: Option<Paging>,
    /// The token scope it asks for, where one is published.
    pub scope: Option<&'static str>,
    /// Whether repeating it does no harm.
    pub idempotent: bool,
    /// How patient a client has to be.
    pub timeout: TimeoutClass,
    /// Whether it changes anything on the server.
    pub writes: bool,
    /// Whether it destroys what cannot be had back.
    pub destructive: bool,
    /// Whether Xano advises against it.
    pub deprecated: bool,
    /// Whether it is seen only in Xano's own tools, not in the published reference.
    pub unpublished: bool,
}

/// The two APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// The account API: who am I, which instances, which snippets.
    Account,
    /// The API of one instance.
    Instance,
}

/// The HTTP methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Reads.
    Get,
    /// Creates, or does something.
    Post,
    /// Replaces.
    Put,
    /// Changes a part.
    Patch,
    /// Removes; may carry a body here.
    Delete,
}

impl Method {
    /// The method's name on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether HTTP promises that repeating a request of this method does no harm.
    #[must_use]
    pub const fn is_idempotent(self) -> bool {
        matches!(self, Self::Get | Self::Put | Self::Delete)
    }

    pub(crate) const fn to_http(self) -> http::Method {
        match self {
            Self::Get => http::Method::GET,
            Self::Post => http::Method::POST,
            Self::Put => http::Method::PUT,
            Self::Patch => http::Method::PATCH,
            Self::Delete => http::Method::DELETE,
        }
    }
}

/// A parameter in a path, a query or a header.
#[derive(Debug)]
pub struct Param {
    /// Its name on the wire.
    pub name: &'static str,
    /// What its value has to be.
    pub kind: ParamKind,
    /// Whether it has to be given.
    pub required: bool,
    /// Whether it may be null.
    pub nullable: bool,
    /// The only values it may take; empty = any.
    pub choices: &'static [&'static str],
    /// For an id in a path that may also be given as a name: where the name is looked up.
    pub finder: Option<Finder>,
}

impl Param {
    /// An optional parameter; the methods below change that. They keep the generated table readable.
    pub(crate) const fn new(name: &'static str, kind: ParamKind) -> Self {
        Self {
            name,
            kind,
            required: false,
            nullable: false,
            choices: &[],
            finder: None,
        }
    }

    pub(crate) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    #[allow(dead_code, reason = "whether a parameter is nullable depends on the table")]
    pub(crate) const fn nullable(self) -> Self {
        Self { nullable: true, ..self }
    }

    pub(crate) const fn choices(self, choices: &'static [&'static str]) -> Self {
        Self { choices, ..self }
    }

    pub(crate) const fn found_by(self, field: &'static str, operation: &'static str) -> Self {
        Self {
            finder: Some(Finder { operation, field }),
            ..self
        }
    }
}

/// Where a name is turned into an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finder {
    /// The listing to read; it hangs on the path parameters before the one that is looked for.
    pub operation: &'static str,
    /// The field of its items that holds the name.
    pub field: &'static str,
}

/// What a parameter's value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKind {
    /// Text.
    String,
    /// A whole number.
    Int,
    /// Any number.
    Number,
    /// True or false.
    Bool,
    /// An integer or a text, such as a record id that may be a UUID.
    IntOrString,
    /// A list; sent by repeating the name.
    List,
    /// Anything else; sent as JSON text.
    Json,
}

/// The bodies an operation takes. Several may be true: Xano often takes the same fields as JSON and as multipart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a set of five independent marks, read one at a time"
)]
pub struct BodyKinds {
    /// Whether there has to be one.
    pub required: bool,
    /// `application/json`.
    pub json: bool,
    /// `multipart/form-data`.
    pub multipart: bool,
    /// Raw `text/x-xanoscript`.
    pub script: bool,
}

impl BodyKinds {
    /// No body at all.
    pub const NONE: Self = Self {
        required: false,
        json: false,
        multipart: false,
        script: false,
    };
}

/// What an operation answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// JSON.
    Json,
    /// Text.
    Text,
    /// A file, streamed.
    Stream,
    /// Server-sent events.
    Events,
    /// Nothing worth reading.
    Empty,
}

/// How the pages of a list are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paging {
    /// What an answer looks like.
    pub tier: Tier,
    /// The page size when none is asked for; 0 = not known.
    pub size: u32,
    /// Where `page` and `per_page` are put in a request; none = there is no page to ask for.
    pub place: Option<PagePlace>,
    /// Whether the operation takes `per_page`.
    pub per_page: bool,
}

/// The five ways in which Xano pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tier {
    /// `{curPage, nextPage, prevPage, items}`; `nextPage` null ends it.
    Envelope,
    /// An envelope with totals, as records have.
    Records,
    /// A bare array that pages nevertheless; a short page ends it.
    Array,
    /// `{items, itemsTotal}` with a fixed page size; a short page or the total ends it.
    Fixed,
    /// Everything at once.
    Whole,
}

/// Where the page number is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PagePlace {
    /// In the query.
    Query,
    /// In the JSON body, as record searches do.
    Body,
}

/// How patient a client has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeoutClass {
    /// The normal limits.
    Normal,
    /// Export, import, push, deploy, upload: no limit for the attempt, a long one for silence.
    Long,
}

/// The row of an operation, by its id.
#[must_use]
pub fn lookup(id: &str) -> Option<&'static Operation> {
    let table = table();
    table
        .binary_search_by(|row| row.id.cmp(id))
        .ok()
        .map(|index| &table[index])
}

/// Every row, sorted by id.
#[must_use]
pub fn table() -> &'static [Operation] {
    crate::api::OPERATIONS
}
