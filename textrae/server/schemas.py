"""What requests may ask and what answers hold; every field is bounded, and an unknown one is refused."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from textrae.latent.boundary import LEAST, Least

ITEMS = 2_048
"""Most sentences or vectors of a request."""
CHARACTERS = 20_000
"""Most characters of a sentence."""
NUMBERS = 65_536
"""Most dimensions of a vector; a run has its own."""
STEPS = 100
"""Most points from one sentence of a path to the next."""
STATIONS = 10
"""Most sentences that a path leads through."""
SAMPLES = 1_000
"""Most sentences drawn by a request."""
PARAPHRASES = 10
"""Most paraphrases of a request; twenty times as many encodings are tried."""
BEAM = 20
"""Widest beam."""
STRENGTHS = 21
"""Most strengths of a step that are tried at once."""
LEAST_MOVED = 100
"""Most sentences that are moved no farther than each needs: each is tried in some 80 ways."""
HITS = 100
"""Most hits of a query."""
POINTS = 10_000
"""Most sentences of a map."""
DRAWS = 1_000
"""Most draws of the likelihood of a sentence."""
Text = Annotated[str, Field(max_length=CHARACTERS)]
Name = Annotated[str, Field(max_length=200)]


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, str) else given


Texts = Annotated[
    list[Text],
    BeforeValidator(_listed, json_schema_input_type=Text | list[Text]),
    Field(min_length=1, max_length=ITEMS),
]
"""One sentence or several."""


def _no_tokens(given: Any) -> Any:
    if isinstance(given, list) and any(isinstance(one, int | list) for one in given):
        raise PydanticCustomError("tokens", "tokens of another tokenizer cannot be read; give strings")
    return given


Some = Annotated[list[Text], Field(min_length=1, max_length=ITEMS)]
Real = Annotated[float, Field(ge=-1e6, le=1e6)]
Seed = Annotated[int, Field(ge=0, le=2**63 - 1)]
Beam = Annotated[int, Field(ge=1, le=BEAM)]


class Asked(BaseModel):
    """A request to a run."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)

    model: Name | None = Field(None, description="Name of a run; by default the first one.")


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


Blur = Annotated[
    float | None,
    Field(ge=0.0, le=1.0, description="Level of noise that the decoder assumes, of a run trained with blur."),
]
_TO = Field(None, description="Language to write, for a run that writes several.")


class Embeddings(Asked):
    """Sentences to encode, as OpenAI's clients ask for it."""

    model_config = _example(model="run", input=["A dog runs.", "A cat sleeps."]) | ConfigDict(extra="ignore")

    input: Annotated[Texts, BeforeValidator(_no_tokens, json_schema_input_type=Text | list[Text])]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(
        None, ge=1, le=NUMBERS, description="Only the first numbers, of a run with a part for meaning."
    )
    part: Literal["all", "meaning", "spelling"] | None = Field(
        None,
        description="Part of the encodings: by default what sentences are compared by; only all can be decoded.",
    )
    user: str | None = Field(None, description="Not used.")


class Decode(Asked):
    """Vectors to decode."""

    model_config = _example(vectors=[[0.1, -0.2, 0.3]])

    vectors: list[Annotated[list[float], Field(max_length=NUMBERS)]] = Field(min_length=1, max_length=ITEMS)
    beam: Beam = 1
    to: Name | None = _TO


class Reconstruct(Asked):
    """Sentences to encode and decode again."""

    model_config = _example(texts=["A dog runs."])

    texts: Texts
    beam: Beam = 1


class Interpolate(Asked):
    """Sentences between which a path is decoded."""

    model_config = _example(texts=["A dog runs.", "A cat sleeps."], steps=7)

    texts: Annotated[list[Text], Field(min_length=2, max_length=STATIONS)]
    steps: int = Field(7, ge=2, le=STEPS, description="Points from a sentence to the next, both counted.")
    method: Literal["linear", "spherical", "flow"] | None = None
    beam: Beam = 1
    blur: Blur = None
    to: Name | None = _TO


