"""How `BOT_...` variables are read and listed: each is a field of a model. It knows none of them by name.

A secret may also stand in a file that `BOT_..._FILE` names. Mistakes are reported all at once, by name and without the value, because
a value may be a secret.
"""

import difflib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError
from pydantic.fields import FieldInfo

from bot.i18n import gettext as _


class SettingsError(Exception):
    """All mistakes in the settings, one a line."""


class Variables(BaseModel):
    """Each field is a variable, and its description the meaning."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, validate_default=True)


Models = Mapping[str, type[Variables]]  # by the first word of their variables after BOT_


@dataclass(frozen=True, slots=True)
class Variable:
    """A field of a model, and whose it is: the first word of its name, empty for the program's own."""

    owner: str
    field: str
    info: FieldInfo

    @property
    def name(self) -> str:
        return variable(self.owner, self.field)

    @property
    def file(self) -> str:
        """Empty for what is no secret. Docker and systemd hand over secrets so: a process list and an inspected container show none."""
        return f"{self.name}_FILE" if self.info.annotation is SecretStr else ""


def variable(*words: str) -> str:
    return "_".join(filter(None, ("BOT", *words))).upper()


def variables(models: Models) -> list[Variable]:
    return [Variable(owner, field, info) for owner, model in models.items() for field, info in model.model_fields.items()]


def read(models: Models, environ: Mapping[str, str]) -> dict[str, Any]:
    """What the environment says of each model, or SettingsError that lists every mistake."""
    known = variables(models)
    mistakes = list(_unknown(environ, known))
    made = {}
    for owner, model in models.items():
        try:
            made[owner] = _read(model, [variable for variable in known if variable.owner == owner], environ)
        except SettingsError as error:
            mistakes.append(str(error))
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return made


def _unknown(environ: Mapping[str, str], known: Sequence[Variable]) -> Iterator[str]:
    names = {name for variable in known for name in (variable.name, variable.file) if name}
    for name in sorted({n for n in environ if n.startswith("BOT_")} - names):
        close = difflib.get_close_matches(name, names, n=1)
        hint = _(" Did you mean {name}?").format(name=close[0]) if close else ""
        yield _("{name}: there is no such setting.").format(name=name) + hint


def _read(model: type[Variables], own: Sequence[Variable], environ: Mapping[str, str]) -> Variables:
    values, named, mistakes = {}, {}, {}
    for variable in own:
        value, path = environ.get(variable.name), environ.get(variable.file)
        named[variable.field] = variable.file if path else variable.name
        if value:
            values[variable.field] = value
        if path:
            try:
                values[variable.field] = _secret_in(path, bool(value))
            except ValueError as mistake:
                mistakes[variable.field] = str(mistake)
    try:
        read = model.model_validate(values)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False, include_context=False):
            mistakes.setdefault(str(detail["loc"][0]), detail["msg"].removeprefix("Value error, "))
    if mistakes:
        raise SettingsError("\n".join(f"{named[field]}: {mistake}" for field, mistake in mistakes.items()))
    return read


def _secret_in(path: str, set_beside: bool) -> str:
    """What stands in the file, or ValueError that tells neither the path nor what was read."""
    if set_beside:
        raise ValueError(_("the variable without _FILE is set too; keep one of the two"))
    try:
        secret = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        raise ValueError(_("the file that it names cannot be read")) from None
    if not secret:
        raise ValueError(_("the file that it names is empty"))
    return secret


def table(models: Models) -> list[str]:
    """One line a variable: name, default, whether it is set, meaning."""
    lines = []
    for variable in variables(models):
        default = variable.info.default
        default = default.get_secret_value() if isinstance(default, SecretStr) else default
        lines.append(_line(variable.name, "-" if default in ("", None) else str(default), _(str(variable.info.description))))
        if variable.file:
            lines.append(_line(variable.file, "-", _("file that holds {name} instead").format(name=variable.name)))
    return lines


def _line(name: str, default: str, meaning: str) -> str:
    state = _("set") if os.environ.get(name) else _("default")
    return f"{name:<31} {state:<8} {default:<28} {meaning}"
