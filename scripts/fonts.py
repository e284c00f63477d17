"""Make the two font files that server-drawn images are set in.

    python scripts/fonts.py NotoSansCJK-Regular.ttc NotoSansCJK-Bold.ttc FOLDER

FOLDER is src/yaohe/content/cards/fonts. The sources are the OFL-1.1 collections of Debian's
`fonts-noto-cjk` package (1:20220127+repack1-1, unpacked by `dpkg-deb -x`). The subset holds Latin,
punctuation, currency signs, arrows, full-width forms, kana, the Han of GB 2312 and of Big5 level 1,
and characters that are frequent in names but in neither. Outlines stay CFF without hints: three
times faster to draw with FreeType than the TrueType build, and a third smaller.

Two things are changed on the way, both for text without a shaping engine:
- the Simplified Chinese face draws ‘’“”·• one em wide, which tears English words apart; the
  proportional twins of the same design are put at private code points (`PROPORTIONAL`);
- pair kerning of Latin is written as a plain `kern` table.
The same input gives the same bytes.
"""

from __future__ import annotations

import sys
from itertools import chain
from pathlib import Path
from typing import Any

from fontTools import subset
from fontTools.ttLib import TTFont, newTable
from fontTools.ttLib.tables._k_e_r_n import KernTable_format_0

FACE_JAPANESE, FACE_SIMPLIFIED = 0, 2
PROPORTIONAL = {"‘": 0xE018, "’": 0xE019, "“": 0xE01C, "”": 0xE01D, "·": 0xE0B7, "•": 0xE022}
NAMES_HAN = (
    "喆珺玥堃赟昇璟翀煊垚犇骉旻玘昉昕祎琋婳妤姝嫣沄泓淏澍灏炘焜烨煜熠瑄瑀瑢瑗璇璠祺禛翊翃羿芃苡"
    "茗莜菡萱蓁薇蘅诩谞轶郃郗郦郯鄄鄢鄯酆钰铄铠锜锟镔隽雎霁霖靓韬韫颉颢飏飒馥骁骐骥鹂麒麓黛龑镕"
    "昶晗晞晔暄暐曈朕杺桉桢梓梵棽椋楠榕樾歆毓沅沐沚沺泠洳浠浥浵涵淇淳渌湉湙溦滢漪潆潇澔濛瀚炅烔焓"
    "煦熙燚燊牧玎玏玒玓玙玚玠玢玦玧玭玮珂珅珈珏珑珣珩珮珰珲珵琀琇琎琚琛琦琨琪琬琭琮琰琳琸琼瑆瑒"
    "瑚瑛瑜瑞瑧瑨瑭瑱瑶瑸瑾璁璆璈璋璎璐璘璞璨璩璪璱璹瓅畇畯畲皓皞皦盱眙睿瞳矜矞碧祐祯禔禤穆穗竑笙"
    "筠筱箐篁簌籽粲綦縠纾纭绮绯绾缇缦缨罡翎翙翚耘聿肜胤臻舸艾芊芑芫芮芷苒苓苧茉茜茵荀荃荇荔莀莘"
    "莙菀菁菂菖萁萌萤葭葳蒗蒽蓓蓝蔓蔚蕊蕙蕤蕾薏藜蘭虞蝶裎裕褀襄觅訢詠誉谌谦谧豫赫跃軒辰迦迪逸遥邈"
    "邰郁郅郴酌醍醴鋆鑫钊钒钧铎铖锦锴镱闫闻阅阮陌陶隆隋雨雪雯霏霓霞露靖鞠韦韵顼颀颖颜飞馨驰骅骊骋骏骞"
    "鲲鸿鹏鹤麟黎黛黔鼎齐龄囧槑嗨噻煲嘞呗啰咘蹚唠嗲嘚哒咩喵汪萌囍卍丼煸焗㸆饸饹馓馕饧飨鎏叕"
)


def code_points() -> set[int]:
    """Every character the images promise to draw."""
    ranges = (
        range(0x20, 0x7F),
        range(0xA0, 0x180),
        range(0x2010, 0x2040),
        range(0x20A0, 0x20C0),
        range(0x2100, 0x2130),
        range(0x2150, 0x2170),
        range(0x2190, 0x219A),
        range(0x2460, 0x2474),
        range(0x25A0, 0x25D0),
        range(0x2605, 0x2607),
        range(0x3000, 0x3040),
        range(0x3041, 0x3100),
        range(0xFF01, 0xFFE7),
    )
    marks = map(ord, "×÷±√∞≈≠≤≥⋯✓✔♪♥♡")
    han = chain(two_byte("gb2312", 0xB0, 0xF7), two_byte("big5", 0xA4, 0xC6), map(ord, NAMES_HAN))
    return set(chain(*ranges, marks, han))


