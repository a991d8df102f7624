//! Which vocabulary an element belongs to: by the URI that its prefix was declared with, or by
//! the usual meaning of the prefix where the URI is unknown or was never declared.

/// The vocabularies that feeds are made of.
// As wide as the rest of a tag: handed on byte by byte it makes the processor wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Ns {
    /// RSS in all its versions, and whatever has no namespace or an unknown default.
    Core,
    /// Atom 1.0 and 0.3.
    Atom,
    /// Dublin Core 1.0 and 1.1.
    Dc,
    /// Dublin Core terms.
    DcTerms,
    /// RSS 1.0's content module.
    Content,
    /// Media RSS.
    Media,
    /// iTunes and Google Play podcasts.
    Itunes,
    /// Podcasting 2.0.
    Podcast,
    /// RSS 1.0's slash module.
    Slash,
    /// RSS 1.0's syndication module.
    Syndication,
    /// Atom threading (RFC 4685).
    Thread,
    /// RDF itself.
    Rdf,
    /// XHTML.
    Xhtml,
    /// Anything else.
    Other,
}

/// URIs without scheme, `www.`, trailing `/` and `#`, in lower case.
/// The spellings are those that feeds carry, wrong ones included.
const URIS: [(&str, Ns); 36] = [
    ("w3.org/2005/atom", Ns::Atom),
    ("purl.org/atom/ns", Ns::Atom),
    ("purl.org/atom/ns-of-atom", Ns::Atom),
    ("purl.org/net/rss1.1", Ns::Core),
    ("purl.org/rss/1.0", Ns::Core),
    ("my.netscape.com/rdf/simple/0.9", Ns::Core),
    ("my.netscape.com/publish/formats/rss-0.91.dtd", Ns::Core),
    ("channel.netscape.com/rdf/simple/0.9", Ns::Core),
    ("backend.userland.com/rss", Ns::Core),
    ("backend.userland.com/rss2", Ns::Core),
    ("backend.userland.com/rss191", Ns::Core),
    ("blogs.law.harvard.edu/tech/rss", Ns::Core),
    ("cyber.law.harvard.edu/rss/rss.html", Ns::Core),
    ("example.com/newformat", Ns::Core),
    ("example.com/necho", Ns::Core),
    ("purl.org/echo", Ns::Core),
    ("uri/of/echo/namespace", Ns::Core),
    ("purl.org/pie", Ns::Core),
    ("purl.org/dc/elements/1.1", Ns::Dc),
    ("purl.org/dc/elements/1.0", Ns::Dc),
    ("purl.org/dc/terms", Ns::DcTerms),
    ("purl.org/rss/1.0/modules/dcterms", Ns::DcTerms),
    ("purl.org/rss/1.0/modules/content", Ns::Content),
    ("search.yahoo.com/mrss", Ns::Media),
    ("search.yahoo.com/rss", Ns::Media),
    ("video.search.yahoo.com/mrss", Ns::Media),
    ("itunes.com/dtds/podcast-1.0.dtd", Ns::Itunes),
    ("itunes.com/dtds/podcast-1.0", Ns::Itunes),
    ("google.com/schemas/play-podcasts/1.0", Ns::Itunes),
    ("podcastindex.org/namespace/1.0", Ns::Podcast),
    ("github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", Ns::Podcast),
    ("purl.org/rss/1.0/modules/slash", Ns::Slash),
    ("purl.org/rss/1.0/modules/syndication", Ns::Syndication),
    ("purl.org/syndication/thread/1.0", Ns::Thread),
    ("w3.org/1999/02/22-rdf-syntax-ns", Ns::Rdf),
    ("w3.org/1999/xhtml", Ns::Xhtml),
];

/// The namespace that `prefix` (empty: the default) was declared with.
pub(super) fn of(prefix: &str, uri: &str) -> Ns {
    let uri = uri.trim().to_ascii_lowercase();
    let rest = uri.split_once("://").map_or(uri.as_str(), |(_, rest)| rest);
    let rest = rest.strip_prefix("www.").unwrap_or(rest).trim_end_matches(['/', '#']);
    match URIS.iter().find(|(known, _)| *known == rest) {
        Some((_, ns)) => *ns,
        None => usual(prefix),
    }
}

/// The namespace of a prefix, here.
pub(super) fn resolve(prefix: &str, declared: &[(&str, Ns)]) -> Ns {
    // The empty prefix is not compared: where no bytes are, the comparison of bytes that the
    // processor does at once takes it a hundred times as long.
    let same = |known: &str| known.len() == prefix.len() && (known.is_empty() || known == prefix);
    match declared.iter().rev().find(|(known, _)| same(known)) {
        Some((_, ns)) => *ns,
        None => usual(prefix),
    }
}

/// What a prefix means that was never declared.
fn usual(prefix: &str) -> Ns {
    // Bytes are told apart one by one: no comparison of what is empty here, either.
    match prefix.as_bytes() {
        b"" | b"rss" => Ns::Core,
        b"atom" | b"atom03" | b"atom10" | b"a10" => Ns::Atom,
        b"dc" => Ns::Dc,
        b"dcterms" | b"dct" => Ns::DcTerms,
        b"content" => Ns::Content,
        b"media" => Ns::Media,
        b"itunes" | b"googleplay" => Ns::Itunes,
        b"podcast" => Ns::Podcast,
        b"slash" => Ns::Slash,
        b"sy" | b"syn" => Ns::Syndication,
        b"thr" => Ns::Thread,
        b"rdf" | b"RDF" => Ns::Rdf,
        b"xhtml" | b"html" => Ns::Xhtml,
        _ => Ns::Other,
    }
}
