"""In which currency a visit begins: the browser's region says so, unless a link does."""

from urllib.parse import parse_qs

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg

from tests.browser.protocol import drawn, stream

LINK = "compute=3.8e20&data=1e7&epsilon=4&lang=en"


@pytest.mark.parametrize(
    ("locale", "query", "currency"),
    [
        ("en-US", "", ["USD"]),
        ("ja-JP", "lang=en", None),  # None: yen, which a link need not say
        ("en-US", LINK, None),  # whoever sent it saw yen
    ],
)
def test_the_region_chooses_the_currency_of_a_first_visit(dashboard, locale, query, currency):
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.context_info.locale = locale
    with stream(dashboard, Origin=dashboard.url) as session:
        addresses = [
            answer.page_info_changed.query_string
            for answer in drawn(session, message)
            if answer.WhichOneof("type") == "page_info_changed"
        ]
    assert parse_qs(addresses[-1] if addresses else query).get("currency") == currency
