//! A forgiving reader over quick-xml.
