Kind {
    name: "tidings",
    text: "Tidings: the latest on a topic.",
    keys: &[TIDINGS],
    also: &["news-of-tidings"],
    least: Some("key = { env = \"KEY\" }\ntopic = \"rivers\""),
    read: read_tidings,
}
