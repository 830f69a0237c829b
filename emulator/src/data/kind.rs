//! The kinds of columns: what each is called, how it is stored, and what stands in for no value.

use serde::{Deserialize, Serialize};

/// What a column holds. References to other tables are `int` or `uuid` columns with a table id, so
/// the 25 kinds that can be added are 23 types here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)] // the names are the API's own
pub enum Kind {
    Attachment,
    Audio,
    Bool,
    Date,
    Decimal,
    Email,
    Enum,
    GeoLinestring,
    GeoMultilinestring,
    GeoMultipoint,
    GeoMultipolygon,
    GeoPoint,
    GeoPolygon,
    Image,
    Int,
    Json,
    Object,
    Password,
    Text,
    Timestamp,
    Uuid,
    Vector,
    Video,
}

/// How SQLite keeps a value of some kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Storage {
    /// A 64-bit integer.
    Integer,
    /// A 64-bit integer that is shown as true or false.
    Boolean,
    /// A double where that is exact, else the digits as text.
    Decimal,
    /// Text that is shown as text.
    Text,
    /// JSON text that is shown as it is.
    Json,
}

impl Kind {
    /// Every kind, by its name in the API.
    pub const ALL: [(&'static str, Self); 23] = [
        ("attachment", Self::Attachment),
        ("audio", Self::Audio),
        ("bool", Self::Bool),
        ("date", Self::Date),
        ("decimal", Self::Decimal),
        ("email", Self::Email),
        ("enum", Self::Enum),
        ("geo_linestring", Self::GeoLinestring),
        ("geo_multilinestring", Self::GeoMultilinestring),
        ("geo_multipoint", Self::GeoMultipoint),
        ("geo_multipolygon", Self::GeoMultipolygon),
        ("geo_point", Self::GeoPoint),
        ("geo_polygon", Self::GeoPolygon),
        ("image", Self::Image),
        ("int", Self::Int),
        ("json", Self::Json),
        ("object", Self::Object),
        ("password", Self::Password),
        ("text", Self::Text),
        ("timestamp", Self::Timestamp),
        ("uuid", Self::Uuid),
        ("vector", Self::Vector),
        ("video", Self::Video),
    ];

    /// Finds a kind by name. `tableref` and `tablerefuuid` are an `int` and a `uuid`.
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "tableref" => Some(Self::Int),
            "tablerefuuid" => Some(Self::Uuid),
            _ => Self::ALL
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, kind)| *kind),
        }
    }

    /// The name in the API.
    pub fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, kind)| *kind == self)
            .map_or("", |(name, _)| *name)
    }

    /// How a single value is kept.
    pub fn storage(self) -> Storage {
        match self {
            Self::Int | Self::Timestamp => Storage::Integer,
            Self::Bool => Storage::Boolean,
            Self::Decimal => Storage::Decimal,
            Self::Text | Self::Email | Self::Enum | Self::Password | Self::Uuid | Self::Date => Storage::Text,
            _ => Storage::Json,
        }
    }

    /// Whether a new column of this kind takes nulls when nothing is said, as the reference has it.
    pub fn nullable_unless_said(self) -> bool {
        !matches!(
            self,
            Self::Bool
                | Self::Date
                | Self::Decimal
                | Self::Email
                | Self::Enum
                | Self::Int
                | Self::Json
                | Self::Object
                | Self::Password
                | Self::Text
        )
    }

    /// What a column that takes no nulls holds when nothing is given, as JSON. Kinds without such a
    /// value (no date is an empty date) hold null then, and take an explicit null as well.
    pub fn empty(self) -> Option<&'static str> {
        match self {
            Self::Int | Self::Decimal => Some("0"),
            Self::Bool => Some("false"),
            Self::Text | Self::Email => Some("\"\""),
            _ => None,
        }
    }

    /// Whether it is one of the six geometries.
    pub fn geometry(self) -> Option<&'static str> {
        self.name().strip_prefix("geo_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_kinds_and_back() {
        for (name, kind) in Kind::ALL {
            assert_eq!(Kind::find(name), Some(kind));
            assert_eq!(kind.name(), name);
            let stored = serde_json::to_value(kind).expect("a name");
            assert_eq!(stored, name, "the stored definition spells it as the API does");
        }
        assert_eq!(Kind::find("tableref"), Some(Kind::Int));
        assert_eq!(Kind::find("tablerefuuid"), Some(Kind::Uuid));
        assert_eq!(Kind::find("blob"), None);
    }
}
