"""From M text to a value: parse, compile, look names up."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from headwater.errors import MError
from headwater.powerquery.evaluator.compiler import Compiler, undefined_name
from headwater.powerquery.evaluator.scope import Frame, Scope
from headwater.powerquery.evaluator.session import Session
from headwater.powerquery.language import LineIndex, parse_document, parse_expression, syntax
from headwater.powerquery.library import registry
from headwater.powerquery.library.declarations import PerSession
from headwater.powerquery.values.core import EMPTY_RECORD, Record, Thunk, Value, force

QUERIES_SECTION = "Section1"
"""What Power Query calls the section that it keeps queries in; one refers to another by ``Section1!Name``, too."""


class Names:
    """Names that no scope has: the library's first, then the environment's, each function bound once a session.

    ``sections`` is what ``#sections`` gives: the section documents that are being evaluated.
    """

    def __init__(self, session: Session) -> None:
        self.sections = EMPTY_RECORD
        self._session = session
        self._bound: dict[str, Value] = {}

    def __call__(self, name: str) -> Value:
        """The value of a name; MError Expression.Error where nothing defines it."""
        if name in self._bound:
            return self._bound[name]
        value = self._find(name)
        self._bound[name] = value
        return value

    def _find(self, name: str) -> Value:
        library = registry()
        if name in library.functions:
            return library.functions[name].bind(self._session)
        if name in library.constants:
            constant = library.constants[name][0]
            return constant.compute(self._session) if isinstance(constant, PerSession) else constant
        if name == "#shared":
            return self._shared()
        if name == "#sections":
            return self.sections
        if name in self._session.environment:
            return force(self._session.environment[name])
        raise undefined_name(name)

    def _shared(self) -> Record:
        library = registry()
        names = [*library.functions, *library.constants, *self._session.environment]
        return Record.of({name: Thunk(self._later(name)) for name in sorted(set(names))})

    def _later(self, name: str) -> Callable[[], Value]:
        return lambda: self(name)


def locator(source: str, source_name: str) -> Callable[[syntax.Span], str]:
    """Where an offset of the text is: ``query.pq, line 3, column 7``."""
    lines = LineIndex(source)

    def locate(span: syntax.Span) -> str:
        line, column = lines.position(span.start)
        return f"{source_name or 'M text'}, line {line}, column {column}"

    return locate


def evaluate_text(source: str, session: Session, source_name: str = "") -> Value:
    """The value of an expression, or the record of a section document's members."""
    document = parse_document(source, source_name)
    names = Names(session)
    compiler = Compiler(names, locator(source, source_name), session.firewall.watch)
    if isinstance(document, syntax.Section):
        session.firewall.add({m.name: m.value for m in document.members})
        members = _section(document, compiler)
        names.sections = Record.of({document.name or "": members})
        return members
    session.firewall.add({}, document)
    return force(compiler.compile(document, Scope((), None))([None]))


def evaluate_expression(source: str, lookup: Callable[[str], Value], session: Session) -> Value:
    """The value of an expression that sees the names that ``lookup`` knows, and the language's own such as ``#date``.

    Raises:
        MSyntaxError: the text cannot be read.
        MError: the expression is an error.
    """
    own = Names(session)

    def find(name: str) -> Value:
        return own(name) if name.startswith("#") else lookup(name)

    return force(Compiler(find, locator(source, "")).compile(parse_expression(source), Scope((), None))([None]))


def _section(section: syntax.Section, compiler: Compiler) -> Record:
    members = [(m.name, m.value) for m in section.members]
    scope = Scope([name for name, _ in members], None)
    codes = compiler.compile_members(members, scope)
    frame: Frame = [None, *[None] * len(codes)]
    for at, code in enumerate(codes, start=1):
        frame[at] = code(frame)
    return Record({name: at for at, (name, _) in enumerate(members)}, frame[1:])


def evaluate_queries(queries: Mapping[str, str], session: Session, file_names: Mapping[str, str]) -> Record:
    """A record of queries that are kept as one text each and refer to one another by name.

    Names are resolved in the queries first, then in the library and the environment. A member is evaluated when it
    is asked for; MSyntaxError is raised at once for any text that cannot be read, MError for one that is a section
    document.
    """
    names = list(queries)
    scope = Scope(names, None)
    lookup = Names(session)
    frame: Frame = [None]
    documents: dict[str, syntax.Expr] = {}
    for name, source in queries.items():
        place = file_names.get(name, name)
        document = parse_document(source, place)
        if isinstance(document, syntax.Section):
            raise MError(
                "Expression.Error",
                "A query is an expression, not a section document.",
                hint="Give each member of the section as a query of its own.",
                place=place,
            )
        documents[name] = document
        compiler = Compiler(lookup, locator(source, place), session.firewall.watch)
        frame.append(Thunk(_member(compiler, document, scope.defining(name), frame)))
    session.firewall.add(documents)
    queried = Record({name: at for at, name in enumerate(names)}, frame[1:])
    lookup.sections = Record.of({QUERIES_SECTION: queried})
    return queried


def _member(compiler: Compiler, node: syntax.Expr, scope: Scope, frame: Frame) -> Callable[[], Value]:
    return lambda: compiler.compile(node, scope)(frame)
