import pytest

from courses.markdown import highlight, plain_text, render, render_inline


@pytest.mark.parametrize(
    "attack",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<b onclick='alert(1)'>x</b>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x][1]\n\n[1]: javascript:alert(1)",
        "<javascript:alert(1)>",
        "![x](javascript:alert(1))",
        "## x {#a onclick=alert(1) style=color:red}",
        "[[<script>alert(1)</script>|<img onerror=alert(1)>]]",
        '[x](https://a.example "onmouseover=alert(1)")',
        "<iframe src='//evil.example'></iframe>",
        "<svg/onload=alert(1)>",
        "`</code><script>alert(1)</script>`",
    ],
)
def test_nothing_that_runs_comes_through(attack):
    html = render(attack)
    tags = [tag for tag in html.replace("&lt;", "").split("<") if ">" in tag]
    names = {tag.split(">")[0].split()[0].strip("/") for tag in tags}
    assert names <= {"p", "a", "h2", "span", "code"}
    for tag in tags:
        inside = tag.split(">")[0].lower()
        assert "javascript:" not in inside
        assert "data:" not in inside
        assert " on" not in inside
        assert "style" not in inside


def test_angle_brackets_are_text():
    assert render("run <image>") == "<p>run &lt;image&gt;</p>"


def test_the_story_switch_gives_both_words():
    assert render_inline("The [[master cook|daemon]].") == (
        'The <span class="story">master cook</span><span class="plain">daemon</span>.'
    )


def test_the_story_switch_works_in_tables_headings_and_across_lines():
    html = render("## A [[b|c]] {#x}\n\n| [[d|e]] | f |\n|---|---|\n| g | [[h\ni|j]] |")
    assert '<h2 id="x">A <span class="story">b</span><span class="plain">c</span></h2>' in html
    assert '<th><span class="story">d</span><span class="plain">e</span></th>' in html


def test_the_story_switch_may_hold_emphasis_and_code():
    html = render_inline("[[the *cook*|`dockerd`]]")
    assert html == '<span class="story">the <em>cook</em></span><span class="plain"><code>dockerd</code></span>'


def test_code_keeps_its_brackets():
    assert "<code>[[ a | b ]]</code>" in render("`[[ a | b ]]`")


def test_plain_text_is_in_docker_words_without_markup():
    assert plain_text("The [[cook|*daemon*]] & `<you>`") == "The daemon & <you>"


def test_links_out_do_not_hand_over_the_page():
    assert 'rel="noopener noreferrer"' in render("[x](https://docs.docker.com/)")


def test_code_is_highlighted_and_escaped():
    html = highlight("echo '<b>' # hi", "sh")
    assert '<span class="c1"># hi</span>' in html
    assert "<b>" not in html


def test_output_is_shown_as_it_is():
    assert highlight("a <b>\n\n  c", "output") == "a &lt;b&gt;\n\n  c"
