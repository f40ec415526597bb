"""Errors, and the wording that several of them share."""

from __future__ import annotations

import errno

from textrae.errors import cannot_write


def test_a_disk_that_refuses_is_told_in_one_wording() -> None:
    end = "free some space or choose another place"
    assert cannot_write("v.npy", OSError(28, "No space left on device")) == (
        f"v.npy: cannot write (No space left on device); {end}"
    )
    assert cannot_write("v.npy", OSError("odd")) == f"v.npy: cannot write (odd); {end}"
    refused = PermissionError(errno.EACCES, "Permission denied")
    assert cannot_write("v.npy", refused) == "v.npy: cannot write (Permission denied); choose another place"
