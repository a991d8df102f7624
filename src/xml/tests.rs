use std::borrow::Cow;

use super::*;

/// Start tags as `<name`, ends as `>`, text as it stands.
fn shape(text: &str) -> String {
    let mut xml = Xml::new(text, None);
    let mut out = String::new();
    loop {
        match xml.next().expect("not deep") {
            Token::Start(tag) => out += &format!("<{}", tag.name),
            Token::End => out += ">",
            Token::Text(text) => out += text,
            Token::CData(text) => out += &format!("[{text}]"),
            Token::Eof => return out,
        }
    }
}

fn html(text: &str) -> String {
    let mut xml = Xml::new(text, None);
    xml.next().expect("not deep");
    xml.body().expect("not deep").html().into_owned()
}

#[test]
fn well_formed_documents_come_token_by_token() {
    let text = "\u{feff}<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b '>'>]><!-- > --><a b='>'>x<b/><![CDATA[<y>]]></a>";
    assert_eq!(shape(text), "\u{feff}<ax<b>[<y>]>");
}

#[test]
fn a_section_of_characters_ends_with_two_brackets_and_an_angle() {
    assert_eq!(
        shape("<a><![CDATA[]]>b<![CDATA[c]]]>d<![CDATA[e]]f]>]]></a>"),
        "<a[]b[c]]d[e]]f]>]>"
    );
    assert_eq!(shape("<a><![CDATA[b]]</a>"), "<a[b]]</a>]");
}

#[test]
fn a_lesser_than_sign_in_text_is_text() {
    assert_eq!(shape("<a>1 < 2 <3 <= <b c</a>"), "<a1 < 2 <3 <= <b c>");
}

#[test]
fn an_end_tag_closes_the_nearest_of_its_name() {
    let mut xml = Xml::new("<a><b><c></b><d></x></A>", None);
    let mut depths = Vec::new();
    while xml.next().expect("not deep") != Token::Eof {
        depths.push(xml.depth());
    }
    assert_eq!(depths, [1, 2, 3, 1, 2, 0]);
}

#[test]
fn children_end_with_their_parent() {
    let mut xml = Xml::new("<a><b><c/></b><d>x</a><e/>", None);
    let a = xml.descendant(0).expect("not deep").expect("a");
    assert_eq!(a.name, "a");
    let names: Vec<&str> =
        std::iter::from_fn(|| xml.child(1).expect("not deep")).map(|tag| tag.name).collect();
    assert_eq!(names, ["b", "d"]);
}

#[test]
fn bodies_are_decoded_one_level() {
    assert_eq!(
        html("<a>&lt;b&gt; &amp;amp; &#65;&#x42; &eacute; &nope &#146;</a>"),
        "<b> &amp; AB &eacute; &nope &#146;"
    );
    assert_eq!(html("<a> <![CDATA[<b>&amp;]]> </a>"), "<b>&amp;");
    assert_eq!(html("<a>x <b c='d'>y</b><br>z<!-- - --></a>"), "x <b c='d'>y</b><br>z");
    assert_eq!(html("<a/>x"), "");
    assert_eq!(html("<a>x"), "x");
}

#[test]
fn attributes_are_found_however_they_are_written() {
    let mut xml =
        Xml::new("<a b=\"1 &amp; 2\" C='x>y' d=z e b='again' rdf:about=\"f\" g = \"h\"/>", None);
    let tag = xml.descendant(0).expect("not deep").expect("a");
    let get = |name| tag.attribute(name).map(Cow::into_owned);
    assert_eq!(get("b").as_deref(), Some("1 & 2"));
    assert_eq!(get("c").as_deref(), Some("x>y"));
    assert_eq!(get("d").as_deref(), Some("z"));
    assert_eq!(get("about").as_deref(), Some("f"));
    assert_eq!(get("g").as_deref(), Some("h"));
    assert_eq!(get("none"), None);
    let [g, d, none] = tag.attributes(["g", "d", "none"]);
    assert_eq!((g.as_deref(), d.as_deref(), none), (Some("h"), Some("z"), None));
}

