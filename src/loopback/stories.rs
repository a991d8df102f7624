//! Made-up news. No such town, ferry, person or publisher exists.

/// One story of a publisher.
#[derive(Debug)]
pub(super) struct Tale {
    pub section: &'static str,
    pub title: &'static str,
    pub summary: &'static str,
    pub author: &'static str,
}

/// One publisher with a feed.
#[derive(Debug)]
pub(super) struct Publisher {
    pub name: &'static str,
    /// Where its feed is, beneath `/feeds/`.
    pub feed: &'static str,
    pub host: &'static str,
    pub tales: &'static [Tale],
}

const fn tale(
    section: &'static str,
    title: &'static str,
    summary: &'static str,
    author: &'static str,
) -> Tale {
    Tale { section, title, summary, author }
}

/// Those with feeds of their own.
pub(super) const PUBLISHERS: [Publisher; 6] = [
    Publisher {
        name: "Harbour Gazette",
        feed: "harbour.rss",
        host: "harbour-gazette.example",
        tales: &[
            tale(
                "Local",
                "Night ferry to Saint Orla returns after eleven years",
                "The first crossing sold out in an hour; the bakery on the pier will open at four.",
                "Ilse Varrow",
            ),
            tale(
                "Local",
                "Old customs house becomes a library of things",
                "Ladders, tents and a telescope can be borrowed with an ordinary library card.",
                "Tomas Quillfeather",
            ),
            tale(
                "Business",
                "Oyster growers bet on quieter boats",
                "Electric workboats cut the noise in the bay by half, a season's measurements show.",
                "Mirela Oakhanger",
            ),
            tale(
                "Weather",
                "Fog keeps the morning boats in harbour",
                "Services resume at noon; the lighthouse keeper asks for patience & warm socks.",
                "Ilse Varrow",
            ),
            tale(
                "Sport",
                "Rowers cross the sound in record time",
                "Five friends and a borrowed gig beat a mark that had stood since 1974.",
                "Pem Ashdowne",
            ),
            tale(
                "Local",
                "Harbour market goes plastic-free from spring",
                "Stallholders tested forty kinds of paper before settling on seaweed wrap.",
                "Tomas Quillfeather",
            ),
            tale(
                "Culture",
                "A concert for foghorns, performed once",
                "Nine ships, one conductor on a crane: the score asks for «patience, then brass».",
                "Oriel Tansy",
            ),
            tale(
                "Business",
                "Dry dock hires its first class of apprentices in a decade",
                "Twelve places drew four hundred letters.",
                "Mirela Oakhanger",
            ),
        ],
    },
    Publisher {
        name: "Lantern Science",
        feed: "lantern.atom",
        host: "lantern-science.example",
        tales: &[
            tale(
                "Science",
                "Lichen that keeps time: colonies found to grow in yearly steps",
                "A quarry wall gave researchers 300 years of climate data <em>in millimetres</em>.",
                "Dr. Wenna Solberg-Itoh",
            ),
            tale(
                "Science",
                "Deep lake bacteria eat rust, and leave magnets",
                "The grains are so regular that instrument makers are asking for samples.",
                "Caspian Orde",
            ),
            tale(
                "Space",
                "Small telescope, large find: a comet with two tails of sodium",
                "It was seen first from a school roof.",
                "Juno Petrosky-Vale",
            ),
            tale(
                "Science",
                "Why bees take the long way home",
                "Tags lighter than a grain of rice show detours around new buildings — and back to old ones.",
                "Caspian Orde",
            ),
            tale(
                "Health",
                "Naps of nineteen minutes: a trial with 4,000 shift workers",
                "Longer was not better. The effect held for a year.",
                "Dr. Wenna Solberg-Itoh",
            ),
            tale(
                "Space",
                "Students hear their own satellite for the first time",
                "The first message was a recipe for soup.",
                "Juno Petrosky-Vale",
            ),
            tale(
                "Climate",
                "Peat bog restored in twelve years, not fifty",
                "Blocking 900 ditches did most of the work; moss did the rest.",
                "Fenn Arkwright-Mbeki",
            ),
            tale(
                "Science",
                "A new blue, from a mushroom",
                "The pigment does not fade in sunlight & needs no cobalt.",
                "Caspian Orde",
            ),
        ],
    },
    Publisher {
        name: "Copperfield Engineering Notes",
        feed: "copperfield.json",
        host: "copperfield-notes.example",
        tales: &[
            tale(
                "Engineering",
                "We cut our build from 40 minutes to 90 seconds, and then deleted half of it",
                "What we measured, what we threw away, and what we would measure first next time.",
                "Nadeem Holloway-Strand",
            ),
            tale(
                "Engineering",
                "A queue is a promise: lessons from two years of back pressure",
                "Every unbounded buffer we ever shipped came back as an incident.",
                "Lioba Marchetti-Fox",
            ),
            tale(
                "Databases",
                "The index we forgot, and the 300 ms it cost everyone",
                "A story in four query plans.",
                "Lioba Marchetti-Fox",
            ),
            tale(
                "Engineering",
                "Parsing dates: 61 formats, one afternoon, no regrets",
                "Including the one with the comma.",
                "Nadeem Holloway-Strand",
            ),
            tale(
                "Networks",
                "Happy eyeballs in 200 lines",
                "How to try two addresses without waiting for the slow one.",
                "Ruprecht Ohana",
            ),
            tale(
                "Engineering",
                "Why our smallest service has no configuration file",
                "It has six, and that is the story.",
                "Nadeem Holloway-Strand",
            ),
            tale(
                "Security",
                "Post-mortem: the certificate that expired on a leap day",
                "Nobody was paged, because the pager had the same certificate.",
                "Ruprecht Ohana",
            ),
            tale(
                "Engineering",
                "Show your timeouts: a table for the wall",
                "One deadline per request, from name look-up to last byte.",
                "Lioba Marchetti-Fox",
            ),
        ],
    },
    Publisher {
        name: "Tidewater Weather Desk",
        feed: "tidewater.rss",
        host: "tidewater-weather.example",
        tales: &[
            tale(
                "Weather",
                "Calm week ahead, with frost in the valleys",
                "High pressure settles in; mornings to -4 °C, afternoons clear.",
                "The forecast desk",
            ),
            tale(
                "Weather",
                "Spring tides: promenade closed Thursday night",
                "The peak is expected at 21:40; parking on the quay is not advised.",
                "The forecast desk",
            ),
            tale(
                "Climate",
                "October was the mildest since the station opened in 1891",
                "Rainfall was ordinary, says the observer, who has emptied the gauge for 31 years.",
                "Godwin Lasseter-Ng",
            ),
            tale(
                "Weather",
                "Northern lights possible as far south as the Marl hills",
                "Best chances after midnight, away from town.",
                "Godwin Lasseter-Ng",
            ),
            tale(
                "Weather",
                "First snow on Mount Ansgar, six days early",
                "Webcams show ten centimetres at the hut.",
                "The forecast desk",
            ),
            tale(
                "Weather",
                "Pollen season ends",
                "The desk thanks its 212 volunteer counters.",
                "The forecast desk",
            ),
            tale(
                "Climate",
                "Mapping shade: which streets stay cool",
                "Schoolchildren with thermometers drew the map the council had wanted for years.",
                "Godwin Lasseter-Ng",
            ),
        ],
    },
    Publisher {
        name: "Kettle & Loom",
        feed: "kettle-and-loom.atom",
        host: "kettle-and-loom.example",
        tales: &[
            tale(
                "Books",
                "The novel that was written in the margins of timetables",
                "Found in a station drawer, published after sixty years.",
                "Isaura Penhallow",
            ),
            tale(
                "Food",
                "In praise of the burnt edge",
                "Six bakers on crust, and why the corner piece goes first.",
                "Bram Octavian-Lee",
            ),
            tale(
                "Film",
                "A silent film about a very loud town wins at Vellmar",
                "The jury applauded by waving.",
                "Isaura Penhallow",
            ),
            tale(
                "Craft",
                "How to mend a jumper so that it shows",
                "Visible darning: thread, patience, & a wooden mushroom.",
                "Saoirse Duskwater",
            ),
            tale(
                "Music",
                "The last organ tuner of the Eastern line",
                "Forty churches, one tuning fork, no car.",
                "Bram Octavian-Lee",
            ),
            tale("Food", "Leek soup, three ways", "Two of them are the same.", "Saoirse Duskwater"),
            tale(
                "Books",
                "A dictionary for words that only one family uses",
                "Readers sent 11,000 entries.",
                "Isaura Penhallow",
            ),
        ],
    },
    Publisher {
        name: "Upland Ledger",
        feed: "upland.rss",
        host: "upland-ledger.example",
        tales: &[
            tale(
                "Business",
                "Village-owned bakery pays its first dividend, partly in rye",
                "Shareholders could choose: 40 crowns or 40 loaves.",
                "Hedda Crowhurst",
            ),
            tale(
                "Energy",
                "Three hill farms, one battery: the valley keeps its lights on",
                "The shared store carried 212 houses through an eleven-hour outage.",
                "Anselm Ferrywood",
            ),
            tale(
                "Rail",
                "Branch line to reopen with second-hand trams",
                "The first trial run needed one push.",
                "Hedda Crowhurst",
            ),
            tale(
                "Business",
                "Wool prices rise for the first time in nine years",
                "Insulation, not jumpers, drives demand.",
                "Anselm Ferrywood",
            ),
            tale(
                "Energy",
                "Heat pumps in stone houses: what 60 owners wish they had known",
                "Start with the windows, say 51 of them.",
                "Hedda Crowhurst",
            ),
            tale(
                "Local",
                "Library bus gains a second Tuesday",
                "And a shelf for board games.",
                "Anselm Ferrywood",
            ),
            tale(
                "Business",
                "The co-op that repairs everything but printers",
                "«We tried», says the founder.",
                "Hedda Crowhurst",
            ),
        ],
    },
];

