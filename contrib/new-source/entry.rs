Kind {
    name: "tidings",
    keys: &["key", "topic", "base_url"],
    also: &["news-of-tidings"],
    read: read_tidings,
}
