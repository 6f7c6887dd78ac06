"""Bounces in the forms of many mail systems: tests/data/bounces/messages, with what each means in reference.json."""
import json
import os

import pytest

from conftest import TOP

FOLDER = os.path.join(TOP, "tests", "data", "bounces")
with open(os.path.join(FOLDER, "reference.json"), encoding="utf-8") as source:
    MEANT = json.load(source)


@pytest.mark.first_row_with_postgresql
@pytest.mark.parametrize("name", sorted(MEANT))
def test_form(site, name):
    meant = MEANT[name]
    row = json.loads(site.run("bounce", "--json", os.path.join(FOLDER, "messages", name)).out)
    left = {one["address"]: (one["kind"], one["reason"]) for one in row["recipients"]}
    for one in meant["recipients"]:
        address = next(name for name in [one["address"], *one["also"]] if name in left)
        assert left.pop(address) == (one["kind"], one["reason"])
    assert not left, "nobody else failed"
    assert row["kind"] == meant["kind"]


def test_every_message_has_a_meaning():
    assert set(os.listdir(os.path.join(FOLDER, "messages"))) == set(MEANT)
    assert len(MEANT) > 60