def two_byte(encoding: str, first: int, last: int) -> list[int]:
    found = []
    for high in range(first, last + 1):
        for low in range(0x40, 0xFF):
            try:
                text = bytes((high, low)).decode(encoding)
            except UnicodeDecodeError:
                continue
            found += [ord(text)] if len(text) == 1 else []
    return found


def latin_kerning(font: TTFont, glyphs: set[str]) -> dict[tuple[str, str], int]:
    """Flatten the `kern` feature of GPOS to pairs of the given glyphs."""
    table = font["GPOS"].table
    lookups = sorted(
        {
            index
            for record in table.FeatureList.FeatureRecord
            if record.FeatureTag == "kern"
            for index in record.Feature.LookupListIndex
        }
    )
    pairs: dict[tuple[str, str], int] = {}
    for index in lookups:
        for raw in table.LookupList.Lookup[index].SubTable:
            part = getattr(raw, "ExtSubTable", raw)
            found = explicit_pairs(part, glyphs) if part.Format == 1 else class_pairs(part, glyphs)
            for pair, value in found.items():
                pairs.setdefault(pair, value)
    return {pair: value for pair, value in pairs.items() if value}


def explicit_pairs(part: Any, glyphs: set[str]) -> dict[tuple[str, str], int]:
    return {
        (left, record.SecondGlyph): advance(record.Value1)
        for left, pair_set in zip(part.Coverage.glyphs, part.PairSet, strict=True)
        if left in glyphs
        for record in pair_set.PairValueRecord
        if record.SecondGlyph in glyphs
    }


def class_pairs(part: Any, glyphs: set[str]) -> dict[tuple[str, str], int]:
    first, second = part.ClassDef1.classDefs, part.ClassDef2.classDefs
    return {
        (left, right): advance(
            part.Class1Record[first.get(left, 0)].Class2Record[second.get(right, 0)].Value1
        )
        for left in glyphs & set(part.Coverage.glyphs)
        for right in glyphs
    }


def advance(value: Any) -> int:
    return int(getattr(value, "XAdvance", 0) or 0)


def make(source: Path, target: Path) -> None:
    twins = TTFont(source, fontNumber=FACE_JAPANESE, lazy=True).getBestCmap()
    font = TTFont(source, fontNumber=FACE_SIMPLIFIED, lazy=True, recalcTimestamp=False)
    for table in font["cmap"].tables:
        if table.isUnicode() and table.format in (4, 12):
            for character, private in PROPORTIONAL.items():
                table.cmap[private] = twins[ord(character)]
    names = font.getBestCmap()
    latin = {names[code] for code in (*range(0x21, 0x7F), *PROPORTIONAL.values()) if code in names}
    pairs = latin_kerning(font, latin)

    options = subset.Options()
    options.hinting = False
    options.layout_features = []
    options.notdef_outline = True
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.drop_tables += ["BASE", "GDEF", "GPOS", "GSUB", "VORG", "vhea", "vmtx", "DSIG"]
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=code_points() | set(PROPORTIONAL.values()))
    subsetter.subset(font)

    kern = font["kern"] = newTable("kern")
    kern.version = 0
    kept = set(font.getGlyphOrder())
    part = KernTable_format_0(apple=False)
    part.kernTable = {p: v for p, v in pairs.items() if p[0] in kept and p[1] in kept}
    part.coverage, part.tupleIndex = 1, None
    kern.kernTables = [part]
    font.save(target)
    size = target.stat().st_size
    print(f"{target}: {size:,} bytes, {len(kept)} glyphs, {len(part.kernTable)} pairs")


def main() -> None:
    regular, bold, folder = (Path(argument) for argument in sys.argv[1:4])
    folder.mkdir(parents=True, exist_ok=True)
    make(regular, folder / "NotoSansSC-400.otf")
    make(bold, folder / "NotoSansSC-700.otf")


if __name__ == "__main__":
    main()
