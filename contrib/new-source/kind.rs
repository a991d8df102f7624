static TIDINGS: &[Key] = keys! {
    /// From https://tidings.example/keys .
    "key": SECRET, Required;
    /// What the tidings are about, such as `"rivers"`.
    "topic": STRING, Required;
    /// A mirror, a proxy, a test server.
    "base_url": URL, Text(tidings::BASE_URL);
};

fn read_tidings(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let key = keys.secret("key");
    let topic = keys.get("topic", values::word);
    let base_url = keys.value("base_url", values::url);
    // Not before all of them are read: `newsagg check` tells all mistakes at once.
    let (base_url, key, topic) = (base_url?, key?, topic?);
    Some(Arc::new(Tidings { base_url, key, topic }))
}
