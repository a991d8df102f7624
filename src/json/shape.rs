//! One visitor for values of any shape.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// What becomes of a JSON value, by its shape. A shape without a method of its own is read over and
/// becomes the default.
pub(super) trait Shape<'de>: Sized {
    /// What a value becomes.
    type Value: Default;

    fn text(self, _: &str) -> Self::Value {
        Self::Value::default()
    }
    fn integer(self, _: i128) -> Self::Value {
        Self::Value::default()
    }
    fn float(self, _: f64) -> Self::Value {
        Self::Value::default()
    }
    fn boolean(self, _: bool) -> Self::Value {
        Self::Value::default()
    }
    fn null(self) -> Self::Value {
        Self::Value::default()
    }
    fn array<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        while array.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }
    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::Value::default())
    }
}

/// The visitor of a [`Shape`].
pub(super) struct Visit<S>(pub(super) S);

impl<'de, S: Shape<'de>> DeserializeSeed<'de> for Visit<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<S::Value, D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de, S: Shape<'de>> Visitor<'de> for Visit<S> {
    type Value = S::Value;

    fn visit_str<E>(self, text: &str) -> Result<S::Value, E> {
        Ok(self.0.text(text))
    }
    fn visit_i64<E>(self, integer: i64) -> Result<S::Value, E> {
        Ok(self.0.integer(integer.into()))
    }
    fn visit_u64<E>(self, integer: u64) -> Result<S::Value, E> {
        Ok(self.0.integer(integer.into()))
    }
    fn visit_f64<E>(self, float: f64) -> Result<S::Value, E> {
        Ok(self.0.float(float))
    }
    fn visit_bool<E>(self, boolean: bool) -> Result<S::Value, E> {
        Ok(self.0.boolean(boolean))
    }
    fn visit_unit<E>(self) -> Result<S::Value, E> {
        Ok(self.0.null())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, array: A) -> Result<S::Value, A::Error> {
        self.0.array(array)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<S::Value, A::Error> {
        self.0.object(object)
    }
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }
}
