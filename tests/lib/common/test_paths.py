"""Where a feed's files lie follows from its name, which cannot lead out of the folder of feeds."""

import pytest

from lib.common import paths
from lib.common.errors import RemlError


def test_a_feeds_contract_lies_among_its_settings():
    assert paths.contract_path("har").parent == paths.feed_folder("har") == paths.FEEDS / "har"


@pytest.mark.parametrize("feed", ["", "../har", "a/b", "HAR", "a b", "a\n"])
def test_what_is_no_name_of_a_folder_is_no_name_of_a_feed(feed):
    with pytest.raises(RemlError, match="made of lower-case letters"):
        paths.check_feed_name(feed)
