"""The static site: its files, its tokenizer beside SentencePiece, and what it computes beside the model."""

from __future__ import annotations

import io
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import LINES, TEXT, sentences
from sites import served, tab

pytest.importorskip("onnx")

import sentencepiece
from sentencepiece import sentencepiece_model_pb2

from textrae import ModelConfig, SentenceAutoencoder, TrainingConfig
from textrae.errors import ConfigError
from textrae.integrations.onnx.runtime import FILES, cache
from textrae.integrations.onnx.web import export_site, pieces, site_files
from textrae.nn.autoencoder import Autoencoder
from textrae.runs.run import Run
from textrae.settings.run import Settings
from textrae.text.tokenizer import Tokenizer

ODD = [
    "\u2581\ufdd0 a\ufdd01",
    "\U0001f469\u200d\U0001f467 dog \U0001f415",
    "猫坐在垫子上。",
    "a\tb\x00c\r",
    "é e\u0301 \ufeff\u2028",
]
needs_runtime = pytest.mark.skipif(
    not all((cache() / name).is_file() for name in FILES),
    reason="onnxruntime-web is not in the cache: `textrae export --site` downloads it",
)


def test_the_files_are_whole_and_come_from_nowhere_else(model: SentenceAutoencoder) -> None:
    found = site_files(model.run, False, "some", "About it.")
    for name, content in found.items():
        if name.endswith((".js", ".html", ".css")):
            text = content.decode()
            assert "://" not in text.replace("http://www.w3.org", ""), name
            assert 'href="docs"' not in text
            for other in re.findall(r"""(?:from|src=|href=) ?"(?:\./)?([\w./]+\.(?:m?js|css))\b""", text):
                assert other in found or other.removeprefix("runtime/") in FILES, (name, other)
    described = json.loads(found["model/config.json"])
    assert (described["name"], described["about"], described["max_length"]) == ("some", "About it.", 20)


def test_what_a_page_cannot_show_is_refused(model: SentenceAutoencoder) -> None:
    shape, tokenizer = ModelConfig(hidden=8, slots=2, vectors=12), model.run.tokenizer
    network = Autoencoder(shape, tokenizer.vocab_size).eval()
    run = Run(network, tokenizer, Settings(shape, TEXT, TrainingConfig()))
    with pytest.raises(ConfigError, match="reads vectors of another encoder"):
        site_files(run, False, "some", "")
    other = sentencepiece_model_pb2.ModelProto()
    other.ParseFromString(tokenizer.to_bytes())
    other.trainer_spec.model_type = other.trainer_spec.CHAR
    with pytest.raises(ConfigError, match="knows BPE and unigram models with byte fallback"):
        pieces(Tokenizer(other.SerializeToString()))


def unigram(spaced: bool) -> Tokenizer:
    """A tokenizer of the other kind, with pieces that a user defined."""
    made = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([*sentences(), *LINES]),
        model_writer=made,
        model_type="unigram",
        vocab_size=400,
        hard_vocab_limit=False,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        add_dummy_prefix=spaced,
        user_defined_symbols=["\u2581<unk>", "dog", "do"],
        required_chars="\u2581",
        minloglevel=2,
        **{f"{name}_id": place for place, name in enumerate(("pad", "bos", "eos", "unk"))},
        **{f"{name}_piece": f"\ufdd0{name}" for name in ("pad", "bos", "eos", "unk")},
    )
    return Tokenizer(made.getvalue())


def texts(draw: random.Random) -> list[str]:
    """Sentences, odd ones, and characters at random."""
    pool = [chr(code) for code in range(0x250)]
    pool += [
        *"\u2581\ufdd0\u2028\ufeff\ufffd\u200d\U0001f415\U0010ffff猫\u0301가",
        "</s>",
        "<0x0A>",
        " <unk>",
        "dog",
        "  ",
    ]
    drawn = ["".join(draw.choices(pool, k=draw.randrange(30))) for _ in range(1_500)]
    return [*sentences(), *LINES, *ODD, *drawn]


@pytest.mark.browser
@pytest.mark.parametrize("kind", ["bpe", "unigram", "unigram without spaces"])
def test_the_tokenizer_is_sentencepieces(kind: str, model: SentenceAutoencoder, tmp_path: Path) -> None:
    tokenizer = model.run.tokenizer if kind == "bpe" else unigram("without" not in kind)
    (tmp_path / "index.html").write_text("<!doctype html><link rel=icon href=data:,>")
    (tmp_path / "tokenizer.js").write_bytes(site_files(model.run, False, "", "")["tokenizer.js"])
    (tmp_path / "pieces.json").write_bytes(pieces(tokenizer))
    draw = random.Random(0)
    lines = texts(draw)
    rows = [
        draw.choices(range(4, min(300, tokenizer.vocab_size)), k=draw.randrange(20)) for _ in range(1_500)
    ]
    with served(tmp_path) as url, tab(url) as page:
        found = page.evaluate(_TOKENIZE, {"lines": lines, "rows": rows})
    assert found["ids"] == tokenizer.encode(lines)
    assert [found["cut"], found["some"]] == list(reversed(tokenizer.encode_cut(lines, 7)))
    assert found["texts"] == tokenizer.decode(rows)


