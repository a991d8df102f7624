//! Objects whose keys may come twice.
//!
//! RFC 8259 §4 leaves open what a name means that is not unique, and serde's derived structs
//! refuse it: here the first counts, so that a slip costs nothing.

use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::shape::{Shape, Visit};

/// Reads a struct from an object.
pub(super) fn object_of<'de, T: Deserialize<'de>, A: MapAccess<'de>>(
    object: A,
) -> Result<T, A::Error> {
    T::deserialize(Entries(object))
}

/// An object as serde's derived structs are read from it.
struct Entries<A>(A);

impl<'de, A: MapAccess<'de>> Deserializer<'de> for Entries<A> {
    type Error = A::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, A::Error> {
        MapAccessDeserializer::new(self.0).deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        names: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        debug_assert!(names.len() <= 64, "a struct with more fields than `seen` has bits");
        visitor.visit_map(FirstOfEach { object: self.0, names, seen: 0 })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

/// The entries that a struct has fields for, each once.
struct FirstOfEach<A> {
    object: A,
    names: &'static [&'static str],
    /// A bit for each name.
    seen: u64,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for FirstOfEach<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        while let Some(field) = self.object.next_key_seed(Visit(Field(self.names)))? {
            let fresh = field.filter(|field| self.seen & (1 << field) == 0);
            if let Some(field) = fresh {
                self.seen |= 1 << field;
                return seed.deserialize(StrDeserializer::new(self.names[field])).map(Some);
            }
            self.object.next_value::<IgnoredAny>()?;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.object.next_value_seed(seed)
    }
}

/// The place of a key among these names.
struct Field(&'static [&'static str]);

impl<'de> Shape<'de> for Field {
    type Value = Option<usize>;

    fn text(self, key: &str) -> Option<usize> {
        self.0.iter().position(|name| *name == key)
    }
}
