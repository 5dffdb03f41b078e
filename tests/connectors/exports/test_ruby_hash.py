import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.records import Utm
from connectors.exports.ruby_hash import utm_of

FULL = Utm("fb", "paid", "Jan", "Broad", "Video 1")


@pytest.mark.parametrize(
    ("text", "utm"),
    [
        ('{"utm_source"=>"fb", "utm_medium"=>"paid", "utm_campaign"=>"Jan", "utm_term"=>"Broad", "utm_content"=>"Video 1"}', FULL),
        ('{"utm_source" => "fb", utm_medium: "paid", :utm_campaign => "Jan", "utm_term"=>"Broad", utm_content: "Video 1"}', FULL),
        ('{"utm_source":"fb","utm_medium":"paid","utm_campaign":"Jan","utm_term":"Broad","utm_content":"Video 1"}', FULL),
        ('<ActionController::Parameters {"utm_source"=>"fb"} permitted: true>', Utm("fb")),
        ('#<ActionController::Parameters {"utm_source"=>"fb", "x"=>#<Foo a=1>} permitted: false>', Utm("fb")),
        ("--- !ruby/hash:ActionController::Parameters\nutm_source: fb\nutm_campaign: \"my \\\"Jan\\\"\"\nutm_term: 'it''s'\nutm_content: ~\n", Utm("fb", "", 'my "Jan"', "it's")),
        ("--- !ruby/hash-with-ivars:ActionController::Parameters\nelements:\n  utm_campaign: two words\nivars:\n  :@permitted: false\n", Utm(campaign="two words")),
        ('{"a"=>{"b"=>["x", 1]}, "utm_source"=>"", "visit"=>{"utm_source"=>"fb"}}', Utm("fb")),
        ('{"note"=>"\\"utm_source\\"=>\\"evil\\"", "utm_source"=>"fb"}', Utm("fb")),
        ('{"url"=>"https://x.io/?utm_source=evil", "utm_campaign"=>"caf\\u00e9 \\u{1F600} \\\\ \\#{x}"}', Utm(campaign="café 😀 \\ #{x}")),
        ('{"utm_source"=>"fb", "utm_campaign"=>"cut of', Utm("fb")),
        ('{"utm_source"=>nil, "utm_medium"=>null}', Utm()),
        ('{"utm_campaign"=>"\\ud800"}', Utm(campaign="\ufffd")),
        ("", Utm()),
        ("nonsense utm_source", Utm()),
    ],
)  # fmt: skip
def test_dumps_of_every_age(text, utm):
    assert utm_of(text) == utm


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=20))
def test_any_value_is_read_back(value):
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    assert utm_of(f'{{"first"=>"{escaped}", "utm_campaign"=>"{escaped}"}}').campaign == value.strip()


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text):
    assert isinstance(utm_of(f"utm_{text}"), Utm)