/// What the web's Guardian publishes.
pub(super) const LOOKOUT: Publisher = Publisher {
    name: "The Lookout",
    feed: "",
    host: "the-lookout.example",
    tales: &[
        tale(
            "Technology",
            "Small computers, long lives: the town that repairs its own routers",
            "A workshop of retired teachers has kept <strong>1,200 devices</strong> out of the bin.",
            "Elowen Strake",
        ),
        tale(
            "World news",
            "Delegates agree on a common time for the polar stations",
            "Breakfast will be at seven, everywhere.",
            "Marius Hallgrim-Adeyemi",
        ),
        tale(
            "Technology",
            "Open maps reach the last unmapped valley",
            "Volunteers walked for nine days, and renamed two bridges.",
            "Elowen Strake",
        ),
        tale(
            "Environment",
            "Beavers return to the Ostra, and the flood gauge notices",
            "Peaks are a third lower downstream.",
            "Philippa Nightingrove",
        ),
        tale(
            "Sport",
            "County chess – live: the final round at Little Wenham",
            "Rolling updates from board one, where nobody has moved for an hour.",
            "Dov Castellane",
        ),
        tale(
            "Culture",
            "The museum of unfinished things opens, almost",
            "The west wing follows.",
            "Philippa Nightingrove",
        ),
        tale(
            "Technology",
            "A keyboard for one hand, designed by its users",
            "The third prototype was knitted.",
            "Elowen Strake",
        ),
        tale(
            "Environment",
            "Seagrass meadows mapped by ferry passengers",
            "An app, a camera below the hull, 40,000 pictures.",
            "Marius Hallgrim-Adeyemi",
        ),
    ],
};

/// What is discussed on the web's Hacker News without a link: title and text.
pub(super) const DISCUSSIONS: [(&str, &str); 5] = [
    (
        "Ask HN: What is your smallest useful program?",
        "Mine is 11 lines, and it tells me when to water the ferns.<p>What is yours?",
    ),
    (
        "Ask HN: How do you test time?",
        "Leap days, DST, clocks that jump. We use <i>simulated</i> clocks, but wonder what others do.",
    ),
    ("Tell HN: I printed all my bookmarks", "It took 61 pages &amp; I have read four of them."),
    (
        "Ask HN: Best way to measure memory of a short process?",
        "We tried <code>time -v</code> and got three answers.",
    ),
    ("Poll: Tabs, spaces, or whatever the formatter does?", ""),
];
