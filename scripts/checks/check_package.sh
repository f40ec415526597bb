#!/usr/bin/env bash
# Build the sdist and from it the wheel, check what an index would show, and use the wheel outside the checkout.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
.venv/bin/python -m build --outdir "$work" . >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
.venv/bin/python -m twine check --strict "$work"/textrae-*
.venv/bin/python -m pip install -q --no-deps --target "$work/site" "$work"/textrae-*.whl
cd "$work"
# the installed wheel, not the checkout: isolated mode ignores the editable install's path only if ours comes first
PYTHONPATH="$work/site" "$OLDPWD/.venv/bin/python" - <<'PY'
import pathlib, textrae, textrae_cli, textrae.model, textrae.text.corpus, textrae.evaluation.reconstruction
site = pathlib.Path(textrae.__file__).parents[1]
assert site.name == "site", site
assert pathlib.Path(textrae_cli.__file__).parents[1] == site
assert (site / "textrae" / "py.typed").exists()
assert (site / "textrae" / "server" / "page" / "index.html").exists()
assert (site / "textrae" / "integrations" / "onnx" / "site" / "model.js").exists()
others = {path.name for path in site.iterdir()} - {"textrae", "textrae_cli", "bin"}
assert all(name.endswith(".dist-info") for name in others), others
PY
PYTHONPATH="$work/site" "$OLDPWD/.venv/bin/python" "$work/site/bin/textrae" --version
echo "package: ok"
