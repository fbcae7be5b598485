"""From syntax tree to Python closures.

Each expression becomes a function of a frame. Closures call closures, so that evaluation is plain Python calls: they
use no C stack, and M recursion may go as deep as the interpreter's own limit, which :mod:`.run` sets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from headwater.errors import MError
from headwater.powerquery.evaluator.access import field_of, item_of, project
from headwater.powerquery.evaluator.closure import Closure
from headwater.powerquery.evaluator.handling import error_from, error_record
from headwater.powerquery.evaluator.operator_code import OperatorCode
from headwater.powerquery.evaluator.scope import Code, Frame, Scope, reader
from headwater.powerquery.evaluator.type_code import assertion
from headwater.powerquery.language import syntax
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function, wrong_count
from headwater.powerquery.values.operators import cannot_convert, is_whole


class Compiler(OperatorCode):
    """Compiles the expressions of one M text."""

    # -- literals and names ------------------------------------------------------------------------------------

    def _literal(self, node: syntax.Literal, _scope: Scope) -> Code:
        value = node.value
        return lambda _frame: value

    def _verbatim(self, node: syntax.Verbatim, _scope: Scope) -> Code:
        def fail(_frame: Frame) -> Value:
            raise MError("Expression.Error", node.text, place=self.locate(node))

        return fail

    def _notimplemented(self, node: syntax.NotImplemented_, _scope: Scope) -> Code:
        def fail(_frame: Frame) -> Value:
            raise MError("Expression.Error", "Value was not specified.", place=self.locate(node))

        return fail

    def _parenthesized(self, node: syntax.Parenthesized, scope: Scope) -> Code:
        return self.compile(node.inner, scope)

    def _identifier(self, node: syntax.Identifier, scope: Scope) -> Code:
        found = scope.find(node.name, inclusive=node.inclusive)
        if found is not None:
            return reader(*found, lambda: self.locate(node))
        if node.name == "_":
            raise MError("Expression.Error", "The name '_' is only known inside 'each'.", place=self.locate(node))
        return self._outer_name(node)

    def _outer_name(self, node: syntax.Identifier) -> Code:
        """Code for a name that no scope has: looked up when it is first needed, then known."""
        lookup, locate, name, span = self._lookup, self._locate, node.name, node.span
        known: Value = None

        def read(_frame: Frame) -> Value:
            nonlocal known
            if known is None:
                try:
                    known = lookup(name)
                except MError as error:
                    error.place = error.place or locate(span)
                    raise
            return known

        return read

    def _sectionaccess(self, node: syntax.SectionAccess, _scope: Scope) -> Code:
        lookup = self._lookup

        def access(_frame: Frame) -> Value:
            sections = plain(lookup("#sections"))
            section = sections.plain(node.section) if isinstance(sections, Record) else None
            if not isinstance(section, Record) or node.name not in section:
                raise undefined_name(f"{node.section}!{node.name}")
            return section.get(node.name)

        return self.placed(node, access)

    # -- structures --------------------------------------------------------------------------------------------

    def _let(self, node: syntax.Let, scope: Scope) -> Code:
        inner = Scope([b.name for b in node.bindings], scope)
        members = self.compile_members([(b.name, b.value) for b in node.bindings], inner)
        body = self.compile(node.body, inner)

        def let(frame: Frame) -> Value:
            own: Frame = [frame]
            own.extend([None] * len(members))
            for at, member in enumerate(members, start=1):
                own[at] = member(own)
            return body(own)

        return let

    def _record(self, node: syntax.Record, scope: Scope) -> Code:
        names = [b.name for b in node.fields]
        inner = Scope(names, scope)
        members = self.compile_members([(b.name, b.value) for b in node.fields], inner)
        index = {name: at for at, name in enumerate(names)}

        def record(frame: Frame) -> Value:
            own: Frame = [frame]
            own.extend([None] * len(members))
            for at, member in enumerate(members, start=1):
                own[at] = member(own)
            return Record(index, own[1:])

        return record

    def _list(self, node: syntax.List, scope: Scope) -> Code:
        if any(isinstance(item, syntax.Range) for item in node.items):
            return self._list_with_ranges(node, scope)
        members = [self.member(item, scope) for item in node.items if not isinstance(item, syntax.Range)]
        return lambda frame: List([member(frame) for member in members])

    def _list_with_ranges(self, node: syntax.List, scope: Scope) -> Code:
        parts: list[Callable[[Frame], Sequence[Value] | range]] = [
            self._range(item, scope) if isinstance(item, syntax.Range) else self._single(item, scope)
            for item in node.items
        ]

        def with_ranges(frame: Frame) -> Value:
            pieces = [part(frame) for part in parts]
            if len(pieces) == 1:
                return List(source=lambda: pieces[0])
            return List(source=lambda: (item for piece in pieces for item in piece))

        return self.placed(node, with_ranges)

    def _single(self, node: syntax.Expr, scope: Scope) -> Callable[[Frame], Sequence[Value]]:
        member = self.member(node, scope)
        return lambda frame: (member(frame),)

    def _range(self, node: syntax.Range, scope: Scope) -> Callable[[Frame], Sequence[Value] | range]:
        low, high = self.compile(node.low, scope), self.compile(node.high, scope)

        def bounds(frame: Frame) -> Sequence[Value] | range:
            first, last = plain(low(frame)), plain(high(frame))
            if isinstance(first, str) and isinstance(last, str) and len(first) == len(last) == 1:
                return [chr(code) for code in range(ord(first), ord(last) + 1)]
            for bound in (first, last):
                if not is_whole(bound):
                    raise cannot_convert(bound, "Number")
            return range(int(first), int(last) + 1)

        return bounds

    # -- access ------------------------------------------------------------------------------------------------

    def _target(self, target: syntax.Expr | None, node: syntax.Node, scope: Scope) -> Code:
        return self.compile(target or syntax.Identifier("_", False, node.span), scope)

    def _fieldaccess(self, node: syntax.FieldAccess, scope: Scope) -> Code:
        target, name, optional = self._target(node.target, node, scope), node.name, node.optional
        locate, span = self._locate, node.span
        is_row = node.target is None and scope.find("_") == (0, 1)

        def access(frame: Frame) -> Value:
            # The row of an `each` is evaluated already: most fields are read of it, and a call saved. A `let` may name
            # something else `_`, which is not.
            value = frame[1] if is_row else target(frame)
            if type(value) is Record:
                at = value.index.get(name)
                if at is not None:
                    member = value.values[at]
                    return member.get() if type(member) is Thunk else member
            try:
                return field_of(force(value), name, optional)
            except MError as error:
                error.place = error.place or locate(span)
                raise

        return access

    def _projection(self, node: syntax.Projection, scope: Scope) -> Code:
        target, names, optional = self._target(node.target, node, scope), node.names, node.optional
        return self.placed(node, lambda frame: project(target(frame), names, optional))

    def _itemaccess(self, node: syntax.ItemAccess, scope: Scope) -> Code:
        target, index, optional = self.compile(node.target, scope), self.compile(node.index, scope), node.optional
        return self.placed(node, lambda frame: item_of(target(frame), index(frame), optional))

    # -- control -----------------------------------------------------------------------------------------------

    def _if(self, node: syntax.If, scope: Scope) -> Code:
        branches: list[tuple[Code, Code]] = []
        rest: syntax.Expr = node
        while isinstance(rest, syntax.If):
            branches.append((self.compile(rest.condition, scope), self.compile(rest.then, scope)))
            rest = rest.otherwise
        last = self.compile(rest, scope)
        locate, span = self._locate, node.condition.span

        def choose(frame: Frame) -> Value:
            for condition, then in branches:
                truth = plain(condition(frame))
                if truth is True:
                    return then(frame)
                if truth is not False:
                    error = cannot_convert(truth, "Logical")
                    error.place = locate(span)
                    raise error
            return last(frame)

        return choose

    def _error(self, node: syntax.Error, scope: Scope) -> Code:
        value = self.compile(node.value, scope)

        def fail(frame: Frame) -> Value:
            raise error_from(value(frame))

        return self.placed(node, fail)

    def _try(self, node: syntax.Try, scope: Scope) -> Code:
        body = self.compile(node.body, scope)
        otherwise = None if node.otherwise is None else self.compile(node.otherwise, scope)
        catch = None if node.catch is None else self.compile(node.catch, scope)

        def attempt(frame: Frame) -> Value:
            try:
                value = body(frame)
            except MError as error:
                if otherwise is not None:
                    return otherwise(frame)
                if catch is not None:
                    handler: Function = catch(frame)
                    return handler.invoke([error_record(error)] if handler.maximum else [])
                return Record.of({"HasError": True, "Error": error_record(error)})
            bare = otherwise is None and catch is None
            return Record.of({"HasError": False, "Value": value}) if bare else value

        return attempt

    # -- functions ---------------------------------------------------------------------------------------------

    def _each(self, node: syntax.Each, scope: Scope) -> Code:
        body = self.compile(node.body, Scope(["_"], scope))
        result_type = t.FunctionType((t.FieldType("_"),), t.ANY)

        def make(frame: Frame) -> Value:
            return Function(
                lambda argument: body([frame, argument]),
                lambda: result_type,
                minimum=1,
                maximum=1,
                origin=Closure(node, scope, frame, self),
            )

        return make

    def _function(self, node: syntax.Function, scope: Scope) -> Code:
        parameters = node.parameters
        inner = Scope([p.name for p in parameters], scope)
        body = self.compile(node.body, inner)
        checks = [None if p.type is None else assertion(p.type) for p in parameters]
        asserted = [(at, c, p.optional) for at, (c, p) in enumerate(zip(checks, parameters, strict=True), 1) if c]
        returns = None if node.return_type is None else assertion(node.return_type)
        minimum = sum(not p.optional for p in parameters)

        def make(frame: Frame) -> Value:
            def call(*arguments: Value) -> Value:
                own: Frame = [frame, *arguments]
                if len(arguments) < len(parameters):
                    own.extend([None] * (len(parameters) - len(arguments)))
                for at, check, optional in asserted:
                    if not (optional and own[at] is None):
                        check(own[at])
                return body(own) if returns is None else returns(body(own))

            return Function(
                call, make_type, minimum=minimum, maximum=len(parameters), origin=Closure(node, scope, frame, self)
            )

        def make_type() -> t.FunctionType:
            listed = tuple(
                t.FieldType(p.name, t.ANY if check is None else check.expected, p.optional)
                for p, check in zip(parameters, checks, strict=True)
            )
            return t.FunctionType(listed, t.ANY if returns is None else returns.expected)

        return make

    def _invocation(self, node: syntax.Invocation, scope: Scope) -> Code:
        function = self.compile(node.function, scope)
        arguments = [self.compile(argument, scope) for argument in node.arguments]
        locate, span = self._locate, node.span
        count = len(arguments)

        def invoke(frame: Frame) -> Value:
            target = function(frame)
            try:
                if type(target) is not Function:
                    target = _as_function(target)
                if count < target.minimum or (target.maximum is not None and count > target.maximum):
                    raise wrong_count(target, count)
                if count == 1:
                    return force(target.call(arguments[0](frame)))
                return force(target.call(*[argument(frame) for argument in arguments]))
            except MError as error:
                if not error.place:
                    error.place = locate(span)
                raise

        return self._watch(node, scope, invoke)


def _as_function(value: Value) -> Function:
    value = plain(value)
    if isinstance(value, Function):
        return value
    raise cannot_convert(value, "Function")


def undefined_name(name: str) -> MError:
    """The error of a name that nothing defines."""
    return MError(
        "Expression.Error",
        f"The name '{name}' wasn't recognized.",
        hint="Check its spelling; a definition refers to itself with '@'.",
        code="m.unknown_name",
    )
