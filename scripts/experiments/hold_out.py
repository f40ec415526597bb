"""Split a file's last lines off, which the demo's model must not see.

    python scripts/experiments/hold_out.py data/sentences.en.txt 200 demo-run

Makes the folder with train.txt, unseen.txt (the held-out lines) and eight.txt (the first eight lines of unseen.txt).
"""

import sys
from pathlib import Path


def main() -> None:
    """Write the three files."""
    source, count, folder = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])
    try:
        lines = source.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        sys.exit(
            f"error: {source}: no UTF-8 text that can be read ({error}); check the path, or convert the file"
        )
    if len(lines) <= count:
        sys.exit(
            f"error: {source}: {len(lines):,} lines, of which {count:,} would be held out; give more text"
        )
    folder.mkdir(exist_ok=True)
    for name, part in (("train", lines[:-count]), ("unseen", lines[-count:]), ("eight", lines[-count:][:8])):
        (folder / f"{name}.txt").write_text("\n".join(part) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
