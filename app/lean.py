"""Pages without the indentation of their templates: taken out once, when a template is
compiled. A line's end stays, which is as good as any space in HTML."""

import re
from collections.abc import Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream


class Lean(Extension):
    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        is_page = (stream.name or "").endswith(".html")
        for token in stream:
            if is_page and token.type == "data":
                value = re.sub(r"\s*\n\s*", "\n", token.value)
                token = Token(token.lineno, token.type, value)
            yield token
