"""The options of `textrae train`: made from the settings, and shown in sections."""

import re
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import Field
from pydantic.dataclasses import dataclass
from support import textrae_here
from textrae_cli import app
from textrae_cli.switches import options, options_of, plain_type
from typer import BadParameter
from typer.main import get_command

from textrae.series.settings import SeriesConfig, SeriesFormat, SeriesTraining
from textrae.settings.corpus import CorpusConfig
from textrae.settings.fields import STRICT
from textrae.settings.model import ModelConfig
from textrae.settings.training import TrainingConfig

SWITCHES = """
--accumulate --activation --adam-beta2 --aggressive --aligned/--no-aligned --batch-size --batch-tokens --beta --beta-cycles
--beta-schedule --beta-warmup --bidirectional/--no-bidirectional --blur --bottleneck --cache-dir --cell
--checkpoint-minutes --clip --clock/--no-clock --column --columns --conditioning --config --context/--no-context --copying --corpus-format --crossover --decimal --decoder --delimiter
--device --dropout --embedding --embedding-rate --encoder --encoding-scale --epochs --errors --frame
--free-bits --free-bits-per --freeze-encoder/--train-encoder --header/--no-header --hidden
--hierarchical/--no-hierarchical --json --label-smoothing --labels/--no-labels --latent --layers --layout
--lr --max-length --meaning --meaning-weight --memory --minutes --missing --model --mse-weight --noise-blank --noise-drop --noise-shuffle
--noise-substitute --out/-o --overwrite --places --pooling --posterior-norm --precision --pretrain --prior
--reconstruction --regulariser --regulariser-weight --rehearsal --reset-decoder/--keep-decoder
--resume --reverse/--forward --scaling --scoring --seed --segments --series --sif/--no-sif --size --slot-addressing --slots
--steps --stride --target --target-column --target-tokenizer --teacher --tokenizer --tokenizers --track --valid --valid-size
--valid-target --valid-vectors --validations --variational/--no-variational --vectors --views/--no-views --vocab-size
--warmup --weight-decay --weight-dropout --whole-words/--word-parts --window --word-dropout
"""
WHOLE = """
--accumulate --batch-size --batch-tokens --beta-cycles --embedding --frame --hidden --latent --layers --max-length
--meaning --noise-shuffle --places --seed --slots --steps --stride --valid-size --validations --vocab-size --window
"""
REAL = """
--adam-beta2 --aggressive --beta --beta-warmup --blur --checkpoint-minutes --clip --copying --crossover --dropout
--embedding-rate --encoding-scale --epochs --free-bits --label-smoothing --lr --meaning-weight --minutes --mse-weight
--noise-blank --noise-drop --noise-substitute --posterior-norm --pretrain --prior --regulariser-weight
--rehearsal --warmup --weight-decay --weight-dropout --word-dropout
"""


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    """Return what each section says, on one line."""
    shown = textrae_here("train", "--help").stdout.decode()
    parts = re.split(r"^(\w[^\n]*):\n", shown, flags=re.MULTILINE)[1:]
    return {title: " ".join(said.split()) for title, said in zip(parts[::2], parts[1::2], strict=True)}


def test_every_switch_is_in_one_section(sections: dict[str, str]) -> None:
    said = " ".join(sections.values())
    switches = [option for param in params() for option in param.opts if option.startswith("--")]
    assert len(switches) > 80
    for switch in switches:
        assert len(re.findall(rf"(?:^|-o, | ){switch} (?=<|/|\[|[A-Z])", said)) == 1, switch


def params() -> list[Any]:
    """Return the parameters of `train`."""
    group: Any = get_command(app)
    found: list[Any] = group.get_command(None, "train").params
    return found


def test_the_switches_are_those_of_before_and_some_more() -> None:
    """Every one of version 0.1.0 (85), and those of settings that came since."""
    found = {"/".join([*param.opts, *param.secondary_opts]) for param in params()}
    assert found == set(SWITCHES.split()) | {"corpus"}


