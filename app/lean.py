"""Pages without the indentation of their templates: taken out once, when a template is
compiled. A line's end becomes a space, save in what is shown as it is written; that of
a line with nothing but tags of the template on it goes, for the one before is there."""

import re
from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream


class Lean(Extension):
    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        if not (stream.name or "").endswith(".html"):
            yield from stream
            return
        is_as_written = is_ended = False
        for token in stream:
            if token.type == "data":
                opened, closed = map(token.value.rfind, ("<pre", "</pre"))
                is_shown = is_as_written or opened >= 0
                if opened != closed:
                    is_as_written = opened > closed
                value = re.sub(r"\s*\n\s*", "\n", token.value)
                if is_ended:
                    value = value.removeprefix("\n")
                is_ended = value.endswith("\n") or (is_ended and not value.strip())
                if not is_shown:
                    value = value.replace("\n", " ")
                token = Token(token.lineno, token.type, value)
            elif token.type == "variable_begin":
                is_ended = False
            yield token
