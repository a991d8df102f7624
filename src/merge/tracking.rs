//! Parameters of links that name the reader's way to a page, and not the page.
//!
//! Written anew from what their makers document (Google's and Matomo's campaign parameters, AT
//! Internet's, Meta's and Microsoft's click ids, …) and from what feeds carry. The field's larger
//! lists, for whoever looks for more: ClearURLs (<https://docs.clearurls.xyz>) and AdGuard's URL
//! tracking filter (<https://github.com/AdguardTeam/AdguardFilters>). A name is here only if no page
//! is known to need it; one that also names branches, chapters or sellers (`ref`, `source`, `cid`)
//! counts on the hosts alone where it does not.

use std::borrow::Cow;

use memchr::{memchr, memmem, memrchr};

/// Whole families, by how their names begin.
const FAMILIES: &[&str] = &[
    "utm_",        // Google Analytics, and whoever copied it
    "mtm_",        // Matomo
    "matomo_",     // Matomo
    "pk_",         // Piwik
    "piwik_",      // Piwik
    "hsa_",        // HubSpot, ads
    "_hs",         // HubSpot, mail
    "at_campaign", // AT Internet (BBC, France Télévisions, Radio France)
    "at_custom",
    "at_link_",
    "at_ptr_",
    "oly_",   // Omeda
    "vero_",  // Vero
    "wt.mc_", // Webtrends
    "stm_",   // SalesForce
];

/// Single names.
const NAMES: &[&str] = &[
    "at_bbc_team",
    "at_format",
    "at_medium",
    "cmpid",
    "dclid",
    "fb_action_ids",
    "fb_action_types",
    "fbclid",
    "ftag",
    "gad_campaignid",
    "gad_source",
    "gbraid",
    "gclid",
    "gclsrc",
    "guccounter",
    "guce_referrer",
    "guce_referrer_sig",
    "igsh",
    "igshid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "ml_subscriber",
    "ml_subscriber_hash",
    "msclkid",
    "ncid",
    "ns_campaign",
    "ns_linkname",
    "ns_mchannel",
    "ns_source",
    "rb_clickid",
    "ref_src",
    "ref_url",
    "s_cid",
    "srsltid",
    "traffic_source",
    "ttclid",
    "twclid",
    "wbraid",
    "wickedid",
    "wtrid",
    "xtor",
    "yclid",
    "ysclid",
];

/// Names that mean other things elsewhere: a host and all below it, and what tracks there.
const THERE: &[(&str, &[&str])] = &[
    ("bbc.co.uk", &["ocid", "ns_fee"]),
    ("bbc.com", &["ocid", "ns_fee"]),
    ("bloomberg.com", &["srnd", "cmpid", "sref"]),
    ("cnbc.com", &["__source"]),
    ("cnet.com", &["ftag", "part"]),
    ("dailymail.co.uk", &["ito", "ns_campaign"]),
    ("dw.com", &["maca"]),
    ("engadget.com", &["src"]),
    ("medium.com", &["source"]),
    ("msn.com", &["ocid", "cvid"]),
    ("npr.org", &["ft", "f"]),
    ("nytimes.com", &["partner", "emc", "smid", "smtyp", "src", "campaign_id"]),
    ("reddit.com", &["ref", "ref_source", "share_id"]),
    ("reuters.com", &["feedType", "feedName", "rpc"]),
    ("spiegel.de", &["sara_ref", "ref"]),
    ("substack.com", &["r", "isFreemail", "triedRedirect"]),
    ("techcrunch.com", &["ncid", "sr_share"]),
    ("theguardian.com", &["CMP"]),
    ("thehindu.com", &["ref"]),
    ("twitter.com", &["s", "t"]),
    ("washingtonpost.com", &["wprss", "wpsrc", "wpisrc", "itid", "hpid"]),
    ("wired.com", &["mbid"]),
    ("wsj.com", &["mod"]),
    ("x.com", &["s", "t"]),
    ("youtube.com", &["feature", "si", "pp"]),
    ("youtu.be", &["feature", "si"]),
    ("zdnet.com", &["ftag"]),
    ("zeit.de", &["wt_zmc"]),
];

/// A link with one of these is signed: without a part of it, it may not work.
const SIGNATURES: &[&str] = &["sig", "signature", "hmac", "x-amz-signature", "x-goog-signature"];