_TOKENIZE = """async ({ lines, rows }) => {
  const { Tokenizer } = await import("./tokenizer.js");
  const one = new Tokenizer(await (await fetch("pieces.json")).json());
  const cut = lines.map((line) => one.encode(line, 7));
  return {
    ids: lines.map((line) => one.encode(line).ids), cut: cut.map((found) => found.cut),
    some: cut.map((found) => found.ids), texts: rows.map((row) => one.decode(row)),
  };
}"""
_ASK = """async ([path, fields]) => (await import("./service.js")).ask("test", path, fields)"""


def trained(corpus: Path, **switches: Any) -> SentenceAutoencoder:
    torch.manual_seed(0)
    shape = ModelConfig(hidden=48, embedding=32, slots=3, latent=8, **switches)
    return SentenceAutoencoder.train(
        corpus, shape, TrainingConfig(steps=100, lr=1e-2, seed=0, precision="fp32"), text=TEXT
    )


@needs_runtime
@pytest.mark.browser
@pytest.mark.parametrize(
    "switches", [{"variational": True, "blur": 0.5}, {"meaning": 8, "sif": True}], ids=str
)
def test_the_page_computes_what_the_model_does(
    switches: dict[str, Any], corpus: Path, tmp_path: Path
) -> None:
    model, lines = trained(corpus, **switches), sentences()
    export_site(model.run, tmp_path / "site", name="some", about="About it.")
    with served(tmp_path / "site") as url, tab(url) as page:
        page.wait_for_selector("#nav a[aria-current]")
        assert page.inner_text("#about") == "About it."
        some = [*lines[::40], *(line for line in [*LINES, *ODD] if line.strip())]
        found = page.evaluate(_ASK, ["reconstruct", {"texts": some}])
        assert found["texts"] == model.reconstruct(some)
        cut = model.run.tokenizer.encode_cut(some, model.max_length)[1]
        assert found["truncated"] == [place for place, was in enumerate(cut) if was] != []
        for method in ("linear", "spherical", None):
            fields = {"texts": lines[3:400:396], "steps": 9, "method": method}
            walked = page.evaluate(_ASK, ["interpolate", fields])["texts"]
            assert walked == model.interpolate(*fields["texts"], steps=9, method=method)
            assert len(set(walked)) > 2
        fields = {
            "texts": lines[:3],
            "source": lines[10:30],
            "target": lines[500:540],
            "strength": [-1, 0, 1.5],
        }
        moved = page.evaluate(_ASK, ["analogy", fields])["moved"]
        step = model.direction(fields["source"], fields["target"])
        for one, strength in zip(moved, fields["strength"], strict=True):
            assert one == {"strength": strength, "texts": model.move(lines[:3], step, strength)}
        assert page.evaluate(_ASK, ["analogy", fields | {"strength": "least"}]) is None
        assert "moved by numbers only, not by least" in page.inner_text("#problem")
        assert not page.is_visible("#direction-far")
        assert page.evaluate(_ASK, ["sample", {}]) is None
        assert "cannot compute it" in page.inner_text("#problem")


@needs_runtime
@pytest.mark.browser
def test_a_visitor_rebuilds_and_walks(model: SentenceAutoencoder, tmp_path: Path) -> None:
    export_site(model.run, tmp_path / "site", name="some", about="", int8=True)
    a, b = sentences()[0], sentences()[700]
    with served(tmp_path / "site") as url, tab(url) as page:
        page.wait_for_selector("#nav a[aria-current]")
        assert page.locator("#nav li:visible").all_inner_texts() == ["Rebuild", "Walk", "Direction"]
        page.fill("#rebuild-text", f"{a}\n{'x ' * 40}")
        page.wait_for_selector(".pair:nth-child(2)")
        assert "It came back exactly." in page.inner_text(".pair:nth-child(1)")
        assert "was cut" in page.inner_text(".pair:nth-child(2)")
        page.click("#nav >> text=Walk")
        page.fill("#walk-a", a)
        page.fill("#walk-b", b)
        page.wait_for_selector("#walk-all li:nth-child(2)")
        page.focus("#walk-t")
        page.keyboard.press("End")
        assert page.inner_text("#walk-out") == b


@needs_runtime
@pytest.mark.browser
def test_a_translators_site_translates(corpus: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("\n".join(line.upper() for line in sentences()) + "\n", encoding="utf-8")
    shape = ModelConfig(hidden=48, embedding=32, slots=3, latent=8)
    training = TrainingConfig(steps=60, lr=1e-2, seed=0, precision="fp32")
    target = {"same": corpus, "loud": other}
    model = SentenceAutoencoder.train([corpus, corpus], shape, training, text=TEXT, target=target)
    export_site(model.run, tmp_path / "site", name="some", about="")
    lines = sentences()[::100]
    with served(tmp_path / "site") as url, tab(f"{url}/#view=translate") as page:
        page.wait_for_selector("#nav a[aria-current]")
        assert page.locator("#translate-to option").all_inner_texts() == ["same", "loud"]
        for to in ("same", "loud"):
            found = page.evaluate(_ASK, ["translate", {"texts": lines, "to": to}])
            written = [one[0]["text"] for one in found["hypotheses"]]
            assert written == model.translate(lines, beam=1, to=to)