def test_the_types_of_the_switches_are_those_of_before() -> None:
    switches = {param.name: param.opts[0] for param in params()}
    for kind, expected in ((int, WHOLE), (float, REAL)):
        found = {switches[one.name] for one in options() if get_args(one.annotation)[0] == kind | None}
        assert found == set(expected.split())
    assert {param.opts[0] for param in params() if param.nargs == 1 and param.multiple} == {
        "--target",
        "--valid-target",
        "--series",
    }
    assert not any(param.required for param in params())


def test_every_setting_has_a_switch_with_help_of_one_short_sentence() -> None:
    by_name = {param.name: param for param in params()}
    for cls in (ModelConfig, CorpusConfig, TrainingConfig, SeriesConfig, SeriesFormat, SeriesTraining):
        for field in options_of(cls):
            said = by_name[field.name].help
            assert 10 < len(said) <= 90, (field.name, said)
            assert said.endswith("."), (field.name, said)
            assert "`" not in said, (field.name, said)


def test_a_setting_of_a_type_without_an_option_is_a_mistake() -> None:
    assert plain_type(Annotated[float, Field(gt=0)] | None) == (float, ())
    assert plain_type(Literal["a", "b"]) == (str, ("a", "b"))
    assert plain_type(Annotated[int, Field(gt=0)] | Literal["auto"]) == (int, ("auto",))
    assert plain_type(float | Literal["a", "b"] | None) == (float, ("a", "b"))
    with pytest.raises(TypeError, match="name it in WITHOUT"):
        plain_type(None)


def test_a_switch_takes_a_number_or_a_word() -> None:
    (option,) = [one for one in options_of(CorpusConfig) if one.name == "max_length"]
    (declared,) = option.annotation.__metadata__
    assert declared.metavar == "[<int>|auto]"
    assert (declared.parser("12"), declared.parser("auto")) == (12, "auto")
    for given in ("many", "1.5", ""):
        with pytest.raises(BadParameter, match=f"'{given}' is neither a whole number nor auto"):
            declared.parser(given)


def test_a_new_field_is_a_switch() -> None:
    @dataclass(frozen=True, config=STRICT)
    class Settings:
        """Settings with one field."""

        nodes: Annotated[int, Field(gt=0)] | None = None
        """Nodes of the cluster.

        Details that the help leaves out.
        """

    (option,) = options_of(Settings)
    (declared,) = option.annotation.__metadata__
    assert (option.name, declared.help) == ("nodes", "Nodes of the cluster.")


@pytest.mark.parametrize(
    ("switch", "section"),
    [
        ("--out", "Run and files"),
        ("--vocab-size", "Corpus and tokenizer"),
        ("--corpus-format", "Corpus and tokenizer"),
        ("--model", "Model"),
        ("--size", "Model"),
        ("--beta", "Variational models"),
        ("--seed", "Training"),
        ("--freeze-encoder", "Translation, vectors and trained parts"),
        ("--series", "Series of numbers"),
        ("--batch-size", "Series of numbers"),
    ],
)
def test_switches_are_where_one_looks_for_them(sections: dict[str, str], switch: str, section: str) -> None:
    assert f"{switch} " in sections[section]


def test_a_number_or_a_word_is_told(sections: dict[str, str]) -> None:
    said = "--max-length [<int>|auto] Tokens at which a longer sentence is truncated, or auto for what 99.5% of lines need."
    assert f"{said} [default: auto]" in sections["Corpus and tokenizer"]


def test_defaults_are_those_of_the_settings(sections: dict[str, str]) -> None:
    text, series = ModelConfig().layers, SeriesConfig().hidden
    assert (
        f"Hidden units of each recurrent layer. [default: by --size, with --series {series}]"
        in sections["Model"]
    )
    assert f"Recurrent layers of the encoder and of the decoder. [default: {text}" in sections["Model"]
    assert "can train in the budget. [default: auto]" in sections["Model"]
    assert "Read the sentence in both directions (BRAE). [default: bidirectional]" in sections["Model"]
    assert "which is written. --valid-vectors" in sections["Translation, vectors and trained parts"]