#[test]
fn attributes_are_found_in_damage() {
    for (tag, value) in [
        ("<a x='1'href='b'>", "b"),
        ("<a x=\"1\"\n/href\t=\n'b'/>", "b"),
        ("<a x y=1 href=b/c>", "b/c"),
        ("<a = ='' \" href='b'>", "b"),
        ("<a\u{e9}=\u{e9}\u{e9} \u{e9} href='b'>", "b"),
        ("<a xmlns:href='c' y:href='b'>", "b"),
        ("<a href='b' href='c' z:href='d'>", "b"),
        ("<a href='' href='c'>", ""),
        ("<a href='b>", "b"),
    ] {
        let mut xml = Xml::new(tag, None);
        let tag = xml.descendant(0).expect("not deep").expect(tag);
        assert_eq!(tag.attribute("href").as_deref(), Some(value), "{tag:?}");
    }
    let many = "a='' ".repeat(MAX_ATTRIBUTES - 1);
    for (more, found) in [("", true), ("b='' ", false)] {
        let text = format!("<a {many}{more}href='b'>");
        let tag = Xml::new(&text, None).descendant(0).expect("not deep").expect("a");
        assert_eq!(tag.attribute("href").is_some(), found, "{more}");
    }
}

#[test]
fn bodies_end_as_token_by_token() {
    let pieces = [
        "<a>",
        "</a>",
        "<b>",
        "</b>",
        "</b >",
        "<b/>",
        "x",
        " ",
        "<![CDATA[",
        "]]>",
        "y&amp;",
        "<!--z-->",
        "<",
        ">",
        "</",
    ];
    let mut plain = 0;
    for seed in 0..100_000_u64 {
        let mut luck = seed;
        let mut text = String::from("<a>");
        for _ in 0..seed % 9 {
            luck = luck.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            text.push_str(pieces[(luck >> 33) as usize % pieces.len()]);
        }
        let after = |slowly: bool| {
            let mut xml = Xml::new(&text, None);
            xml.next().expect("not deep");
            let body = if slowly {
                xml.in_body = true;
                let body = xml.body_of(1).expect("not deep");
                xml.in_body = false;
                body
            } else {
                xml.body().expect("not deep")
            };
            (
                body.html().into_owned(),
                body.text().into_owned(),
                body.is_blank(),
                xml.at,
                xml.depth(),
            )
        };
        assert_eq!(after(false), after(true), "{text}");
        let mut xml = Xml::new(&text, None);
        xml.next().expect("not deep");
        plain += usize::from(xml.plain_body().is_some());
    }
    assert!(plain > 1_000, "{plain}");
}

#[test]
fn namespaces_go_by_uri_then_by_usual_prefix_and_end_with_their_element() {
    let mut xml = Xml::new(
        "<x:a xmlns:x='http://www.w3.org/2005/Atom'><dc:b/><c xmlns='HTTP://purl.org/dc/elements/1.1/'/><d/><zz:e/></x:a>",
        None,
    );
    let mut found = Vec::new();
    while let Some(tag) = xml.descendant(0).expect("not deep") {
        found.push(tag.ns);
    }
    assert_eq!(found, [Ns::Atom, Ns::Dc, Ns::Dc, Ns::Core, Ns::Other]);
}

#[test]
fn bases_are_joined_and_end_with_their_element() {
    let mut xml = Xml::new("<a xml:base='http://h/x/'><b xml:base='y/'/><c/></a>", None);
    let mut found = Vec::new();
    while xml.descendant(0).expect("not deep").is_some() {
        found.push(xml.base().expect("declared").to_string());
    }
    assert_eq!(found, ["http://h/x/", "http://h/x/y/", "http://h/x/"]);
}

#[test]
fn a_quote_that_never_closes_ends_with_its_tag() {
    assert_eq!(shape("<a b=\"c><d>e</d></a>"), "<a<de>>");
}

#[test]
fn deep_nesting_is_refused() {
    let text = "<a>".repeat(MAX_DEPTH + 1);
    let mut xml = Xml::new(&text, None);
    assert_eq!(xml.descendant(0).map(|_| ()), Ok(()));
    let error = std::iter::from_fn(|| Some(xml.next())).find_map(Result::err);
    assert_eq!(error, Some(TooDeep));
}

#[test]
fn damage_of_every_kind_takes_linear_time() {
    for piece in [
        "<a",
        "<a b=\"",
        "<a b='<c d=\"",
        "<!DOCTYPE a [",
        "<!--",
        "<!--a>",
        "<?a>",
        "<?",
        "<![CDATA[",
        "</",
        "</a",
        "<!",
        "<a b=\">\" ",
        "&",
        "<b a='' <",
    ] {
        let text = piece.repeat(2_000_000 / piece.len());
        let mut xml = Xml::new(&text, None);
        let mut tokens = 0;
        // Anything quadratic would take minutes here.
        while !matches!(xml.next(), Ok(Token::Eof) | Err(TooDeep)) {
            tokens += 1;
        }
        assert!(tokens <= text.len());
    }
}
