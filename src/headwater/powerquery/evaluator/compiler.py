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
from headwater.powerquery.evaluator.scope import Code, Frame, Scope, reader
from headwater.powerquery.language import syntax
from headwater.powerquery.values import types as t
from headwater.powerquery.values.core import List, Record, Thunk, Value, force, plain
from headwater.powerquery.values.functions import Function, wrong_count
from headwater.powerquery.values.operators import (
    BINARY_OPERATORS,
    UNARY_OPERATORS,
    ascribe,
    cannot_convert,
    is_whole,
    logical,
)


class Compiler:
    """Compiles the expressions of one M text.

    ``globals`` gives names that no scope has: the library's and the environment's. ``locate`` says where an offset
    of the text is, for error messages.
    """

    def __init__(self, lookup: Callable[[str], Value], locate: Callable[[syntax.Span], str]) -> None:
        self._lookup = lookup
        self._locate = locate

    def locate(self, node: syntax.Node) -> str:
        """Where a node stands, for people."""
        return self._locate(node.span)

    def resolve(self, node: syntax.Identifier, scope: Scope, frame: Frame) -> Value:
        """The value of a name as an expression in ``scope`` sees it, with ``frame`` as its frame."""
        found = scope.find(node.name, inclusive=node.inclusive)
        return self._lookup(node.name) if found is None else reader(*found)(frame)

    def compile(self, node: syntax.Expr, scope: Scope) -> Code:
        """Code for an expression."""
        handler: Callable[..., Code] = getattr(self, "_" + type(node).__name__.strip("_").lower())
        return handler(node, scope)

    def compile_members(self, members: Sequence[tuple[str, syntax.Expr]], scope: Scope) -> list[Code]:
        """Code for each member of a let, record or section whose names are ``scope``'s, in order."""
        return [self._member(value, scope.defining(name)) for name, value in members]

    def _member(self, node: syntax.Expr, scope: Scope) -> Code:
        """Code that puts off an expression, unless there is nothing to put off."""
        code = self.compile(node, scope)
        if isinstance(node, syntax.Literal | syntax.Function | syntax.Each):
            return code
        return lambda frame: Thunk(lambda: code(frame))

    def _placed(self, node: syntax.Node, code: Code) -> Code:
        """The code, with errors that have no place yet given this node's."""
        locate, span = self._locate, node.span

        def placed(frame: Frame) -> Value:
            try:
                return code(frame)
            except MError as error:
                if not error.place:
                    error.place = locate(span)
                raise

        return placed

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
            return reader(*found)
        if node.name == "_":
            raise MError("Expression.Error", "The name '_' is only known inside 'each'.", place=self.locate(node))
        lookup, name = self._lookup, node.name
        return self._placed(node, lambda _frame: lookup(name))

    def _sectionaccess(self, node: syntax.SectionAccess, scope: Scope) -> Code:
        return self._identifier(syntax.Identifier(node.name, True, node.span), scope)

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
        members = [self._member(item, scope) for item in node.items if not isinstance(item, syntax.Range)]
        return lambda frame: List([member(frame) for member in members])

    def _list_with_ranges(self, node: syntax.List, scope: Scope) -> Code:
        parts: list[Callable[[Frame], Sequence[Value] | range]] = [
            self._range(item, scope) if isinstance(item, syntax.Range) else self._single(item, scope)
            for item in node.items
        ]

        def with_ranges(frame: Frame) -> Value:
            pieces = [part(frame) for part in parts]
            return List(source=lambda: (item for piece in pieces for item in piece))

        return self._placed(node, with_ranges)

    def _single(self, node: syntax.Expr, scope: Scope) -> Callable[[Frame], Sequence[Value]]:
        member = self._member(node, scope)
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

        def access(frame: Frame) -> Value:
            value = target(frame)
            if type(value) is Record:
                at = value.index.get(name)
                if at is not None:
                    member = value.values[at]
                    return member.get() if type(member) is Thunk else member
            try:
                return field_of(value, name, optional)
            except MError as error:
                error.place = error.place or locate(span)
                raise

        return access

    def _projection(self, node: syntax.Projection, scope: Scope) -> Code:
        target, names, optional = self._target(node.target, node, scope), node.names, node.optional
        return self._placed(node, lambda frame: project(target(frame), names, optional))

    def _itemaccess(self, node: syntax.ItemAccess, scope: Scope) -> Code:
        target, index, optional = self.compile(node.target, scope), self.compile(node.index, scope), node.optional
        return self._placed(node, lambda frame: item_of(target(frame), index(frame), optional))

    # -- operators ---------------------------------------------------------------------------------------------

    def _unary(self, node: syntax.Unary, scope: Scope) -> Code:
        operand, apply = self.compile(node.operand, scope), UNARY_OPERATORS[node.operator]
        return self._placed(node, lambda frame: apply(operand(frame)))

    def _binary(self, node: syntax.Binary, scope: Scope) -> Code:
        special = {"and": self._and, "or": self._or, "??": self._coalesce, "is": self._is, "as": self._as}
        if node.operator in special:
            return self._placed(node, special[node.operator](node, scope))
        chain = self._left_chain(node, scope)
        return self._placed(node, chain)

    def _left_chain(self, node: syntax.Binary, scope: Scope) -> Code:
        """``a + b + c …`` groups to the left: taken apart in a loop, since it can be longer than any stack."""
        steps: list[tuple[Callable[[Value, Value], Value], Code]] = []
        first: syntax.Expr = node
        while isinstance(first, syntax.Binary) and first.operator in BINARY_OPERATORS:
            steps.append((BINARY_OPERATORS[first.operator], self.compile(first.right, scope)))
            first = first.left
        start = self.compile(first, scope)
        if len(steps) == 1:
            apply, right = steps[0]
            return lambda frame: apply(start(frame), right(frame))
        steps.reverse()

        def chain(frame: Frame) -> Value:
            value = start(frame)
            for operator, operand in steps:
                value = operator(value, operand(frame))
            return value

        return chain

    def _and(self, node: syntax.Binary, scope: Scope) -> Code:
        left, right = self.compile(node.left, scope), self.compile(node.right, scope)

        def conjunction(frame: Frame) -> Value:
            first = logical(left(frame))
            if first is False:
                return False
            second = logical(right(frame))
            return False if second is False else None if first is None or second is None else True

        return conjunction

    def _or(self, node: syntax.Binary, scope: Scope) -> Code:
        left, right = self.compile(node.left, scope), self.compile(node.right, scope)

        def disjunction(frame: Frame) -> Value:
            first = logical(left(frame))
            if first is True:
                return True
            second = logical(right(frame))
            return True if second is True else None if first is None or second is None else False

        return disjunction

    def _coalesce(self, node: syntax.Binary, scope: Scope) -> Code:
        left, right = self.compile(node.left, scope), self.compile(node.right, scope)

        def coalesce(frame: Frame) -> Value:
            value = left(frame)
            return right(frame) if plain(value) is None else value

        return coalesce

    def _is(self, node: syntax.Binary, scope: Scope) -> Code:
        left, expected = self.compile(node.left, scope), self.type_code(node.right, scope)
        return lambda frame: t.conforms(left(frame), expected(frame))

    def _as(self, node: syntax.Binary, scope: Scope) -> Code:
        left, expected = self.compile(node.left, scope), self.type_code(node.right, scope)
        return lambda frame: ascribe(left(frame), expected(frame))

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

        return self._placed(node, fail)

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
        checks = [None if p.type is None else self.type_code(p.type, scope) for p in parameters]
        returns = None if node.return_type is None else self.type_code(node.return_type, scope)
        minimum = sum(not p.optional for p in parameters)
        checked = returns is not None or any(check is not None for check in checks)

        def make(frame: Frame) -> Value:
            def call(*arguments: Value) -> Value:
                own: Frame = [frame, *arguments]
                if len(arguments) < len(parameters):
                    own.extend([None] * (len(parameters) - len(arguments)))
                if not checked:
                    return body(own)
                self._check_arguments(parameters, checks, own, frame)
                result = body(own)
                return result if returns is None else ascribe(result, returns(frame))

            def make_type() -> t.FunctionType:
                listed = tuple(
                    t.FieldType(p.name, t.ANY if check is None else check(frame), p.optional)
                    for p, check in zip(parameters, checks, strict=True)
                )
                return t.FunctionType(listed, t.ANY if returns is None else returns(frame))

            return Function(
                call, make_type, minimum=minimum, maximum=len(parameters), origin=Closure(node, scope, frame, self)
            )

        return make

    @staticmethod
    def _check_arguments(
        parameters: Sequence[syntax.Parameter], checks: Sequence[Code | None], own: Frame, frame: Frame
    ) -> None:
        for at, (parameter, check) in enumerate(zip(parameters, checks, strict=True), start=1):
            omitted = parameter.optional and plain(own[at]) is None
            if check is not None and not omitted:
                ascribe(own[at], check(frame))

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

        return invoke

    # -- types -------------------------------------------------------------------------------------------------

    def _typeexpression(self, node: syntax.TypeExpression, scope: Scope) -> Code:
        return self.type_code(node.type, scope)

    def type_code(self, node: syntax.Expr, scope: Scope) -> Callable[[Frame], t.Type]:
        """Code for a node where a type is meant."""
        match node:
            case syntax.PrimitiveType(name=name):
                primitive = t.PRIMITIVES[name]
                return lambda _frame: primitive
            case syntax.NullableType(inner=inner):
                code = self.type_code(inner, scope)
                return lambda frame: t.nullable(code(frame))
            case syntax.ListType(item=item):
                code = self.type_code(item, scope)
                return lambda frame: t.ListType(code(frame))
            case syntax.RecordType():
                return self._record_type(node, scope)
            case syntax.TableType(row=row):
                code = self.type_code(row, scope)
                return lambda frame: t.TableType(_row_type(code(frame)))
            case syntax.FunctionType(parameters=parameters, return_type=result):
                return self._function_type(parameters, result, scope)
        value = self.compile(node, scope)
        return lambda frame: _as_type(value(frame))

    def _record_type(self, node: syntax.RecordType, scope: Scope) -> Callable[[Frame], t.Type]:
        fields = [(f.name, None if f.type is None else self.type_code(f.type, scope), f.optional) for f in node.fields]
        is_open = node.open
        return lambda frame: t.RecordType(
            tuple(
                t.FieldType(name, t.ANY if code is None else code(frame), optional) for name, code, optional in fields
            ),
            is_open,
        )

    def _function_type(
        self, parameters: Sequence[syntax.Parameter], result: syntax.Expr, scope: Scope
    ) -> Callable[[Frame], t.Type]:
        listed = [(p.name, None if p.type is None else self.type_code(p.type, scope), p.optional) for p in parameters]
        returns = self.type_code(result, scope)
        return lambda frame: t.FunctionType(
            tuple(
                t.FieldType(name, t.ANY if code is None else code(frame), optional) for name, code, optional in listed
            ),
            returns(frame),
        )


def _as_function(value: Value) -> Function:
    value = plain(value)
    if isinstance(value, Function):
        return value
    raise cannot_convert(value, "Function")


def _as_type(value: Value) -> t.Type:
    value = plain(value)
    if isinstance(value, t.Type):
        return value
    raise cannot_convert(value, "Type")


def _row_type(value: t.Type) -> t.RecordType:
    if isinstance(value, t.RecordType):
        return value
    raise cannot_convert(value, "Type")


def undefined_name(name: str) -> MError:
    """The error of a name that nothing defines."""
    return MError(
        "Expression.Error",
        f"The name '{name}' wasn't recognized.",
        hint="Check its spelling; a definition refers to itself with '@'.",
        code="m.unknown_name",
    )