/// The link without tracking parameters; everything else stays, byte for byte and in its order. A
/// fragment goes only if there is nothing else in it (`#xtor=RSS-1`).
pub fn without_tracking(link: &str) -> Cow<'_, str> {
    let (rest, fragment) = match link.split_once('#') {
        Some((rest, fragment)) => (rest, Some(fragment)),
        None => (link, None),
    };
    let (page, query) = match rest.split_once('?') {
        Some((page, query)) => (page, Some(query)),
        None => (rest, None),
    };
    let host = host_of(page);
    let tracked = |pair: &str| tracks(host, name_of(pair));
    let fragment_goes =
        fragment.is_some_and(|text| text.contains('=') && text.split('&').all(tracked));
    let goes = query.is_some_and(|query| query.split('&').any(tracked) && !is_signed(query));
    if !goes && !fragment_goes {
        return Cow::Borrowed(link);
    }
    let mut clean = String::with_capacity(link.len());
    clean.push_str(page);
    let mut mark = '?';
    for pair in query.into_iter().flat_map(|query| query.split('&')) {
        if !goes || !tracked(pair) {
            clean.push(mark);
            clean.push_str(pair);
            mark = '&';
        }
    }
    if let Some(fragment) = fragment.filter(|_| !fragment_goes) {
        clean.push('#');
        clean.push_str(fragment);
    }
    Cow::Owned(clean)
}

/// Whether a parameter of this name tracks on this host.
pub(super) fn tracks(host: &str, name: &str) -> bool {
    // `&amp;` that was escaped twice.
    let name = name.strip_prefix("amp;").unwrap_or(name);
    let begins = |family: &&str| {
        name.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family))
    };
    NAMES.contains(&name)
        || FAMILIES.iter().any(begins)
        || THERE.iter().any(|(place, names)| names.contains(&name) && is_below(host, place))
}

fn name_of(pair: &str) -> &str {
    pair.split('=').next().unwrap_or(pair)
}

fn is_signed(query: &str) -> bool {
    let signs = |name: &str| SIGNATURES.iter().any(|known| name.eq_ignore_ascii_case(known));
    query.split('&').any(|pair| signs(name_of(pair)))
}

/// The host of a link as it is written, without user and port.
pub(super) fn host_of(link: &str) -> &str {
    let rest = memmem::find(link.as_bytes(), b"://").map_or(link, |at| &link[at + 3..]);
    let end = rest.bytes().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    let authority = &rest[..end.unwrap_or(rest.len())];
    let host = memrchr(b'@', authority.as_bytes()).map_or(authority, |at| &authority[at + 1..]);
    memchr(b':', host.as_bytes()).map_or(host, |at| &host[..at])
}

fn is_below(host: &str, place: &str) -> bool {
    host.strip_suffix(place).is_some_and(|sub| sub.is_empty() || sub.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::without_tracking;

    #[test]
    fn what_tracks_goes_and_the_rest_stays_as_it_was() {
        for (link, clean) in [
            ("https://a.test/x?utm_source=rss&utm_medium=feed", "https://a.test/x"),
            ("https://a.test/x?b=1&utm_source=rss&a=2", "https://a.test/x?b=1&a=2"),
            ("https://a.test/?q=a+b%20c%2f&fbclid=1&&x#top", "https://a.test/?q=a+b%20c%2f&&x#top"),
            ("https://a.test/x?UTM_Source=1", "https://a.test/x"),
            ("https://a.test/x?a=1&amp;utm_source=rss", "https://a.test/x?a=1"),
            ("https://a.test/x#xtor=RSS-1", "https://a.test/x"),
            ("https://a.test/x?id=1#utm_source=a&utm_medium=b", "https://a.test/x?id=1"),
            (
                "https://www.bbc.co.uk/n/1?at_medium=RSS&at_campaign=rss",
                "https://www.bbc.co.uk/n/1",
            ),
            ("https://www.theguardian.com/a?CMP=x", "https://www.theguardian.com/a"),
            ("https://youtu.be/abc?si=x&t=30", "https://youtu.be/abc?t=30"),
        ] {
            assert_eq!(without_tracking(link), clean);
        }
    }

    #[test]
    fn what_may_name_the_page_stays() {
        for link in [
            "https://github.test/a/b?ref=main",
            "https://a.test/?source=x&cid=4&campaign=5&s=1",
            "https://a.test/x?a=1&utm=2&mutm_source=3",
            "https://a.test/x#utm_source",
            "https://a.test/x#section&utm_source=a",
            "https://a.test/utm_source=1",
            "https://a.test/x?CMP=1&si=2&t=3",
            "https://notyoutube.com/?si=1",
            "https://youtube.com.a.test/?si=1",
            "https://a.test/file?utm_source=x&Expires=1&Signature=abc",
            "https://a.test/x?",
            "https://a.test",
            "mailto:a@b.test",
            "",
        ] {
            assert_eq!(without_tracking(link), link);
        }
    }
}