class Sample(Asked):
    """New sentences to draw."""

    model_config = _example(count=5, seed=1)

    count: int = Field(5, ge=1, le=SAMPLES)
    source: Literal["prior", "posterior", "mixture", "flow"] | None = None
    temperature: float | None = Field(None, ge=0.0, le=100.0)
    top_k: int | None = Field(None, ge=1, le=1_000_000)
    top_p: float | None = Field(None, ge=0.01, le=1.0)
    beam: Beam = 1
    seed: Seed = 0
    label: Name | None = Field(None, description="Class, of those that the run's prior knows.")
    length: float | None = Field(None, ge=0.5, le=10_000.0, description="Tokens, which the prior goes by.")
    guidance: float = Field(1.0, ge=0.0, le=100.0)
    blur: Blur = None
    to: Name | None = _TO


class Paraphrase(Asked):
    """A sentence of which others are wanted that are near it."""

    model_config = _example(text="A dog runs.", count=3)

    text: Text
    count: int = Field(5, ge=1, le=PARAPHRASES)
    distance: float = Field(0.4, ge=0.0, le=1_000.0, description="In standard deviations of the encodings.")
    seed: Seed = 0
    to: Name | None = _TO


def _number_or_least(given: Any) -> Any:
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if given == LEAST or (number and -1e6 <= given <= 1e6):
        return given
    raise PydanticCustomError("strength", "a number from -1000000 to 1000000, or least, is expected")


Strength = Annotated[Real | Least, BeforeValidator(_number_or_least, json_schema_input_type=Real | Least)]


class Analogy(Asked):
    """Sentences to move along the difference between two kinds of sentences."""

    model_config = _example(
        texts=["A dog runs."], source=["He walks.", "She sings."], target=["He walked.", "She sang."]
    )

    texts: Texts
    source: Some = Field(description="Examples of the kind to move from.")
    target: Some = Field(description="Examples of the kind to move to.")
    strength: Annotated[
        list[Strength],
        BeforeValidator(
            lambda given: given if isinstance(given, list) else [given],
            json_schema_input_type=Strength | list[Strength],
        ),
        Field(min_length=1, max_length=STRENGTHS),
    ] = Field(
        [1.0],
        description="Factor of the step, or several to try; or least: no farther than each sentence needs, "
        f"for at most {LEAST_MOVED} of them.",
    )
    beam: Beam = 1
    blur: Blur = None
    to: Name | None = _TO


class Translate(Asked):
    """Sentences to translate."""

    model_config = _example(texts=["A dog runs."])

    texts: Texts
    beam: Beam = 5
    length_penalty: float = Field(1.0, ge=-10.0, le=10.0)
    hypotheses: int | None = Field(None, ge=1, le=BEAM, description="Translations of each, with scores.")
    to: Name | None = _TO


class Score(Asked):
    """Sentences of which the cost is asked."""

    model_config = _example(texts=["A dog runs."])

    texts: Texts
    by: Literal["reconstruction", "likelihood"] = "reconstruction"
    samples: int = Field(100, ge=1, le=DRAWS, description="Draws of each likelihood.")
    seed: Seed = 0


class Search(Asked):
    """Sentences whose nearest ones are asked for."""

    model_config = _example(queries=["A dog runs."], k=3)

    queries: Texts
    index: Name | None = Field(None, description="Name of an index; by default the first one.")
    k: int = Field(10, ge=1, le=HITS)
    approximate: bool = Field(False, description="Go by the index's graph, which may miss some.")


class Map(Asked):
    """Sentences to place on a plane: those given, or those of an index."""

    model_config = _example(texts=["A dog runs.", "A cat sleeps.", "It rains."])

    texts: Annotated[list[Text], Field(min_length=1, max_length=POINTS)] | None = None
    layout: Literal["pca", "umap"] = Field(
        "pca", description="umap takes long, and needs umap-learn: one map at a time."
    )
    index: Name | None = Field(None, description="Name of an index, of which the first 10,000 are placed.")


