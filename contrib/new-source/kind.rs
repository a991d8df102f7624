fn read_tidings(keys: &Keys<'_>, _limit: Option<usize>) -> Built {
    let key = keys.require_secret("key");
    let topic = keys.require("topic", values::word);
    let base_url = base_url(keys, tidings::BASE_URL);
    // Not before all of them are read: whoever runs `newsagg check` wants all mistakes at once.
    let (base_url, key, topic) = (base_url?, key?, topic?);
    Some(Arc::new(Tidings { base_url, key, topic }))
}
