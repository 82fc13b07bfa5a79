"""`bot check --stamp`: writes into responses/ from which Polish text each translation was made. Changes nothing else."""

from pathlib import Path

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap

from bot.content import read
from bot.replies import fingerprint
from bot.types import Language


def stamp(directory: Path) -> list[str]:
    """The names of the answers that were stamped anew; none while there is something that cannot be read."""
    content = read(directory)
    if content.problems:  # what cannot be read cannot be written back
        return []
    stamped = []
    yaml = YAML(typ="rt")
    yaml.width = 10000
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    for file in sorted((directory / "responses").glob("*.yml")):
        document = yaml.load(file.read_text(encoding="utf-8"))
        changed = False
        for name, variants in (document.get("responses") or {}).items():
            mark = fingerprint(content.responses[name])
            wanted = {str(language): mark for language in Language if language is not Language.PL}
            if not variants[0].get("metadata"):
                variants[0]["metadata"] = CommentedMap()
            metadata = variants[0]["metadata"]
            if dict(metadata.get("translates") or {}) != wanted:
                flow = CommentedMap(wanted)
                flow.fa.set_flow_style()
                metadata["translates"] = flow
                changed = True
                stamped.append(name)
        if changed:
            with file.open("w", encoding="utf-8") as target:
                yaml.dump(document, target)
    return stamped
