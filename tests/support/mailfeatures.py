"""Which features of HTML and CSS a mail uses, in the words of caniemail.com, and what mail programs make of them."""
import functools
import html.parser
import json
import os
import re

import tinycss2

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
DATA = os.path.join(TESTS, "web", "node_modules", "caniemail", "data", "caniemail.json")

# The programs that count, each in its latest version that was tried.
PROGRAMS = ("gmail.desktop-webmail", "gmail.ios", "gmail.android", "gmail.mobile-webmail", "outlook.windows", "outlook.outlook-com",
            "outlook.macos", "apple-mail.macos", "apple-mail.ios", "yahoo.desktop-webmail", "yahoo.ios", "yahoo.android",
            "samsung-email.android", "thunderbird.macos")

# Names that differ there.
ELEMENTS = {**{f"h{level}": "html-h1-h6" for level in range(1, 7)}, **dict.fromkeys(("ul", "ol", "li"), "html-lists"),
            **dict.fromkeys(("thead", "tbody", "tr", "td", "th", "caption"), "html-table"), "b": "html-strong",
            "s": "html-strike", "sup": "html-span", "sub": "html-span"}
SIDES = re.compile(r"-(top|right|bottom|left)(-(style|width|color))?$")
EMPTY = {"meta", "link", "br", "img", "input", "hr", "source", "area", "col", "wbr"}


@functools.lru_cache(None)
def features():
    with open(DATA, encoding="utf-8") as data:
        return {feature["slug"]: feature for feature in json.load(data)["data"] if feature["category"] in ("html", "css")}


def without(slug):
    """The programs that do not have a feature, or only in part."""
    stats = features()[slug]["stats"]
    missing = set()
    for program in PROGRAMS:
        family, platform = program.split(".")
        versions = stats.get(family, {}).get(platform)
        if versions and list(versions.values())[-1][0] in "an":  # in part, not at all; "u": nobody has tried
            missing.add(program)
    return missing


def written():
    """{feature: programs without it}, and the features without data."""
    degrades, unknown = {}, set()
    with open(os.path.join(TESTS, "data", "mail-features.txt"), encoding="utf-8") as lines:
        for line in lines:
            if line.strip() and not line.startswith("#"):
                feature, programs, words = (part.strip() for part in line.split("|"))
                assert words and feature not in degrades and feature not in unknown, line
                if programs:
                    degrades[feature] = {one for one in PROGRAMS for name in programs.split()
                                         if one == name or one.startswith(name + ".")}
                else:
                    unknown.add(feature)
    return degrades, unknown


class Uses(html.parser.HTMLParser):
    """The features of one mail: .found, a slug of caniemail.com or, where it has none, "element x", "attribute x"
    or "property x"."""

    def __init__(self, page):
        super().__init__()
        self.found, self.style = set(), None
        self.feed(page)

    def add(self, kind, name, *slugs):
        known = [slug for slug in slugs if slug in features()]
        self.found.add(known[0] if known else f"{kind} {name}")

    def handle_decl(self, decl):
        self.found.add("html-doctype")

    def handle_comment(self, data):
        """Outlook on Windows alone reads what is conditional, so there is nothing to look up."""
        self.found.add("html-comments")

    def handle_starttag(self, tag, attrs):
        self.add("element", tag, ELEMENTS.get(tag, ""), "html-" + tag)
        for name, value in attrs:
            if name == "style":
                self.declarations(tinycss2.parse_declaration_list(value, skip_whitespace=True))
            elif name == "href" and value.startswith(("mailto:", "#")):
                self.found.add("html-mailto-links" if value[0] == "m" else "html-anchor-links")
            elif name == "content" and ("name", "color-scheme") in attrs:
                self.found.add("html-meta-color-scheme")
            else:
                self.add("attribute", name, "html-" + name)
        self.style = tag == "style"

    def handle_endtag(self, tag):
        self.style = False

    def handle_data(self, data):
        if self.style:
            self.rules(tinycss2.parse_stylesheet(data, skip_whitespace=True, skip_comments=True))

    def rules(self, rules):
        for rule in rules:
            if rule.type == "at-rule":
                self.add("at-rule", rule.at_keyword, "css-at-" + rule.at_keyword)
                words = tinycss2.serialize(rule.prelude)
                if "prefers-color-scheme" in words:
                    self.found.add("css-at-media-prefers-color-scheme")
                self.rules(tinycss2.parse_rule_list(rule.content, skip_whitespace=True, skip_comments=True))
            else:
                assert rule.type == "qualified-rule", rule
                self.selectors(tinycss2.serialize(rule.prelude))
                self.declarations(tinycss2.parse_declaration_list(rule.content, skip_whitespace=True))

    def selectors(self, text):
        if "," in text:
            self.found.add("css-selector-grouping")
        for selector in text.split(","):
            parts = selector.split()
            if len(parts) > 1:
                self.found.add("css-selector-descendant")
            for part in parts:
                assert re.fullmatch(r"(:root|[a-z][a-z0-9]*)?(\.[\w-]+)*", part), part  # all that is known below
                if "." in part:
                    self.found.add("css-selector-class")
                if part == ":root":
                    self.add("selector", ":root")
                elif part[0] != ".":
                    self.found.add("css-selector-type")
                if re.search(r"[^.]\.", part):
                    self.found.add("css-selector-chaining")

    def declarations(self, declarations):
        for declaration in declarations:
            assert declaration.type == "declaration", declaration
            name = declaration.lower_name
            self.add("property", name, "css-" + name, "css-" + SIDES.sub("", name), "css-" + re.sub("-color$", "", name))
            if declaration.important:
                self.found.add("css-important")
            for token in declaration.value:
                if token.type == "dimension":
                    self.add("unit", token.lower_unit, "css-unit-" + token.lower_unit)
                elif token.type == "percentage":
                    self.found.add("css-unit-percent")
                elif token.type == "function":
                    self.add("function", token.lower_name, "css-" + token.lower_name, "css-function-" + token.lower_name)
                elif name == "display" and token.type == "ident" and token.lower_value == "none":
                    self.found.add("css-display-none")