class Usage(BaseModel):
    """Tokens that were read."""

    prompt_tokens: int
    total_tokens: int


class Embedding(BaseModel):
    """A vector."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: list[float] | str = Field(description="Numbers, or base64 of float32 in little-endian order.")


class Embedded(BaseModel):
    """Vectors, as OpenAI gives them, and what was truncated."""

    object: Literal["list"] = "list"
    data: list[Embedding]
    model: str
    usage: Usage
    truncated: list[int] = Field(description="Numbers, from 0, of sentences longer than the run reads.")


class Model(BaseModel):
    """A run."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "textrae"
    dimensions: int = Field(description="Numbers of an encoding.")
    meaning: int = Field(description="Numbers of its part for meaning; 0 if there is none.")
    max_tokens: int = Field(description="Tokens of the longest sentence that is read whole.")
    can: list[str] = Field(description="What may be asked of it.")
    languages: list[str] = Field(description="Languages that it writes; none if there is only one.")
    labels: list[str] = Field(description="Classes that its prior knows.")
    methods: list[str] = Field(description="How a path may lead.")
    sources: list[str] = Field(description="What samples may be drawn from.")
    layouts: list[str] = Field(description="How a map may be made.")
    blur: bool = Field(description="Whether it was trained with blur, so that requests may give one.")
    least: bool = Field(description="Whether /analogy takes the strength least.")
    indexes: list[str] = Field(description="Names of what may be searched.")
    about: str = Field(description="What it is, in a line.")


class Models(BaseModel):
    """All runs."""

    object: Literal["list"] = "list"
    data: list[Model]


class Written(BaseModel):
    """Sentences that were written."""

    model: str
    texts: list[str]
    truncated: list[int] = Field(
        [], description="Numbers, from 0, of sentences longer than the run reads, which were cut."
    )


class Moved(BaseModel):
    """Sentences after a step."""

    strength: float | Least
    texts: list[str]


class Moves(BaseModel):
    """Sentences after steps of several lengths."""

    model: str
    moved: list[Moved]
    truncated: list[int]


class Hypothesis(BaseModel):
    """A translation."""

    text: str
    score: float


class Translations(BaseModel):
    """Translations, the best of each, or several of each."""

    model: str
    texts: list[str]
    hypotheses: list[list[Hypothesis]] | None
    truncated: list[int]


class Cost(BaseModel):
    """What a sentence costs a run."""

    nats: float = Field(description="Or squared distance, of a run trained with mse.")
    tokens: int


class Scores(BaseModel):
    """What sentences cost."""

    model: str
    by: str
    scores: list[Cost]
    truncated: list[int]


class Found(BaseModel):
    """A sentence that was found."""

    text: str
    score: float
    rows: list[int] = Field(description="Rows of the input, from 1, where it stands; 100 at most.")
    copies: int


class Hits(BaseModel):
    """Sentences that were found, for each query."""

    model: str
    index: str
    hits: list[list[Found]]
    truncated: list[int]


class Places(BaseModel):
    """Places of sentences on a plane."""

    model: str
    texts: list[str] | None = Field(description="The sentences, where they are those of an index.")
    points: list[tuple[float, float]]
    explained: tuple[float, float] | None = Field(
        description="Shares of the variance that the two directions of a PCA have."
    )
    left_out: int = Field(description="Sentences of the index beyond those that are placed.")
    truncated: list[int]


class Health(BaseModel):
    """Whether the service works."""

    status: Literal["ok", "stopping"]
    models: list[str]
    waiting: int


class Failure(BaseModel):
    """What was wrong with a request."""

    message: str
    type: str
    param: str | None
    code: str | None


class Failed(BaseModel):
    """An error, in OpenAI's form."""

    error: Failure
