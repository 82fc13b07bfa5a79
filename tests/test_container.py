"""Dockerfile and docker-compose.yml say what the security page promises: no root, nothing to write to, no more rights than needed."""

import re
import shlex

import pytest
from ruamel.yaml import YAML

from bot.channels import all_settings
from bot.settings import ROOT
from bot.variables import variables

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
IGNORE = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
VARIABLES = variables(all_settings())


def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) of every line, continued lines joined, comments left out."""
    lines = "\n".join(line for line in DOCKERFILE.splitlines() if not line.lstrip().startswith("#")).replace("\\\n", " ").splitlines()
    return [(line.split(maxsplit=1)[0].upper(), line.split(maxsplit=1)[1]) for line in lines if line.strip()]


def last_stage() -> list[tuple[str, str]]:
    found = instructions()
    start = max(number for number, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def service() -> dict[str, object]:
    read: dict[str, dict[str, dict[str, object]]] = YAML(typ="safe").load(COMPOSE)
    assert list(read["services"]) == ["bot"]
    return read["services"]["bot"]


def uncommented() -> dict[str, object]:
    """The service as it is when the three places of the example with secrets are taken out of their comments."""
    text = re.sub(r"^( *)# (BOT_\w+_FILE: |secrets:|  telegram_token:|    file: )", r"\1\2", COMPOSE, flags=re.MULTILINE)
    read: dict[str, object] = YAML(typ="safe").load(text)
    return read


def test_the_process_is_not_root_and_its_user_cannot_log_in() -> None:
    stage = last_stage()
    (user,) = [arguments for name, arguments in stage if name == "USER"]
    after = [name for name, _ in stage[stage.index(("USER", user)) :]]
    assert user not in ("root", "0")
    assert not {"RUN", "COPY", "ADD", "USER"} & set(after[1:])
    (made,) = [arguments for name, arguments in stage if name == "RUN" and "useradd" in arguments]
    assert f"--shell /usr/sbin/nologin {user}" in made
    assert int(re.findall(r"--uid (\d+)", made)[0]) >= 10_000


def test_only_the_data_folder_belongs_to_the_process() -> None:
    stage = last_stage()
    assert ("VOLUME", "/data") in stage
    assert [arguments for name, arguments in stage if name in ("COPY", "ADD") and "--chown" in arguments] == []
    assert all("chmod" not in arguments and "chown" not in arguments for name, arguments in stage if name == "RUN")
    assert "install -d -o bot -g bot /data" in " ".join(arguments for _, arguments in stage)


def test_no_shell_starts_the_process_or_looks_at_its_health() -> None:
    commands = [arguments for name, arguments in last_stage() if name in ("CMD", "ENTRYPOINT", "HEALTHCHECK")]
    assert len(commands) == 2
    for command in commands:
        assert re.search(r'(?:^|CMD )\["(?:bot|python)", ', command), command


def test_the_image_gets_pinned_packages_with_hashes_and_no_compiler() -> None:
    installs = [part for name, arguments in instructions() if name == "RUN" for part in arguments.split("&&") if "pip install" in part]
    assert len(installs) == 2
    assert {"--require-hashes", "--only-binary", "-r"} <= set(shlex.split(installs[0]))
    assert {"--no-deps", "--no-build-isolation"} <= set(shlex.split(installs[1]))
    assert not re.search(r"apt|apk|curl|wget|ADD http", DOCKERFILE)


def test_both_stages_begin_with_the_same_named_release() -> None:
    bases = [arguments.split()[0] for name, arguments in instructions() if name == "FROM"]
    assert len(bases) == 2
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+(\.\d+)?-slim-[a-z]+(@sha256:[0-9a-f]{64})?", bases[0])


def test_no_secret_is_baked_into_the_image() -> None:
    baked = " ".join(arguments for name, arguments in instructions() if name in ("ENV", "ARG", "LABEL", "COPY", "ADD"))
    assert [variable.name for variable in VARIABLES if variable.file and variable.name in baked] == []
    assert IGNORE[0] == "*"
    assert not {"!.env", "!secrets", "!.git", "!.bot", "!tests"} & set(IGNORE)
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {".env", "/secrets/"} <= set(ignored)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("read_only", True),
        ("cap_drop", ["ALL"]),
        ("security_opt", ["no-new-privileges:true"]),
        ("init", True),
        ("volumes", ["data:/data"]),
        ("mem_limit", "2g"),
        ("pids_limit", 256),
    ],
)
def test_the_container_has_no_more_rights_than_it_needs(key: str, value: object) -> None:
    assert service()[key] == value


def test_nothing_opens_what_was_closed() -> None:
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "userns_mode", "devices", "user"} & set(service())


def test_what_the_container_may_write_beside_its_data_is_in_memory_and_small() -> None:
    assert service()["tmpfs"] == ["/tmp:size=64m,mode=1777,noexec,nosuid,nodev"]


def test_the_port_is_published_on_this_machine_alone() -> None:
    assert service()["ports"] == ["127.0.0.1:${BOT_PUBLISHED_PORT:-8080}:8080"]


def test_compose_passes_only_variables_that_exist() -> None:
    environment = service()["environment"]
    assert isinstance(environment, dict)
    assert set(environment) - {"FORWARDED_ALLOW_IPS"} <= {variable.name for variable in VARIABLES}
    passed = [variable.name for variable in VARIABLES if variable.file and variable.name in environment]
    assert len(passed) >= 7
    assert [environment[name] for name in passed] == [f"${{{name}:-}}" for name in passed]


def test_the_example_with_a_secret_in_a_file_is_whole_once_its_comments_are_taken_away() -> None:
    read = uncommented()
    bot = read["services"]["bot"]  # type: ignore[index]  # YAML has no types
    assert bot["environment"]["BOT_TELEGRAM_TOKEN_FILE"] == "/run/secrets/telegram_token"
    assert bot["secrets"] == ["telegram_token"]
    assert read["secrets"] == {"telegram_token": {"file": "./secrets/telegram_token"}}
