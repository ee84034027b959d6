import pytest

from courses.catalogue import load
from courses.pictures import read_picture
from courses.source import CatalogueError

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"'


@pytest.fixture
def draw(tmp_path):
    def draw(inside, head=HEAD + ">"):
        path = tmp_path / "flow.svg"
        path.write_text(f"{head}\n{inside}\n</svg>\n")
        return read_picture(path, 'A "flow"')

    return draw


def test_a_picture_speaks_for_itself_and_fits_its_column(draw):
    svg = draw("<path d='M0 0'/>", HEAD + " width='900' height='900'>")
    assert svg.startswith('<svg viewBox="0 0 9 9" role="img" aria-label="A &quot;flow&quot;">')


def test_ids_are_unique_and_references_follow(draw):
    svg = draw(
        '<defs><marker id="tip"/></defs><path marker-end="url(#tip)"/><use href="#tip"/><g aria-labelledby="tip"/>'
    )
    assert 'id="picture-flow-tip"' in svg
    assert 'marker-end="url(#picture-flow-tip)"' in svg
    assert 'href="#picture-flow-tip"' in svg
    assert 'aria-labelledby="picture-flow-tip"' in svg


def test_classes_stay_for_theme_and_story(draw):
    assert 'class="story lamp"' in draw('<text class="story lamp">x</text>')


@pytest.mark.parametrize(
    ("inside", "says"),
    [
        ("<script>alert(1)</script>", "<script>"),
        ("<style>*{}</style>", "<style>"),
        ("<foreignObject/>", "<foreignObject>"),
        ("<image href='x.png'/>", "<image>"),
        ("<animate/>", "<animate>"),
        ("<g onclick='x()'/>", "onclick"),
        ("<g style='fill:red'/>", "style"),
        ("<use href='https://evil.example/#x'/>", "points out"),
        ("<use href='javascript:alert(1)'/>", "points out"),
        ("<g fill='url(https://evil.example/x)'/>", "points out"),
        ("<g xmlns:xlink='http://www.w3.org/1999/xlink'><use xlink:href='#x'/></g>", "href"),
        ("<g>", "not well-formed"),
    ],
)
def test_what_runs_or_loads_something_is_refused_by_name_and_line(draw, inside, says):
    with pytest.raises(CatalogueError) as caught:
        draw(inside)
    assert says in caught.value.problem
    assert caught.value.line in (2, 3)


def test_entities_are_refused(draw):
    with pytest.raises(CatalogueError, match="DOCTYPE"):
        draw("", '<!DOCTYPE svg [<!ENTITY a "b">]>' + HEAD + ">")


def test_a_picture_needs_a_view_box(draw):
    with pytest.raises(CatalogueError, match="viewBox"):
        draw("", '<svg xmlns="http://www.w3.org/2000/svg">')


def test_a_lesson_shows_its_picture_with_alt_text_in_plain_words_and_a_caption(folder):
    (folder / "day-2" / "flow.svg").write_text(HEAD + "/>")
    index = folder / "day-2" / "index.md"
    index.write_text(index.read_text() + '\n![The [[cook|daemon]]](flow.svg "In [[a|b]] steps")\n')
    loaded = load(folder.parent)
    assert loaded.problems == ()
    picture = next(
        part for part in loaded.courses["sarafa-bazaar"].lesson("day-2").parts if "picture-flow" in str(part)
    )
    assert 'aria-label="The daemon"' in picture
    assert '<figcaption>In <span class="story">a</span>' in picture


def test_a_picture_without_words_is_refused(folder):
    (folder / "day-2" / "flow.svg").write_text(HEAD + "/>")
    index = folder / "day-2" / "index.md"
    index.write_text(index.read_text() + "\n![](flow.svg)\n")
    assert "no alternative text" in load(folder.parent).problems[0].problem
