"""What only the owner knows: given as an option, in a file, remembered, or asked for. A secret is never shown."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from hermes_exporter.stack import channels

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hermes_exporter.stack.channels import Question

MAX_CHARACTERS = 4096


class Given(NamedTuple):
    """What the command line says.

    Attributes:
        answers: that are no secrets, by name.
        secrets: what the files hold, by name.
        again: names of what is to be asked for though it is known.
    """

    answers: Mapping[str, str]
    secrets: Mapping[str, str]
    again: frozenset[str]

    @classmethod
    def of(cls, notify: str, answers: Iterable[str], files: Iterable[str], again: Iterable[str]) -> Given:
        """Return what it says for that way to the phone; raise click.UsageError."""
        questions = {question.name: question for question in channels.questions(notify)}
        told = dict(_pair(text, "--set", "NAME=VALUE") for text in answers)
        named = dict(_named_file(text, questions.values()) for text in files)
        given = cls(told, {name: _content(path) for name, path in named.items()}, frozenset(again))
        for name in (*given.answers, *given.secrets, *given.again):
            if name not in questions:
                raise click.UsageError(f"{notify} has no {name}, only {', '.join(questions)}")
        for name in told:
            if questions[name].secret:
                raise click.UsageError(f"{name} is a secret, and no argument: --secret-file {name}=PATH")
        for name in named:
            if not questions[name].secret:
                raise click.UsageError(f"{name} is no secret: --set {name}=VALUE")
        return given


def collect(notify: str, given: Given, known: Mapping[str, str], *, new: bool) -> dict[str, str]:
    """Return an answer to every question of that way; raise click.UsageError.

    ``known`` are those of the last time; where that is ``new``, what may be left empty is asked for, too.
    """
    return {
        question.name: _answer(question, given, known.get(question.name, ""), new=new)
        for question in channels.questions(notify)
    }


def _answer(question: Question, given: Given, known: str, *, new: bool) -> str:
    name = question.name
    told = given.secrets.get(name, given.answers.get(name))
    if told is not None:
        return _fitting(question, told)
    if name not in given.again:
        if known and question.fits(known):
            return known
        if name == channels.GENERATED:
            return f"hermes-{secrets.token_hex(8)}"
        if question.default is not None and not (new and sys.stdin.isatty()):
            return question.default
    return _asked(question)


def _asked(question: Question) -> str:
    """Ask until the answer fits; raise click.UsageError where nobody can be asked."""
    if not sys.stdin.isatty():
        how = f"--secret-file {question.name}=PATH" if question.secret else f"--set {question.name}=VALUE"
        raise click.UsageError(f"{question.name} is missing: {how}, or run it where it can ask")
    shown = not question.secret and bool(question.default)
    while True:
        answer: str = click.prompt(
            question.ask, default=question.default, hide_input=question.secret, show_default=shown
        )
        try:
            return _fitting(question, answer)
        except click.UsageError as error:
            click.echo(error.message, err=True)


def _fitting(question: Question, answer: str) -> str:
    answer = answer.strip()
    if not question.fits(answer):
        raise click.UsageError(f"{question.name}: that does not look like {question.looks}")
    return answer


def _pair(text: str, option: str, form: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise click.UsageError(f"{option} wants {form}")
    return name, value


def _named_file(text: str, questions: Iterable[Question]) -> tuple[str, str]:
    """Return whose secret a file holds, which needs no name where the way has only one that must be given."""
    if "=" in text:
        return _pair(text, "--secret-file", "NAME=PATH")
    needed = [question.name for question in questions if question.secret and question.default is None]
    if len(needed) != 1:
        raise click.UsageError(f"--secret-file: say which: {'=PATH or '.join(needed)}=PATH")
    return needed[0], text


def _content(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            return file.read(MAX_CHARACTERS)
    except OSError as error:
        raise click.UsageError(f"--secret-file: {path}: {error.strerror}") from error
    except UnicodeDecodeError:
        raise click.UsageError(f"--secret-file: {path} is no text") from None
