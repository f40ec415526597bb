"""Sentences of objects and strings of JSON: which value of an object is read, and what is said of the others."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, NoReturn

from textrae.errors import CorpusError
from textrae.text.blocks import ReadCounts
from textrae.text.columns import Choice, Column, choose_column, is_near, listing, refuse_repeats, shown
from textrae.text.json_values import Item

_HELD_ROWS: Final = 1_000
_HELD_CHARACTERS: Final = 2**22
_KNOWN: Final = 10_000
"""Different columns that are kept in mind, parts of nested ones among them."""
_DEPTH: Final = 8
_LISTED: Final = 100
"""Values of a list that are looked at for text."""
_USUAL: Final = "text"
_HALF_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_KINDS: Final = {bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}


def object_rows(
    batches: Iterator[list[Item]],
    where: Callable[[int], str],
    column: str | None,
    errors: Literal["strict", "replace"],
    counts: ReadCounts,
    noted: str = "",
    *,
    uniform: bool = False,
    head: list[Item] | None = None,
) -> Iterator[list[str]]:
    """Yield the sentence of each value: a column of an object, or the value if that is a string.

    A row without the column, a null and a blank line are empty sentences, so that rows and lines agree. Without a
    wanted column, ``text`` is read wherever it occurs in the first 1,000 rows, and otherwise ``sentence`` or the only
    one with text. If a later row then has another that could be meant, it raises.

    Args:
        batches: values of a file, in lists.
        where: function from the number of a value to its file and line in messages; 0 gives the file.
        column: name of the column, or a path such as ``translation.en``.
        errors: whether half a character, escaped, raises, or is read as U+FFFD and counted.
        counts: updated for such rows and for rows without the column; it is told which column is read.
        noted: more about the file, for the user.
        uniform: whether all objects have the same columns, so that one that the first ones lack is not looked for.
        head: the first values of the file, where `batches` begin further down: they decide which column is read. Their
            sentences are not yielded, nor are they counted.

    Raises:
        CorpusError: there is no such column, several could be meant, or a value is no text; it names the line or row.
    """
    reader = _Objects(where, column, errors, counts, noted, uniform=uniform)
    if head is not None:
        reader.decide(head)
    for batch in batches:
        if sentences := reader.read(batch):
            yield sentences
    if sentences := reader.end():
        yield sentences


class _Objects:
    """A reader of objects, which holds the first ones until it is known which column to read."""

    def __init__(
        self,
        where: Callable[[int], str],
        wanted: str | None,
        errors: Literal["strict", "replace"],
        counts: ReadCounts,
        noted: str,
        *,
        uniform: bool,
    ) -> None:
        self._where, self._wanted, self._errors, self._counts = where, wanted, errors, counts
        self._noted, self._uniform = noted, uniform
        self._seen = _Seen()
        self._choice: Choice | None = None
        self._names: tuple[str, ...] = ()
        self._quoted: list[set[str]] = []
        self._watched = False
        self._held: list[Item] = []
        self._size = self._lacking = 0

    def read(self, batch: list[Item]) -> list[str]:
        """Return the sentences of a batch, and of those that were held before it; none while they are held."""
        sentences: list[str] = []
        for item in batch:
            if self._counts.kept is not None:
                self._counts.kept.add_object(item.value, self._where(item.number))
            if self._choice is None and (isinstance(item.value, dict) or self._held or self._lacking):
                sentences += self._hold(item)
            else:
                sentences.append(self._sentence(item))
                if self._choice is None:
                    self._counts.tell("strings" + (f" ({self._noted})" if self._noted else ""))
        return sentences

    def decide(self, head: list[Item]) -> None:
        """Choose the column by the first values of a file, of which nothing else is taken.

        Raises:
            CorpusError: there is no column that could be meant, or none of these values has the wanted one.
        """
        counts, self._counts = self._counts, ReadCounts(tables=[""])
        self.read(head)
        if self._lacking:
            raise CorpusError(
                f"{self._where(0)}: none of its first {len(head):,} rows has a column {self._wanted!r}; check the name"
            )
        if self._held:
            self._chosen()
        counts.tell(self._counts.tables[-1])
        self._counts = counts

    def end(self) -> list[str]:
        """Return the sentences of what is held at the end.

        Raises:
            CorpusError: there is no column that could be meant.
        """
        if self._counts.kept is not None:
            self._counts.kept.refuse_unseen(self._where(0))
        if self._lacking:
            columns = self._seen.columns.values()
            raise CorpusError(f"{self._where(0)}: no column {self._wanted!r}; it has {listing(columns)}")
        return self._chosen() if self._held else []

    def _hold(self, item: Item) -> list[str]:
        """Hold an item, and return what is held if it is known which column to read."""
        if self._wanted is not None and not isinstance(item.value, dict | None):
            self._refuse_plain(item)
        wanted = self._wanted or _USUAL
        if isinstance(item.value, dict):
            self._seen.see(item.value)
            if any(isinstance(value, str) for value in _values(item.value, wanted)):
                self._held.append(item)
                return self._chosen()
        if self._lacking:
            self._lacking += 1
            return []
        self._held.append(item)
        self._size += len(item.raw)
        if len(self._held) >= _HELD_ROWS or self._size > _HELD_CHARACTERS:
            near = any(is_near(one.name, wanted) for one in self._seen.columns.values())
            if self._wanted is None or near or self._uniform:
                return self._chosen()
            # None of these rows has the column, so that they are blank: only their number matters.
            self._lacking, self._held = len(self._held), []
        return []

    def _chosen(self) -> list[str]:
        """Choose the column, and return the sentences of what is held."""
        columns = list(self._seen.columns.values())
        choice = choose_column(columns, self._wanted, self._where(0), numbered=False)
        self._choice, self._names = choice, self._seen.names(choice.column)
        self._quoted = [{json.dumps(name, ensure_ascii=way) for way in (True, False)} for name in self._names]
        self._watched = not choice.named or (self._wanted is None and choice.column.name != _USUAL)
        self._seen.new_texts.clear()
        self._counts.tell(choice.said(self._noted))
        self._counts.missing += self._lacking
        held, self._held = self._held, []
        sentences = [""] * self._lacking + [self._sentence(item) for item in held]
        self._lacking = 0
        return sentences

    def _sentence(self, item: Item) -> str:
        value = item.value
        if isinstance(value, dict):
            if self._watched:
                self._watch(item)
            if any(sum(map(item.raw.count, ways)) > 1 for ways in self._quoted):
                self._refuse_repeats(item)
            value = self._part(item)
            if value is None:
                self._refuse_nearly(item)
                self._counts.missing += 1
        elif self._wanted is not None and value is not None:
            self._refuse_plain(item)
        if value is None:
            return ""
        if not isinstance(value, str):
            kind = _KINDS.get(type(value), type(value).__name__)
            raise CorpusError(
                f"{self._where(item.number)}: {kind} where text was expected; choose another `column`"
            )
        # An escaped lone surrogate is valid JSON, but no text.
        if _HALF_ESCAPE.search(item.raw) and _SURROGATE.search(value):
            if self._errors == "strict":
                raise CorpusError(
                    f"{self._where(item.number)}: an escape is half a character; mend it, or give `errors=replace`"
                )
            value = _SURROGATE.sub("\ufffd", value)
            self._counts.undecodable += 1
        return value

    def _part(self, item: Item) -> Any:
        """Return the value of the column, or None if the row has none."""
        value = item.value
        for depth, name in enumerate(self._names):
            if value is None:
                return None
            if not isinstance(value, dict):
                path = ".".join(self._names[:depth])
                raise CorpusError(f"{self._where(item.number)}: {shown(path)} is no object here")
            value = value.get(name)
        return value

    def _watch(self, item: Item) -> None:
        """Raise :class:`CorpusError` if a row has another column that could be meant, and no row before it had."""
        self._seen.see(item.value)
        if not self._seen.new_texts:
            return
        assert self._choice is not None
        chosen = self._choice.column.name
        by_name = self._wanted is not None or is_near(chosen, _USUAL) or is_near(chosen, "sentence")
        meant = (self._wanted,) if self._wanted is not None else (_USUAL, "sentence")
        for name in self._seen.new_texts:
            if not by_name or any(is_near(name, one) for one in meant):
                raise CorpusError(
                    f"{self._where(item.number)}: has {shown(name)} too, with text, which no row before it had; name the "
                    f"column, {shown(chosen)} or another, as `column`"
                )
        self._seen.new_texts.clear()

    def _refuse_nearly(self, item: Item) -> None:
        """Raise :class:`CorpusError` if a row has text under nearly the name of the column, which it lacks."""
        for name, value in item.value.items():
            if isinstance(value, str) and is_near(name, self._names[0]) and name != self._names[0]:
                raise CorpusError(
                    f"{self._where(item.number)}: has {shown(name)} where others have {shown(self._names[0])}; rename it"
                )

    def _refuse_repeats(self, item: Item) -> None:
        def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
            refuse_repeats([name for name, _ in pairs if name in self._names], self._where(item.number))
            return dict(pairs)

        json.loads(item.raw, object_pairs_hook=object_of)

    def _refuse_plain(self, item: Item) -> NoReturn:
        raise CorpusError(
            f"{self._where(item.number)}: no column {self._wanted!r}, as it is no object; leave `column` out"
        )


class _Seen:
    """The columns that objects have, and parts of nested ones.

    Attributes:
        columns: by the names that lead to each; what lies in lists is kept with its list.
        new_texts: names of columns that were found to hold text since they were last cleared.
    """

    def __init__(self) -> None:
        self.columns: dict[tuple[str, ...], Column] = {}
        self.new_texts: list[str] = []

    def see(self, value: dict[str, Any]) -> None:
        """Take note of an object's columns."""
        self._see(value, (), in_list=False)

    def names(self, column: Column) -> tuple[str, ...]:
        """Return the names that lead to a column that was seen."""
        return next(names for names, one in self.columns.items() if one == column)

    def _see(self, value: dict[str, Any], above: tuple[str, ...], *, in_list: bool) -> None:
        for name, inner in value.items():
            names = (*above, name)
            if isinstance(inner, dict) and inner and len(names) < _DEPTH:
                self._see(inner, names, in_list=in_list)
            elif isinstance(inner, list):
                texts = inner[:_LISTED]
                if not any(isinstance(one, dict) for one in texts):
                    self._add((*names, "[]"), any(isinstance(one, str) for one in texts), in_list=True)
                for one in texts:
                    if isinstance(one, dict) and len(names) < _DEPTH:
                        self._see(one, (*names, "[]"), in_list=True)
            else:
                self._add(names, isinstance(inner, str), in_list=in_list)

    def _add(self, names: tuple[str, ...], text: bool, *, in_list: bool) -> None:
        known = self.columns.get(names)
        if known is not None and (known.text or not text):
            return
        if known is None and len(self.columns) >= _KNOWN:
            # So many cannot be told apart: whichever has text is not the only one.
            names, text, in_list = ("…",), True, True
            if names in self.columns:
                return
        place = len(self.columns) if known is None else known.place
        name = ".".join(names).replace(".[]", "[]")
        self.columns[names] = Column(name, text, place, names[1:], in_list)
        if text:
            self.new_texts.append(name)


def _values(value: dict[str, Any], wanted: str) -> Iterator[Any]:
    """Yield what a name may mean in an object: a column, or what dots in it lead to."""
    if wanted in value:
        yield value[wanted]
    at = wanted.find(".")
    while at >= 0:
        inner = value.get(wanted[:at])
        if isinstance(inner, dict):
            yield from _values(inner, wanted[at + 1 :])
        at = wanted.find(".", at + 1)
