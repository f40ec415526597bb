"""NumPy files: what NumPy writes is read, and no header breaks anything."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textrae.text.npy import open_npy


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12).reshape(3, 4)),
        np.float32(3),
        np.array([True, False]),
        np.zeros((0, 4), dtype=np.float16),
        np.arange(6, dtype=">f4").reshape(1, 2, 3),
    ],
)
def test_reads_what_numpy_writes(tmp_path: Path, array: Any) -> None:
    path = tmp_path / "a.npy"
    for version in (None, (2, 0), (3, 0)):
        with path.open("wb") as stream:
            np.lib.format.write_array(stream, np.asanyarray(array), version)
        found = open_npy(path)
        assert found.dtype == array.dtype
        np.testing.assert_array_equal(found, array)


def header(said: bytes, data: bytes = b"") -> bytes:
    return b"\x93NUMPY\x01\x00" + (len(said) + 1).to_bytes(2, "little") + said + b"\n" + data


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (header(b"[" * 9_000), "malformed"),
        (header(b"(" * 9_000), "malformed"),
        (
            header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (" + b"-" * 9_000 + b"1,)}"),
            "malformed",
        ),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,,4)}", b"x" * 48), "malformed"),
        (header(b"{'descr': '<f4', 'fortran_order': False}"), "malformed"),
        (header(b"{'descr': True, 'fortran_order': '<f4', 'shape': (1,)}"), "malformed"),
        (header(b"{'descr': '<f4', 'fortran_order': (1,), 'shape': False}"), "malformed"),
        (header(b""), "malformed"),
        (header(b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}"), "other values than numbers"),
        (header(b"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}"), "other values"),
        (header(b"{'descr': '<f3', 'fortran_order': False, 'shape': (1,)}"), "kind '<f3'"),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", b"x" * 15), "takes 16 bytes"),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2)}", b"x" * 17), "holds 17"),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (%s,)}" % (b"9" * 18)), "takes"),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (0, %s)}" % (b"9" * 19)), "malformed"),
        (header(b"{'descr': '<f4', 'fortran_order': False, 'shape': (%s)}" % (b"0, " * 65)), "dimension"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f{", "a header of 2,147,483,647 bytes"),
        (b"\x93NUMPY\x09\x00\x10\x00{}", "version 9"),
        (b"\x93NUMPY", "no .npy file"),
        (b"PK\x03\x04 an archive of arrays", "no .npy file"),
        (b"", "no .npy file"),
    ],
)
def test_a_bad_header_is_told_in_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(ValueError, match=said) as caught:
        open_npy(tmp_path / "a.npy")
    assert "\n" not in str(caught.value)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_changed_file_is_read_as_its_header_says_or_refused(data: st.DataObject) -> None:
    from tempfile import TemporaryDirectory

    stream = io.BytesIO()
    np.save(stream, np.arange(12, dtype=np.float32).reshape(3, 4))
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, 90) | st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=2))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.npy"
        path.write_bytes(content)
        try:
            found = open_npy(path)
        except ValueError as error:
            said = str(error)
        else:
            said = ""
            assert found.tobytes("F" if found.flags.f_contiguous else "C") == bytes(content[-found.nbytes :])
        assert "\n" not in said
