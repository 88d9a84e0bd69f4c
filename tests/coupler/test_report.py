"""Maps and report: self-contained, honest, rendered by a real browser at phone width."""

import re
import shutil
import subprocess
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from calcisol.coupler.report import figures, headline
from calcisol.emulator.contract import pages
from helpers.made_maps import VALUES, netcdf
from helpers.small_runs import run_small
from jinja2 import UndefinedError
from markupsafe import Markup

pytestmark = pytest.mark.usefixtures("shipped")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return (
        run_small(
            tmp_path_factory.mktemp("report") / "out",
            plots=True,
            uncertainty=3,
            end_year=2021,
            scenarios=("baseline", "n_minus_20"),
        )
        / "report.html"
    )


def test_first_sentence_answers(page):
    text = page.read_text(encoding="utf-8")
    answer = re.search(r'class="answer">(.*?)</p>', text, re.S).group(1)
    assert re.match(r"(Yes|No): cuts of fertiliser", answer)
    assert re.search(r"each kilogram of mineral nitrogen not applied keeps -?\d\.\d\d", answer)
    assert re.search(r"90 % interval -?\d\.\d\d to \d\.\d\d", answer)
    assert text.index('class="answer"') < text.index("<h2>")


def test_page_stands_alone_and_says_what_it_rests_on(page):
    text = page.read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert "Soils and climate of this run are synthetic" in text
    assert all(f'class="tag {tag}"' in text for tag in ("real", "estimated", "synthetic"))
    assert "10.1038/s41597-022-01592-z" in text and "$" not in re.sub(r"base64,[^\"]*", "", text)


EVIL = "<img src=x onerror=alert(1)>"


def test_text_of_files_stays_text_in_the_page(tmp_path):
    (tmp_path / "mine.toml").write_text(
        f"title = '{EVIL}title'\ndescription = '{EVIL}words'\n[change]\nmineral_n = 0.5\n[ramp]\nfrom = 2019\nto = 2019\n",
        encoding="utf-8",
    )
    data = netcdf(tmp_path / "map.nc", 0.3 + 0 * VALUES)
    with xr.open_dataset(data) as file:
        kept = file.load()
    kept.attrs["references"] = f"{EVIL}source"
    kept.to_netcdf(data)
    out = run_small(
        tmp_path / "out", plots=True, end_year=2020, scenarios=("baseline", str(tmp_path / "mine.toml")), coverage=0.6,
        fields={"caco3": str(data)}, chunk=128, spinup_years=0,
    )  # fmt: skip
    text = (out / "report.html").read_text(encoding="utf-8")
    assert "<img src=x" not in text
    for what in ("title", "words", "source"):
        assert f"&lt;img src=x onerror=alert(1)&gt;{what}" in text
    assert text.count("<ul>") == text.count("</ul>") and "&lt;b&gt;" not in text and "&lt;p&gt;" not in text


def test_pieces_of_a_page_escape_what_they_are_given():
    assert str(pages.table(["<a>"], [["<b>", Markup("<i>ours</i>")]], text=(1,))) == (
        '<div class="scroll"><table><thead><tr><th>&lt;a&gt;</th></tr></thead><tbody><tr><td>&lt;b&gt;</td>'
        '<td class="text"><i>ours</i></td></tr></tbody></table></div>'
    )
    assert str(pages.prose("1 < 2")) == "<p>1 &lt; 2</p>"
    with pytest.raises(UndefinedError):
        pages.fill("{{ name }}")


def test_maps_have_coasts_where_europe_is():
    coast, inner = figures.borders()
    points = np.concatenate(coast)
    for lon, lat in ((-5.7, 50.05), (15.65, 37.95), (-9.5, 38.75)):  # Land's End, the toe of Italy, Cabo da Roca
        assert np.hypot(points[:, 0] - lon, points[:, 1] - lat).min() < 0.3
    rhine = np.concatenate(inner)
    assert np.hypot(rhine[:, 0] - 7.6, rhine[:, 1] - 47.6).min() < 0.3  # the border at Basel


def test_nice_limit():
    assert figures.nice_limit(np.array([0.0, 7.3])) == 10 and figures.nice_limit(np.array([0.0, 0.019])) == pytest.approx(0.02)


def chromium():
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no chromium on this machine (apt-get install chromium)")
    return found


def headless(folder, *arguments):
    """Output of a headless browser with a profile of its own."""
    command = [
        chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={folder / 'profile'}",
        *arguments,
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout


def test_browser_renders_it_at_phone_width(page, tmp_path):
    picture = tmp_path / "phone.png"
    headless(tmp_path, "--window-size=390,900", f"--screenshot={picture}", page.as_uri())
    from PIL import Image

    pixels = np.asarray(Image.open(picture).convert("L"), float)
    assert pixels.std() > 10  # not a blank page


@pytest.mark.parametrize("width", [500, 1200])
def test_nothing_is_wider_than_the_window(page, tmp_path, width):
    # wide tables scroll inside their own box: the page itself never does
    copy = tmp_path / "page.html"
    script = "<script>document.title = 'widths ' + document.documentElement.scrollWidth + ' ' + innerWidth</script></body>"
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", script), encoding="utf-8")
    found = re.search(
        r"<title>widths (\d+) (\d+)</title>", headless(tmp_path, f"--window-size={width},900", "--dump-dom", copy.as_uri())
    )
    assert found and int(found[1]) <= int(found[2])
    images = re.findall(r"<img [^>]*src=\"data:image/png;base64,", copy.read_text(encoding="utf-8"))
    assert len(images) >= 4


def test_a_map_of_no_difference_has_no_bar_of_round_off():
    from calcisol.coupler.report.figures import nice_limit

    assert nice_limit(np.zeros(5)) == nice_limit(np.array([1e-13, -1e-13])) == 1.0
    assert nice_limit(np.array([0.0, 1.7])) == 2.0


@pytest.mark.parametrize(
    ("before", "now", "kept", "words"),
    [
        (4.0, 3.0, 0.2, "No: cuts of fertiliser slow the loss"),
        (4.0, 0.1, 0.2, "Yes: cuts of fertiliser can stabilise"),
        (4.0, -1.0, 0.2, "Yes: cuts of fertiliser can increase"),
        (4.0, -1.0, -0.2, "No: cuts of fertiliser do not slow the loss"),
        (-4.0, -5.0, 0.2, "calcareous arable soils grows without cuts of fertiliser, and cuts add to"),
        (-4.0, -3.0, -0.2, "grows without cuts of fertiliser, and cuts take from that"),  # "Yes: can increase" was said
    ],
)
def test_the_verdict_is_that_of_the_cut(monkeypatch, before, now, kept, words):
    base, cut = (SimpleNamespace(scenario=SimpleNamespace(name=name), years=[2030]) for name in ("baseline", "less"))
    for name, value in (
        ("compared", lambda results: [(cut, base)]),
        ("late_loss", lambda result, area: now if result is cut else before),
        ("per_kg_n", lambda result, reference, area: kept),
        ("per_kg_spread", lambda result, reference, area: (kept, kept)),
    ):
        monkeypatch.setattr(headline, name, value)
    assert words in headline.answer({"area": np.ones(1)}, [base, cut], {})
