//! Classes of operations: what a case does.

/// What kind of operation a case makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Class {
    /// One record: GET.
    Read,
    /// Pages of records, by GET and by a POST that only reads.
    List,
    /// One new record: POST, which must not be repeated on doubt.
    Create,
    /// A change of one record: PUT, which may be.
    Update,
    /// A change of a list of records: POST.
    Patch,
    /// DELETE.
    Delete,
    /// A form with a file: POST.
    Upload,
    /// An archive that goes to disk.
    Download,
    /// A job that loads rows.
    Load,
    /// A stable read of a whole table.
    Rows,
    /// The account API: lists, reads, and install tokens (POST).
    Account,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::List,
        Self::Create,
        Self::Update,
        Self::Patch,
        Self::Delete,
        Self::Upload,
        Self::Download,
        Self::Load,
        Self::Rows,
        Self::Account,
    ];

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Upload => "upload",
            Self::Download => "download",
            Self::Load => "load",
            Self::Rows => "rows",
            Self::Account => "account",
        }
    }

    /// Whether its calls are made again when a request may have arrived. Case `index` matters for the mixed class.
    #[must_use]
    pub const fn repeats(self, index: usize) -> bool {
        match self {
            Self::Create | Self::Patch | Self::Upload => false,
            Self::Account => !makes_token(index),
            Self::Read | Self::List | Self::Update | Self::Delete | Self::Download | Self::Load | Self::Rows => true,
        }
    }

    /// Whether one case makes several requests, so that a later one can be struck.
    #[must_use]
    pub const fn has_many_requests(self) -> bool {
        matches!(self, Self::List | Self::Load | Self::Rows)
    }
}

/// Whether case `index` of the account class makes an install token; the others read.
#[must_use]
pub const fn makes_token(index: usize) -> bool {
    index % 3 == 2
}
