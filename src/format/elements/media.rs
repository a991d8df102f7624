//! Sound, film and pictures: enclosures, Media RSS, podcasts.

use super::Draft;
use crate::format::content::Content;
use crate::http::Url;
use crate::item::{Attachment, Item, MAX_LIST};
use crate::text;
use crate::xml::{Ns, Tag, TooDeep, Xml};

/// A picture that tells no size is taken for one of 300 by 300 pixels: larger than most thumbnails.
pub(super) const UNTOLD_AREA: u64 = 300 * 300;

/// A media type where none is told.
const UNTOLD: &str = "application/octet-stream";

/// `90`, `1:30`, `0:01:30.5`, as podcasts have it; nothing for zero.
/// <https://help.apple.com/itc/podcasts_connect/#/itcb54353390>
pub(super) fn seconds(text: &str) -> Option<u64> {
    let whole = text.trim().split('.').next()?;
    let mut parts = whole.splitn(3, ':').map(|part| part.parse::<u64>().ok());
    let sum = parts.try_fold(0, |sum: u64, part| sum.checked_mul(60)?.checked_add(part?))?;
    (sum > 0).then_some(sum)
}

/// iTunes tells the duration of the episode: of what can be played and does not tell its own.
pub(super) fn played(item: &mut Item, duration: Option<u64>) {
    let (Some(duration), Some(extra)) = (duration, &mut item.extra) else { return };
    let playable = |file: &&mut Attachment| {
        ["audio/", "video/", UNTOLD].iter().any(|kind| file.mime_type.starts_with(kind))
    };
    if let Some(file) = extra.attachments.iter_mut().find(playable) {
        file.duration.get_or_insert(duration);
    }
}

/// How many pixels a picture has; one side alone stands for both.
fn area(tag: &Tag<'_>) -> u64 {
    let side = |side: Option<std::borrow::Cow<'_, str>>| {
        side.and_then(|side| side.trim().trim_end_matches("px").trim_end().parse::<u32>().ok())
    };
    let [width, height] = tag.attributes(["width", "height"]).map(side);
    match (width.or(height), height.or(width)) {
        (Some(width), Some(height)) => u64::from(width.max(1)) * u64::from(height.max(1)),
        _ => UNTOLD_AREA,
    }
}

impl<'a> Draft<'a> {
    /// An enclosure by its attributes: `href` is the name of the one with the URL.
    pub fn attachment(&mut self, tag: &Tag<'_>, href: &str, size: &str, base: Option<&Url>) {
        let [href, mime_type, medium, size, duration] =
            tag.attributes([href, "type", "medium", size, "duration"]);
        let Some(url) = href.and_then(|href| text::link(&href, base)) else { return };
        let medium = medium.unwrap_or_default();
        let mime_type = match (mime_type.unwrap_or_default().trim(), &*medium) {
            ("", "image" | "audio" | "video") => [&*medium, "/*"].concat().into(),
            ("", _) => UNTOLD.into(),
            (told, _) => text::from_plain(told, 127),
        };
        if mime_type.starts_with("image/") {
            self.picture(&url, area(tag), None);
        }
        // <https://www.rssboard.org/rss-profile#element-channel-item-enclosure>: 0 is unknown.
        let size = size.and_then(|size| size.trim().parse().ok()).filter(|size| *size > 0);
        let duration = duration.and_then(|duration| seconds(&duration));
        self.attach(Attachment { url, mime_type, size, duration });
    }

    /// What is told of one file in several places is put together.
    fn attach(&mut self, attachment: Attachment) {
        let attachments = &mut self.item.extra().attachments;
        if let Some(known) = attachments.iter_mut().find(|known| known.url == attachment.url) {
            known.size = known.size.or(attachment.size);
            known.duration = known.duration.or(attachment.duration);
            if &*known.mime_type == UNTOLD {
                known.mime_type = attachment.mime_type;
            }
        } else if attachments.len() < MAX_LIST {
            attachments.push(attachment);
        }
    }

    /// The same episode in another form, whose first address on the web counts: others are on IPFS
    /// or in swarms. Transcripts and chapters are for players, and no attachments.
    /// <https://podcasting2.org/docs/podcast-namespace/tags/alternate-enclosure>
    pub(super) fn alternate(&mut self, xml: &mut Xml<'a>, tag: &Tag<'a>) -> Result<(), TooDeep> {
        let [mime_type, size] = tag.attributes(["type", "length"]);
        let mut url = None;
        let depth = xml.depth();
        while let Some(tag) = xml.child(depth)? {
            if tag.name.eq_ignore_ascii_case("source") {
                let uri = tag.attribute("uri").unwrap_or_default();
                url = url.or_else(|| text::link(&uri, xml.base()));
            }
        }
        if let Some(url) = url {
            let mime_type = text::from_plain(mime_type.as_deref().unwrap_or(UNTOLD), 127);
            let size = size.and_then(|size| size.trim().parse().ok()).filter(|size| *size > 0);
            self.attach(Attachment { url, mime_type, size, duration: None });
        }
        Ok(())
    }

    /// Media RSS, whose elements may stand in groups and in each other.
    /// <https://www.rssboard.org/media-rss>
    pub(super) fn media(&mut self, xml: &mut Xml<'a>, first: Tag<'a>) -> Result<(), TooDeep> {
        let depth = xml.depth();
        let mut next = Some(first);
        while let Some(tag) = next {
            let mut buffer = [0; 24];
            match (tag.ns, tag.lower(&mut buffer)) {
                (Ns::Media, "content") => self.attachment(&tag, "url", "fileSize", xml.base()),
                (Ns::Media, "thumbnail") => {
                    if let Some(href) = tag.attribute("url") {
                        self.picture(&href, area(&tag), xml.base());
                    }
                }
                // A page that shows it: a link where there is no other.
                (Ns::Media, "player") => {
                    self.link(8, &tag.attribute("url").unwrap_or_default(), xml.base());
                }
                // How many voted, which is what YouTube counts as «likes». The average is on a scale
                // of its own, and those who looked or kept it did not vote.
                (Ns::Media, "starrating") => {
                    if let Some(Ok(votes)) = tag.attribute("count").map(|n| n.trim().parse()) {
                        self.item.extra().score = Some(votes);
                    }
                }
                (Ns::Media, "title") => self.title(5, Content::maybe_html(xml.body()?)),
                (Ns::Media, "description") => self.summary(7, Content::html(xml.body()?)),
                _ => {}
            }
            next = xml.descendant(depth)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_seconds_however_they_are_written() {
        for (told, found) in [
            ("90", Some(90)),
            (" 1:30 ", Some(90)),
            ("0:01:30.5", Some(90)),
            ("26:03:00", Some(93_780)),
            ("0", None),
            ("00:00:00", None),
            ("1:2:3:4", None),
            ("-5", None),
            ("1h", None),
            ("", None),
            ("99999999999999999999", None),
            ("999999999999999999:00:00", None),
        ] {
            assert_eq!(seconds(told), found, "{told}");
        }
    }
}
