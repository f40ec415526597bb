"""The page's files, and the page in a browser: each of its functions clicked, without an error in its console."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import sentences
from fastapi.testclient import TestClient
from serving import serving
from support import CHROMIUM, textrae_here

from textrae import CorpusConfig, ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.server.page import NAMES, page_files

A, B = "A dog sees a red ball today.", "The waiter finds his tree again!"


def test_the_page_is_light_and_whole() -> None:
    files = page_files()
    assert sum(len(files[f"/{name}"][0]) for name in NAMES) < 80_000
    folder = Path(__file__).parents[2] / "textrae" / "server" / "page"
    assert {path.name for path in folder.iterdir()} == set(NAMES)
    for path, (content, kind) in files.items():
        text = content.decode()
        assert "://" not in text.replace("http://www.w3.org", ""), path  # nothing comes from elsewhere
        assert kind.endswith("; charset=utf-8")
        for name in re.findall(r"""(?:from|src=|href=) ?"(?:\./)?([\w.]+\.(?:js|css))\b""", text):
            assert name in NAMES, (path, name)


def test_every_element_that_the_scripts_name_exists_and_every_control_has_a_label() -> None:
    html = page_files()["/index.html"][0].decode()
    ids = re.findall(r'\bid="([\w-]+)"', html)
    assert len(ids) == len(set(ids))
    for name in ("app.js", "views.js", "map.js", "parts.js", "service.js"):
        script = page_files()[f"/{name}"][0].decode()
        assert set(re.findall(r'\$\("([\w-]+)"\)', script)) <= set(ids), name
    labelled = set(re.findall(r'<label for="([\w-]+)"', html))
    inside = {
        one for block in re.findall(r"<label.*?</label>", html) for one in re.findall(r'id="([\w-]+)"', block)
    }
    controls = set(re.findall(r'<(?:input|select|textarea)\b[^>]*\bid="([\w-]+)"', html))
    assert controls <= labelled | inside
    keys = re.findall(r'data-key="(\w+)"', html)
    assert len(keys) == len(set(keys))


def test_it_is_served_without_a_key(client: TestClient, service: Any) -> None:
    service.api_key = "secret"
    try:
        for path in ("/", "/app.js", "/style.css", "/docs"):
            answer = client.get(path)
            assert answer.status_code == 200
            assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert client.get("/v1/models").status_code == 401
        assert client.get("/openapi.json").status_code == 401
    finally:
        service.api_key = None
    assert "text/javascript" in client.get("/map.js").headers["content-type"]


def test_places(client: TestClient, index: Any) -> None:
    texts = sentences()[:40]
    found = client.post("/map", json={"texts": texts}).json()
    assert len(found["points"]) == 40
    assert found["texts"] is None
    assert 0 < found["explained"][1] <= found["explained"][0] < 1
    of_index = client.post("/map", json={"index": "some"}).json()
    assert of_index["texts"] == sentences()[:50]
    assert (len(of_index["points"]), of_index["left_out"]) == (50, 0)
    for wrong in ({}, {"texts": ["a"], "index": "some"}):
        assert client.post("/map", json=wrong).status_code == 422


