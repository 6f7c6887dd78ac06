"""Each setting is explained: in newsletter.yaml(5), and those of delivery in the reference and in the file that `init` writes."""
import os
import re

import pytest
from conftest import TOP

pytestmark = pytest.mark.one_engine("the engine makes no difference")

DELIVERY = ("delivery", "routes.", "fallback", "direct.", "dns.")


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as source:
        return source.read()


def names():
    found = re.findall(r'^    \{"([a-z_.#]+)", [A-Z]+,', read("src/config/config_table.h"), re.M)
    assert len(found) > 100
    return found


def test_the_manual_has_each_setting():
    manual = read("man/newsletter.yaml.5.scd")
    missing = []
    for name in names():
        parts = [part for part in name.split(".") if part != "#"]
        whole = re.search(rf"\*{re.escape('.'.join(parts))}\*", manual)
        apart = re.search(rf"\*{parts[-1]}\*", manual) and re.search(rf"\*{parts[0]}", manual)  # an element of a list
        if not (whole or apart):
            missing.append(name)
    assert not missing


def test_the_reference_and_the_template_have_the_settings_of_delivery():
    rows = set(re.findall(r"[a-z_.#]+", " ".join(re.findall(r"^\| ([a-z_.#, ]+) \|", read("docs/reference.md"), re.M))))
    template = read("src/config/newsletter.yaml")
    for name in names():
        if name.startswith(DELIVERY):
            assert name in rows, f"docs/reference.md: {name}"
            assert re.search(rf"\b{name.removesuffix('.#').split('.')[-1]}: ", template), f"newsletter.yaml: {name}"
