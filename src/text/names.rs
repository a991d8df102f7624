//! Names of characters that quick-xml 0.41 has wrong: its table keeps two digits of these code
//! points (`&beta;` is `;` there).
//!
//! <https://html.spec.whatwg.org/multipage/named-characters.html>

/// Name, space, character, space, and so on: a list of strings would be four times as large.
const NAMES: &str = "\
    Abreve Ă Acy А Afr 𝔄 Alpha Α Amacr Ā Aogon Ą Aopf 𝔸 Ascr 𝒜 Bcy Б Beta Β Bfr 𝔅 Bopf 𝔹 \
    Breve ˘ CHcy Ч Cacute Ć Ccaron Č Ccirc Ĉ Cdot Ċ Chi Χ Cscr 𝒞 DJcy Ђ DScy Ѕ DZcy Џ \
    Dcaron Ď Dcy Д Delta Δ Dfr 𝔇 DiacriticalDot ˙ DiacriticalDoubleAcute ˝ \
    DiacriticalTilde ˜ Dopf 𝔻 DownBreve \u{311} Dscr 𝒟 Dstrok Đ ENG Ŋ Ecaron Ě Ecy Э Edot Ė \
    Efr 𝔈 Emacr Ē Eogon Ę Eopf 𝔼 Epsilon Ε Eta Η Fcy Ф Ffr 𝔉 Fopf 𝔽 GJcy Ѓ Gamma Γ Gammad Ϝ \
    Gbreve Ğ Gcedil Ģ Gcirc Ĝ Gcy Г Gdot Ġ Gfr 𝔊 Gopf 𝔾 Gscr 𝒢 HARDcy Ъ Hacek ˇ Hcirc Ĥ \
    Hstrok Ħ IEcy Е IJlig Ĳ IOcy Ё Icy И Idot İ Imacr Ī Iogon Į Iopf 𝕀 Iota Ι Itilde Ĩ \
    Iukcy І Jcirc Ĵ Jcy Й Jfr 𝔍 Jopf 𝕁 Jscr 𝒥 Jsercy Ј Jukcy Є KHcy Х KJcy Ќ Kappa Κ \
    Kcedil Ķ Kcy К Kfr 𝔎 Kopf 𝕂 Kscr 𝒦 LJcy Љ Lacute Ĺ Lambda Λ Lcaron Ľ Lcedil Ļ Lcy Л \
    Lfr 𝔏 Lmidot Ŀ Lopf 𝕃 Lstrok Ł Mcy М Mfr 𝔐 Mopf 𝕄 Mu Μ NJcy Њ Nacute Ń Ncaron Ň \
    Ncedil Ņ Ncy Н Nfr 𝔑 Nscr 𝒩 Nu Ν OElig Œ Ocy О Odblac Ő Ofr 𝔒 Omacr Ō Omega Ω Omicron Ο \
    Oopf 𝕆 Oscr 𝒪 OverBar ‾ Pcy П Pfr 𝔓 Phi Φ Pi Π Pscr 𝒫 Psi Ψ Qfr 𝔔 Qscr 𝒬 Racute Ŕ \
    Rcaron Ř Rcedil Ŗ Rcy Р Rho Ρ SHCHcy Щ SHcy Ш SOFTcy Ь Sacute Ś Scaron Š Scedil Ş \
    Scirc Ŝ Scy С Sfr 𝔖 Sigma Σ Sopf 𝕊 Sscr 𝒮 TSHcy Ћ TScy Ц Tau Τ Tcaron Ť Tcedil Ţ Tcy Т \
    Tfr 𝔗 Theta Θ Topf 𝕋 Tscr 𝒯 Tstrok Ŧ Ubrcy Ў Ubreve Ŭ Ucy У Udblac Ű Ufr 𝔘 Umacr Ū \
    UnderBar _ Uogon Ų Uopf 𝕌 Upsi ϒ Upsilon Υ Uring Ů Uscr 𝒰 Utilde Ũ Vcy В Vfr 𝔙 Vopf 𝕍 \
    Vscr 𝒱 Wcirc Ŵ Wfr 𝔚 Wopf 𝕎 Wscr 𝒲 Xfr 𝔛 Xi Ξ Xopf 𝕏 Xscr 𝒳 YAcy Я YIcy Ї YUcy Ю \
    Ycirc Ŷ Ycy Ы Yfr 𝔜 Yopf 𝕐 Yscr 𝒴 Yuml Ÿ ZHcy Ж Zacute Ź Zcaron Ž Zcy З Zdot Ż Zeta Ζ \
    Zscr 𝒵 abreve ă acy а afr 𝔞 alpha α amacr ā angst Å aogon ą aopf 𝕒 ascr 𝒶 backepsilon ϶ \
    bcy б bepsi ϶ beta β bfr 𝔟 bopf 𝕓 breve ˘ bscr 𝒷 cacute ć caron ˇ ccaron č ccirc ĉ \
    cdot ċ cfr 𝔠 chcy ч chi χ circ ˆ copf 𝕔 cscr 𝒸 dblac ˝ dcaron ď dcy д delta δ dfr 𝔡 \
    digamma ϝ djcy ђ dopf 𝕕 dot ˙ dscr 𝒹 dscy ѕ dstrok đ dzcy џ ecaron ě ecy э edot ė efr 𝔢 \
    emacr ē eng ŋ eogon ę eopf 𝕖 epsi ε epsilon ε epsiv ϵ eta η fcy ф ffr 𝔣 fnof ƒ fopf 𝕗 \
    fscr 𝒻 gacute ǵ gamma γ gammad ϝ gbreve ğ gcirc ĝ gcy г gdot ġ gfr 𝔤 gjcy ѓ gopf 𝕘 \
    hardcy ъ hcirc ĥ hfr 𝔥 hopf 𝕙 hscr 𝒽 hstrok ħ icy и iecy е ifr 𝔦 ijlig ĳ imacr ī \
    imath ı imped Ƶ inodot ı iocy ё iogon į iopf 𝕚 iota ι iscr 𝒾 itilde ĩ iukcy і jcirc ĵ \
    jcy й jfr 𝔧 jmath ȷ jopf 𝕛 jscr 𝒿 jsercy ј jukcy є kappa κ kappav ϰ kcedil ķ kcy к \
    kfr 𝔨 kgreen ĸ khcy х kjcy ќ kopf 𝕜 kscr 𝓀 lacute ĺ lambda λ lcaron ľ lcedil ļ lcy л \
    lfr 𝔩 ljcy љ lmidot ŀ lopf 𝕝 lscr 𝓁 lstrok ł mcy м mfr 𝔪 mopf 𝕞 mscr 𝓂 mu μ nacute ń \
    napos ŉ ncaron ň ncedil ņ ncy н nfr 𝔫 njcy њ nopf 𝕟 nscr 𝓃 nu ν ocy о odblac ő oelig œ \
    ofr 𝔬 ogon ˛ ohm Ω omacr ō omega ω omicron ο oopf 𝕠 pcy п pfr 𝔭 phi φ phiv ϕ pi π piv ϖ \
    popf 𝕡 pscr 𝓅 psi ψ qfr 𝔮 qopf 𝕢 qscr 𝓆 racute ŕ rcaron ř rcedil ŗ rcy р rfr 𝔯 rho ρ \
    rhov ϱ ring ˚ ropf 𝕣 rscr 𝓇 sacute ś scaron š scedil ş scirc ŝ scy с sfr 𝔰 shchcy щ \
    shcy ш sigma σ sigmaf ς sigmav ς softcy ь sopf 𝕤 sscr 𝓈 straightepsilon ϵ straightphi ϕ \
    tau τ tcaron ť tcedil ţ tcy т tfr 𝔱 theta θ thetasym ϑ thetav ϑ tilde ˜ topf 𝕥 tscr 𝓉 \
    tscy ц tshcy ћ tstrok ŧ ubrcy ў ubreve ŭ ucy у udblac ű ufr 𝔲 umacr ū uogon ų uopf 𝕦 \
    upsi υ upsih ϒ upsilon υ uring ů uscr 𝓊 utilde ũ varepsilon ϵ varkappa ϰ varphi ϕ \
    varpi ϖ varrho ϱ varsigma ς vartheta ϑ vcy в vfr 𝔳 vopf 𝕧 vscr 𝓋 wcirc ŵ wfr 𝔴 wopf 𝕨 \
    wscr 𝓌 xfr 𝔵 xi ξ xopf 𝕩 xscr 𝓍 yacy я ycirc ŷ ycy ы yfr 𝔶 yicy ї yopf 𝕪 yscr 𝓎 yucy ю \
    zacute ź zcaron ž zcy з zdot ż zeta ζ zfr 𝔷 zhcy ж zopf 𝕫 zscr 𝓏 ";

/// The character of a name, if it is one of these.
pub(super) fn corrected(name: &str) -> Option<&'static str> {
    let mut words = NAMES.split(' ');
    while let (Some(known), Some(character)) = (words.next(), words.next()) {
        if known == name {
            return Some(character);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole() {
        assert_eq!(NAMES.trim_end().split(' ').count() % 2, 0);
        for (name, character) in [("beta", "β"), ("Scaron", "Š"), ("fnof", "ƒ")] {
            assert_eq!(corrected(name).unwrap_or_default(), character, "{name}");
        }
    }

    #[test]
    fn every_character_is_one() {
        for character in NAMES.trim_end().split(' ').skip(1).step_by(2) {
            assert_eq!(character.chars().count(), 1, "{character}");
        }
    }
}