@pytest.fixture(scope="module")
def translator(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "translator"
    config = ModelConfig(hidden=16, embedding=16, slots=0, latent=8)
    training, text = TrainingConfig(steps=5), CorpusConfig(vocab_size=400)
    SentenceAutoencoder.train(corpus, config, training, text=text, target=corpus, out=out)
    return out


class Browser:
    """A tab, and what it said on its console."""

    def __init__(self, browser: Any, url: str) -> None:
        self.browser, self.url = browser, url
        self.said: list[str] = []

    def tab(self, place: str = "", **options: Any) -> Any:
        page = self.browser.new_page(**options)
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.goto(self.url + place)
        page.wait_for_selector("#nav a[aria-current]")
        return page


@pytest.fixture(scope="module")
def browser(run: Path, translator: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium is installed: the page is not tested in a browser")
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    folder = tmp_path_factory.mktemp("served")
    (folder / "text.txt").write_text("\n".join(sentences()[:100]) + "\n")
    assert textrae_here("index", run, folder / "text.txt", "-o", folder / "some").returncode == 0
    words = (run, translator, "--index", folder / "some", "--no-log")
    with serving(folder / "log", *words) as service, sync.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        found = Browser(chromium, service.url)
        yield found
        assert found.said == []
        chromium.close()


def go(page: Any, view: str) -> None:
    page.click(f"#nav >> text={view}")
    page.wait_for_selector(f"#nav a[aria-current]:has-text('{view}')")


def test_sentences_are_rebuilt_with_differences_marked(browser: Browser) -> None:
    page = browser.tab()
    page.fill("#rebuild-text", f"{A}\nthe zebra\n{'x ' * 40}")
    page.wait_for_selector(".pair:nth-child(3)")
    assert "It came back exactly." in page.inner_text(".pair:nth-child(1)")
    assert page.locator(".pair:nth-child(2) del").count() >= 1
    assert "was cut" in page.inner_text(".pair:nth-child(3)")
    page.click("#rebuild .example")
    page.wait_for_selector(".pair:nth-child(3)", state="detached")
    page.close()


def test_a_slider_walks_between_sentences_without_asking_again(browser: Browser) -> None:
    page = browser.tab()
    go(page, "Walk")
    page.fill("#walk-a", A)
    page.fill("#walk-b", B)
    page.wait_for_selector("#walk-all li:nth-child(2)")
    assert page.inner_text("#walk-out") == page.inner_text("#walk-all li:first-child")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.focus("#walk-t")
    page.keyboard.press("End")
    assert page.inner_text("#walk-at") == "100 %"
    assert page.inner_text("#walk-out") == page.inner_text("#walk-all li:last-child")
    assert page.get_attribute("#walk-t", "aria-valuetext") == f"100 %: {page.inner_text('#walk-out')}"
    assert asked == []
    shared = page.evaluate("location.hash")
    page.close()
    again = browser.tab(f"/{shared}")  # a link brings all of it back
    again.wait_for_selector("#walk-all li.here:last-child")
    assert again.input_value("#walk-a") == A
    assert again.input_value("#walk-t") == "1"
    again.close()


def test_samples(browser: Browser) -> None:
    page = browser.tab("/#view=sample&n=12&seed=3")
    page.wait_for_selector("#sample-out li:nth-child(12)")
    before = page.inner_text("#sample-out")
    page.click("#sample-more")
    page.wait_for_selector("#sample-out:not(.busy)")
    for _ in range(100):
        if page.inner_text("#sample-out") != before:
            break
        page.wait_for_timeout(50)
    assert page.inner_text("#sample-out") != before
    assert "seed=4" in page.url
    page.select_option("#sample-source", "posterior")
    page.fill("#sample-temp", "0")
    page.wait_for_timeout(300)
    assert "temp=0" in page.url
    assert page.inner_text("#sample-temp-at") == "0.00, the likeliest words"
    page.click("#sample-map")
    page.wait_for_selector("#map-status:has-text('500 sentences')")
    page.close()


def test_the_map_is_searched_walked_and_lassoed(browser: Browser) -> None:
    page = browser.tab("/#view=map")
    page.wait_for_selector("#map-status:has-text('100 sentences')")
    page.fill("#map-search", "red ball")
    page.wait_for_selector("#map-found button:nth-child(1)")
    assert page.locator("#map-found li").count() == 4
    page.wait_for_selector("#map-near li:nth-child(10)")
    page.locator("#map-found button").nth(0).focus()
    page.keyboard.press("Enter")
    page.locator("#map-found button").nth(3).click()
    page.wait_for_selector("#map-walk li:nth-child(2)")
    assert "ends=" in page.url
    page.click("#map-add")
    assert "4 selected" in page.inner_text("#map-status")
    box = page.locator("#map-canvas").bounding_box()
    page.click("#map-lasso")
    page.mouse.move(box["x"] + 1, box["y"] + 1)
    page.mouse.down()
    for x, y in ((0.99, 0.01), (0.99, 0.99), (0.01, 0.99)):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
    page.mouse.up()
    assert "100 selected" in page.inner_text("#map-status")
    with page.expect_download() as saved:
        page.click("#map-save")
    assert Path(saved.value.path()).read_text().splitlines() == sentences()[:100]
    page.click("#map-lasso")
    tip = page.locator("#map-tip")
    for x in range(40, int(box["width"]), 6):  # some point is under one of these
        for y in (0.3, 0.4, 0.5, 0.6, 0.7):
            page.mouse.move(box["x"] + x, box["y"] + y * box["height"])
            if tip.is_visible():
                break
        if tip.is_visible():
            break
    assert tip.inner_text() in sentences()[:100]
    page.mouse.down()
    page.mouse.up()
    assert f"A: {tip.inner_text()}" in page.inner_text("#map-walk")
    for button in ("#map-in", "#map-out", "#map-reset"):
        page.click(button)
    page.click("#map-found button")
    page.click("#map-walk button")
    page.wait_for_selector("#walk-all li")
    assert page.input_value("#walk-b") == page.inner_text("#walk-all li:last-child")
    page.close()


def test_a_map_of_a_file(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_text("\n".join(sentences()[200:260]) + "\n")
    page = browser.tab("/#view=map&what=own")
    page.wait_for_selector("#map-status:has-text('Choose a file')")
    page.set_input_files("#map-file", tmp_path / "own.txt")
    page.wait_for_selector("#map-status:has-text('60 sentences')")
    page.close()


def test_sentences_are_moved_along_a_direction(browser: Browser) -> None:
    page = browser.tab()
    go(page, "Direction")
    page.fill("#direction-from", "A dog sees a red ball today.\nThe cat likes the old house today.")
    page.fill("#direction-to", "A dog sees a red ball again!\nThe cat likes the old house again!")
    page.fill("#direction-text", "My friend finds his tree today.")
    page.wait_for_selector("#direction-out .pair")
    page.fill("#direction-s", "0")
    assert page.inner_text("#direction-at") == "0"
    assert "strength=0" in page.url
    assert page.locator("#direction-out .pair").count() == 1
    page.focus("#direction-far")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#direction-out ins:has-text('again!')")
    assert page.is_disabled("#direction-s")
    assert page.inner_text("#direction-at") == "what each sentence needs"
    shared = page.evaluate("location.hash")
    assert "far=least" in shared
    page.close()
    again = browser.tab(f"/{shared}")
    again.wait_for_selector("#direction-out ins:has-text('again!')")
    again.focus("#direction-far")
    again.keyboard.press("ArrowUp")
    again.wait_for_selector("#direction-at:has-text('0')")
    assert not again.is_disabled("#direction-s")
    again.close()


def test_a_translator_translates_and_shows_only_what_it_can(browser: Browser) -> None:
    page = browser.tab()
    assert not page.is_visible("#nav >> text=Translate")
    page.select_option("#model", "translator")
    page.wait_for_selector("#nav >> text=Translate")
    assert not page.is_visible("#nav >> text=Rebuild")
    go(page, "Translate")
    page.fill("#translate-text", A)
    page.fill("#translate-n", "2")
    page.wait_for_selector("#translate-out .pair p:nth-child(3)")
    page.close()


def test_narrow_screens_need_no_sideways_scrolling(browser: Browser) -> None:
    for scheme in ("light", "dark"):
        for view in ("rebuild", "walk", "sample", "map", "direction"):
            page = browser.tab(f"/#view={view}", viewport={"width": 320, "height": 700}, color_scheme=scheme)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320, view
            page.close()


def test_all_can_be_reached_by_keyboard_in_the_order_of_the_page(browser: Browser) -> None:
    page = browser.tab("/#view=walk")
    reached = tabbed(page, 14)
    wanted = ["Skip to the content", "model", "share", "HTTP reference", "Rebuild", "Walk", "Samples", "Map"]
    assert reached[:8] == wanted
    assert reached[9:12] == ["walk-a", "walk-b", "Use an example"]
    page.close()
    for view in ("rebuild", "sample", "map&find=red", "direction", "direction&far=least"):
        page = browser.tab(f"/#view={view}")
        if view.startswith("map"):
            page.wait_for_selector("#map-found button")
        wanted = page.evaluate(_FOCUSABLE)
        assert tabbed(page, len(wanted)) == wanted, view
        assert ("direction-s" in wanted) == (view == "direction")
        page.close()


def tabbed(page: Any, count: int) -> list[str]:
    """Press Tab, and return what has the focus each time, which must be seen."""
    reached = []
    for _ in range(count):
        page.keyboard.press("Tab")
        here, outline = page.evaluate(
            "[document.activeElement.id || document.activeElement.textContent,"
            " getComputedStyle(document.activeElement).outlineStyle]"
        )
        assert outline != "none", here
        reached.append(here)
    return reached


_FOCUSABLE = """[...document.querySelectorAll("a[href], input, select, textarea, button, [tabindex='0']")]
  .filter((one) => one.checkVisibility() && !one.disabled).map((one) => one.id || one.textContent)"""


def test_the_page_is_used_by_keyboard_alone(browser: Browser) -> None:
    page = browser.tab()
    press = page.keyboard.press
    press("Tab")
    press("Enter")  # skips to the content
    press("Tab")
    page.keyboard.type(A)
    page.wait_for_selector("#rebuild-out .pair")
    while page.evaluate("document.activeElement.textContent") != "Map":
        press("Shift+Tab")
    press("Enter")
    page.wait_for_selector("#map-status:has-text('100 sentences')")
    while page.evaluate("document.activeElement.id") != "map-canvas":
        press("Tab")
    press("ArrowLeft")
    middle = page.inner_text("#map-status").partition("Nearest to the middle: ")[2]
    assert middle == page.inner_text("#map-tip") in sentences()[:100]
    press("Enter")
    page.wait_for_selector(f"#map-walk:has-text('A: {middle}')")
    for _ in range(60):  # until another sentence is nearest
        press("ArrowUp")
        if page.inner_text("#map-tip") != middle:
            break
    press("+")
    press(" ")
    page.wait_for_selector("#map-walk li:nth-child(2)")
    press("Escape")
    assert not page.is_visible("#map-tip")
    while page.evaluate("document.activeElement.textContent") != "Open in Walk":
        press("Tab")
    press("Enter")
    page.wait_for_selector("#walk-all li:nth-child(2)")
    assert page.input_value("#walk-a") == middle
    while page.evaluate("document.activeElement.id") != "walk-t":
        press("Tab")
    for _ in range(60):
        press("ArrowRight")
    assert 0 < float(page.input_value("#walk-t")) <= 1
    assert page.inner_text("#walk-out") in page.locator("#walk-all li").all_inner_texts()
    page.close()


def test_the_reference_lists_every_endpoint(browser: Browser) -> None:
    page = browser.browser.new_page()
    page.goto(f"{browser.url}/docs")
    page.wait_for_selector("h2:has-text('/search')")
    assert "curl http://127.0.0.1" in page.inner_text("section:has-text('/interpolate') pre >> nth=0")
    page.close()


def test_a_key_is_asked_for(run: Path, browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path / "log", run, "--no-log", TEXTRAE_API_KEY="secret") as service:
        page = browser.browser.new_page()
        page.goto(service.url)
        page.wait_for_selector("#key")
        assert "a key is needed" in page.inner_text("#problem")
        page.fill("#key", "secret")
        page.keyboard.press("Enter")
        page.wait_for_selector("#nav a[aria-current]")
        assert not page.is_visible("#key")
        assert "secret" not in page.url
        page.close()
