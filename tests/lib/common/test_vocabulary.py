"""Where a feed's files lie follows from its name, which cannot lead out of the folder of feeds."""

import pytest

from lib.common import vocabulary
from lib.common.errors import RemlError


def test_a_feeds_contract_lies_among_its_settings():
    assert (
        vocabulary.contract_path("har").parent
        == vocabulary.feed_folder("har")
        == vocabulary.FEEDS / "har"
    )


@pytest.mark.parametrize("feed", ["", "../har", "a/b", "HAR", "a b", "a\n"])
def test_what_is_no_name_of_a_folder_is_no_name_of_a_feed(feed):
    with pytest.raises(RemlError, match="made of lower-case letters"):
        vocabulary.check_feed_name(feed)
