//! Finding numbers that JSON cannot write.
//!
//! Serialising to JSON turns NaN and infinity into null without a word, and the null would be stored. So what somebody
//! hands over is looked through first, by a serializer that writes nothing.

use std::fmt::{self, Display};

use serde::ser::{
    self, Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};
use serde_json::Value as Json;

use crate::records::Trouble;

/// Whether every number in the value can be written as JSON; the trouble names the outermost field.
pub(crate) fn check<T: Serialize + ?Sized>(value: &T) -> Result<(), Trouble> {
    value.serialize(Finite).map_err(|fault| Trouble {
        column: fault.field,
        reason: fault.reason,
    })
}

/// Why a value cannot be written, and in which field.
#[derive(Debug)]
struct Fault {
    field: Option<String>,
    reason: String,
}

impl Fault {
    fn within(self, field: impl Into<String>) -> Self {
        Self {
            field: Some(field.into()),
            ..self
        }
    }
}

impl Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl std::error::Error for Fault {}

impl ser::Error for Fault {
    fn custom<T: Display>(reason: T) -> Self {
        Self {
            field: None,
            reason: format!("It cannot be written as JSON: {reason}."),
        }
    }
}

#[derive(Clone, Copy)]
struct Finite;

type Checked = Result<(), Fault>;

/// Values that are always fine.
macro_rules! fine {
    ($($method:ident: $type:ty),* $(,)?) => {
        $(fn $method(self, _: $type) -> Checked {
            Ok(())
        })*
    };
}

impl Serializer for Finite {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fine! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_f32(self, value: f32) -> Checked {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Checked {
        if value.is_finite() {
            return Ok(());
        }
        Err(Fault {
            field: None,
            reason: format!("It is {value}, which JSON cannot write."),
        })
    }

    fn serialize_none(self) -> Checked {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Checked {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Checked {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Checked {
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        name: &'static str,
        value: &T,
    ) -> Checked {
        value.serialize(self).map_err(|fault| fault.within(name))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_tuple_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_struct_variant(self, _: &'static str, _: u32, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }
}

/// What holds values one behind the other.
macro_rules! elements {
    ($($trait:ident::$method:ident),*) => {
        $(impl $trait for Finite {
            type Ok = ();
            type Error = Fault;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
                value.serialize(*self)
            }

            fn end(self) -> Checked {
                Ok(())
            }
        })*
    };
}

elements!(
    SerializeSeq::serialize_element,
    SerializeTuple::serialize_element,
    SerializeTupleStruct::serialize_field,
    SerializeTupleVariant::serialize_field
);

/// What holds values by names that are known.
macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl $trait for Finite {
            type Ok = ();
            type Error = Fault;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Checked {
                value.serialize(*self).map_err(|fault| fault.within(name))
            }

            fn end(self) -> Checked {
                Ok(())
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl SerializeMap for Finite {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Checked {
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        value.serialize(*self)
    }

    fn serialize_entry<K: Serialize + ?Sized, V: Serialize + ?Sized>(&mut self, key: &K, value: &V) -> Checked {
        value.serialize(*self).map_err(|fault| match serde_json::to_value(key) {
            Ok(Json::String(key)) => fault.within(key),
            _ => fault,
        })
    }

    fn end(self) -> Checked {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(Serialize)]
    struct Order {
        price: Option<f64>,
        sizes: Vec<f32>,
        place: (f64, f64),
        more: BTreeMap<String, f64>,
        kind: Kind,
    }

    #[derive(Serialize)]
    enum Kind {
        Plain,
        Weighed(f64),
        Boxed { width: f64 },
    }

    fn order() -> Order {
        Order {
            price: Some(1.5),
            sizes: vec![1.0, 2.0],
            place: (0.0, -0.0),
            more: BTreeMap::from([("a".to_owned(), f64::MAX)]),
            kind: Kind::Plain,
        }
    }

    #[test]
    fn what_json_can_write_passes() {
        assert_eq!(check(&order()), Ok(()));
        assert_eq!(check(&json!({"a": [1, 2.5, null, {"b": "NaN"}]})), Ok(()));
        assert_eq!(check(&(1_u8, "x", 'c', (), None::<i64>, u64::MAX)), Ok(()));
    }

    #[test]
    fn the_outermost_field_of_a_bad_number_is_named() {
        let (nan, infinite) = (f64::NAN, f64::INFINITY);
        let rows = [
            (
                Order {
                    price: Some(nan),
                    ..order()
                },
                "column price: It is NaN, which JSON cannot write.",
            ),
            (
                Order {
                    sizes: vec![1.0, f32::NEG_INFINITY],
                    ..order()
                },
                "column sizes: It is -inf, which JSON cannot write.",
            ),
            (
                Order {
                    place: (0.0, infinite),
                    ..order()
                },
                "column place: It is inf, which JSON cannot write.",
            ),
            (
                Order {
                    more: BTreeMap::from([("b".to_owned(), nan)]),
                    ..order()
                },
                "column more: It is NaN, which JSON cannot write.",
            ),
            (
                Order {
                    kind: Kind::Weighed(nan),
                    ..order()
                },
                "column kind: It is NaN, which JSON cannot write.",
            ),
            (
                Order {
                    kind: Kind::Boxed { width: nan },
                    ..order()
                },
                "column kind: It is NaN, which JSON cannot write.",
            ),
        ];
        for (order, words) in rows {
            assert_eq!(check(&order).expect_err(words).to_string(), words);
        }
        let map = BTreeMap::from([("b", nan)]);
        assert_eq!(check(&map).expect_err("NaN").column.as_deref(), Some("b"));
        assert_eq!(check(&nan).expect_err("NaN").column, None);
    }
}
