//! Media RSS, written: what Atom and RSS themselves have no place for.
//! <https://www.rssboard.org/media-rss>

use std::io;

use crate::format::markup::Markup;
use crate::item::{Attachment, Extra};

/// The item's picture, if it has one.
pub(super) fn thumbnail(xml: &mut Markup<'_>, extra: &Extra) -> io::Result<()> {
    match extra.image.as_deref() {
        None => Ok(()),
        url => xml.empty("media:thumbnail", &[("url", url)]),
    }
}

/// An attachment with all that is known of it.
pub(super) fn content(xml: &mut Markup<'_>, attachment: &Attachment) -> io::Result<()> {
    let [size, duration] = [attachment.size, attachment.duration]
        .map(|number| number.map(|number| number.to_string()));
    xml.empty(
        "media:content",
        &[
            ("url", Some(&attachment.url)),
            ("type", Some(&attachment.mime_type)),
            ("fileSize", size.as_deref()),
            ("duration", duration.as_deref()),
        ],
    )
}
