"""Web.Contents, Web.Headers and WebAction.Request against a real service on loopback."""

from __future__ import annotations

import contextlib
import gzip
import logging
import traceback
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.powerquery.connections.service import Asked, Reply, Service, serving

from headwater.errors import MError
from headwater.powerquery import Session, evaluate, to_text
from headwater.powerquery.connections import (
    Connection,
    Connections,
    Credential,
    Key,
    OAuth2,
    UsernamePassword,
)
from headwater.powerquery.connections.web import WebAccess
from headwater.powerquery.values.core import Value
from headwater.secret import Secret

CANARY = "canary-5d41402abc4b"
GZIPPED = Reply(gzip.compress(b"packed"), headers={"Content-Encoding": "gzip", "Content-Type": "text/plain"})


def usual(asked: Asked) -> Reply:
    """Every behaviour that these tests need, one path each."""
    match asked.path:
        case "/gzip":
            return GZIPPED
        case "/here":
            return Reply(status=302, headers={"Location": "/text"})
        case "/elsewhere":
            return Reply(status=302, headers={"Location": "http://127.0.0.2:9/text"})
        case "/missing" | "/forbidden" | "/gone" | "/broken":
            status = {"/missing": 404, "/forbidden": 403, "/gone": 410, "/broken": 500}[asked.path]
            return Reply(f"row of Ann, {CANARY}".encode(), status)
        case "/hang":
            return Reply(hangs=True)
        case "/big":
            return Reply(b"x" * 50_000)
        case "/none":
            return Reply(status=204)
        case "/headers":
            return Reply(b"abc", headers={"x-one": "1", "X-Two": "2", "Content-Type": "text/csv; charset=utf-8"})
    return Reply(b"text")


@pytest.fixture
def service() -> Iterator[Service]:
    with serving(usual) as running:
        yield running


def value_of(service: Service, expression: str, session: Session | None = None) -> Value:
    """The value of an expression in which ``URL`` is the service's address."""
    return evaluate(expression.replace("URL", f'"{service.url}/text"'), session=session or granted(service))


def text_of(service: Service, expression: str, session: Session | None = None) -> str:
    return to_text(value_of(service, expression, session))


def granted(service: Service) -> Session:
    return Session(origins=[service.url])


def connected(service: Service, credential: Credential, path: str = "") -> Session:
    return Session(connections=Connections([Connection("Web", service.url + path, credential)]))


def refused(service: Service, expression: str, session: Session | None = None) -> MError:
    """The error; what it shows holds no secret."""
    with pytest.raises(MError) as caught:
        text_of(service, expression, session)
    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown + str(caught.value.to_dict()) + to_text(caught.value.detail)
    return caught.value


# -- what may be called ------------------------------------------------------------------------------------------------


def test_nothing_is_called_that_was_not_granted(service: Service) -> None:
    error = refused(service, "Web.Contents(URL)", Session())
    assert error.reason == "DataSource.Error"
    assert f"Web '{service.url}/text'" in error.message
    assert "--connections" in error.hint
    assert f"--allow-origin {service.url}" in error.hint
    assert service.asked == []


def test_an_origin_grants_itself_and_no_other_port(service: Service) -> None:
    assert text_of(service, "Text.FromBinary(Web.Contents(URL))") == '"text"'
    refused(service, 'Web.Contents("http://127.0.0.1:1/text")')


def test_a_connection_grants_what_is_below_its_path(service: Service) -> None:
    session = connected(service, OAuth2(Secret(CANARY)), "/api")
    assert text_of(service, f'Text.FromBinary(Web.Contents("{service.url}/api/a"))', session) == '"text"'
    for path in ("", "/", "/apis", "/other", "/api/../other", "/api/%2e%2e/other"):
        refused(service, f'Web.Contents("{service.url}{path}")', session)
    refused(service, f'Web.Contents("{service.url}/api", [RelativePath = "../other"])', session)
    assert [request.path for request in service.asked] == ["/api/a"]


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1/a", "no address", "http://ann:pw@127.0.0.1/", "file:///etc/passwd"]
)
def test_what_is_no_web_address_is_refused(service: Service, address: str) -> None:
    error = refused(service, f'Web.Contents("{address}")')
    assert error.reason == "DataSource.Error"


def test_a_redirect_is_followed_within_the_origin_only(service: Service) -> None:
    assert text_of(service, f'Text.FromBinary(Web.Contents("{service.url}/here"))') == '"text"'
    error = refused(service, f'Web.Contents("{service.url}/elsewhere")')
    assert "would have gone on to http://127.0.0.2:9" in error.message


# -- the request -------------------------------------------------------------------------------------------------------


def test_query_and_relative_path_are_escaped_and_joined(service: Service) -> None:
    text_of(service, 'Web.Contents(URL & "?a=1", [RelativePath = "/x/y", Query = [q = "tea & milk", n = {"1", "2"}]])')
    text_of(service, 'Web.Contents(URL & "/", [RelativePath = "z", Query = [none = null, empty = {}, ü = "ß"]])')
    first, second = service.asked
    assert (first.path, first.query) == ("/text/x/y", [("a", "1"), ("q", "tea & milk"), ("n", "1"), ("n", "2")])
    assert (second.path, second.query) == ("/text/z", [("ü", "ß")])


def test_content_makes_it_a_post(service: Service) -> None:
    sent = 'Web.Contents(URL, [Content = Text.ToBinary("a=1"), Headers = [#"Content-Type" = "text/x", Accept = null]])'
    text_of(service, sent)
    (asked,) = service.asked
    assert (asked.method, asked.body, asked.headers["content-type"]) == ("POST", b"a=1", "text/x")


def test_the_credential_is_sent_as_its_kind_says(service: Service) -> None:
    text_of(service, "Web.Contents(URL)", connected(service, UsernamePassword("ann", Secret("pw"))))
    text_of(service, "Web.Contents(URL)", connected(service, OAuth2(Secret(CANARY))))
    text_of(service, 'Web.Contents(URL & "?a=1", [ApiKeyName = "code"])', connected(service, Key(Secret(CANARY))))
    text_of(service, "Web.Contents(URL, [ManualCredentials = true])", connected(service, OAuth2(Secret(CANARY))))
    basic, bearer, key, own = service.asked
    assert basic.headers["authorization"] == "Basic YW5uOnB3"
    assert bearer.headers["authorization"] == f"Bearer {CANARY}"
    assert key.query == [("a", "1"), ("code", CANARY)]
    assert "authorization" not in own.headers


def test_a_credential_is_in_no_log(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    text_of(service, 'Web.Contents(URL & "?a=1", [ApiKeyName = "code"])', connected(service, Key(Secret(CANARY))))
    text_of(service, "Web.Contents(URL)", connected(service, OAuth2(Secret(CANARY))))
    assert len(service.asked) == 2
    assert service.url in caplog.text
    assert CANARY not in caplog.text


def test_what_makes_no_request_is_an_error(service: Service) -> None:
    expected = {
        "[Quary = [a = 1]]": "'Quary' is no option of Web.Contents",
        "[Query = [a = 1]]": "Text",
        '[Headers = [Host = "x"]]': "'Host' is set by the request itself",
        '[Headers = [A = "x#(lf)B: y"]]': "line break",
        "[Timeout = 5]": "Duration",
        "[Timeout = #duration(0, 0, 0, 0)]": "Timeout",
        '[Content = "text"]': "Binary",
        "[ManualStatusHandling = 404]": "List",
        '[ApiKeyName = "code"]': "needs a key",
    }
    for options, message in expected.items():
        assert message in refused(service, f"Web.Contents(URL, {options})").message, options
    keyed, bearer = connected(service, Key(Secret(CANARY))), connected(service, OAuth2(Secret(CANARY)))
    assert "nothing says where it goes" in refused(service, "Web.Contents(URL)", keyed).message
    header = 'Web.Contents(URL, [Headers = [Authorization = "Bearer x"]])'
    assert "only where the connection has no credential" in refused(service, header, bearer).message
    assert service.asked == []


# -- the answer --------------------------------------------------------------------------------------------------------


def test_the_metadata_say_what_the_service_said(service: Service) -> None:
    meta = f'let M = Value.Metadata(Web.Contents("{service.url}/headers?a=1")) in '
    assert text_of(service, meta + "M[[Content.Type], [Content.Name], [Response.Status]]") == (
        '[Content.Type = "text/csv", Content.Name = "headers", Response.Status = 200]'
    )
    assert text_of(service, meta + '{M[Headers][#"X-One"], M[Headers][#"X-Two"]}') == '{"1", "2"}'
    assert text_of(service, meta + "M[Content.Uri]()") == f'"{service.url}/headers?a=1"'


def test_documents_are_read_from_the_web(service: Service) -> None:
    service.replies = lambda asked: Reply(b'{"a": [1]}' if asked.path == "/json" else b"a,b\n1,2\n")
    assert text_of(service, f'Json.Document(Web.Contents("{service.url}/json"))') == "[a = {1}]"
    rows = f'Table.ToRows(Table.PromoteHeaders(Csv.Document(Web.Contents("{service.url}/csv"))))'
    assert text_of(service, rows) == '{{"1", "2"}}'


def test_answers_are_unpacked_and_may_be_empty(service: Service) -> None:
    assert text_of(service, f'Text.FromBinary(Web.Contents("{service.url}/gzip"))') == '"packed"'
    assert text_of(service, f'Web.Contents("{service.url}/none")') == text_of(service, "#binary({})")


@pytest.mark.parametrize(("path", "status"), [("missing", 404), ("forbidden", 403), ("gone", 410), ("broken", 500)])
def test_a_failure_is_an_error_and_the_query_stays_out_of_its_message(service: Service, path: str, status: int) -> None:
    error = refused(service, f'Web.Contents("{service.url}/{path}?name=Ann", [ApiKeyName = "k"])',
                    connected(service, Key(Secret(CANARY))))  # fmt: skip
    assert error.reason == "DataSource.Error"
    assert f"'{service.url}/{path}' was answered with {status}" in error.message
    assert "Ann" not in error.message
    assert to_text(error.detail) == (
        f'[DataSourceKind = "Web", DataSourcePath = "{service.url}/{path}", Url = "{service.url}/{path}?name=Ann"]'
    )


def test_a_failure_that_m_handles_is_an_answer(service: Service) -> None:
    call = f'Web.Contents("{service.url}/missing", [ManualStatusHandling = {{404, 429}}])'
    assert text_of(service, f"Value.Metadata({call})[Response.Status]") == "404"
    assert text_of(service, f"(try Text.FromBinary({call}))[HasError]") == "false"
    assert text_of(service, f'(try Web.Contents("{service.url}/missing"))[HasError]') == "true"


def test_a_service_that_hangs_ends_at_the_timeout(service: Service) -> None:
    error = refused(service, f'Web.Contents("{service.url}/hang", [Timeout = #duration(0, 0, 0, 0.3)])')
    assert "No answer within" in error.message


def test_an_answer_that_is_too_large_is_an_error(service: Service) -> None:
    session = granted(service)
    session.web = WebAccess(max_bytes=10_000)
    assert "larger than the 10,000 bytes" in refused(service, f'Web.Contents("{service.url}/big")', session).message
    assert text_of(service, "Text.FromBinary(Web.Contents(URL))", session) == '"text"'


def test_nobody_listening_is_an_error() -> None:
    with serving(usual) as service:
        pass
    assert "Nobody answered" in refused(service, "Web.Contents(URL)").message


# -- a busy service ----------------------------------------------------------------------------------------------------


def busy(times: int, status: int, **headers: str) -> Callable[[Asked], Reply]:
    """What answers ``times`` times that it is busy."""
    left = [times]

    def reply(_asked: Asked) -> Reply:
        left[0] -= 1
        return Reply(b"busy", status, headers) if left[0] >= 0 else Reply(b"done")

    return reply


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_service_is_asked_again(status: int) -> None:
    with serving(busy(2, status, **{"Retry-After": "0"})) as service:
        assert text_of(service, "Text.FromBinary(Web.Contents(URL))") == '"done"'
        assert len(service.asked) == 3


def test_without_retry_after_the_pauses_are_our_own() -> None:
    with serving(busy(1, 503)) as service:
        assert text_of(service, "Text.FromBinary(Web.Contents(URL))") == '"done"'


def test_it_is_not_asked_again_beyond_the_timeout_or_for_ever() -> None:
    with serving(busy(9, 429, **{"Retry-After": "30"})) as service:
        error = refused(service, "Web.Contents(URL, [Timeout = #duration(0, 0, 0, 5)])")
        assert "429" in error.message
        assert len(service.asked) == 1
    with serving(busy(99, 429, **{"Retry-After": "Wed, 01 Jan 2020 00:00:00 GMT"})) as service:
        refused(service, "Web.Contents(URL)")
        assert len(service.asked) == 4


def test_m_may_handle_a_busy_service_itself() -> None:
    with serving(busy(1, 429, **{"Retry-After": "0"})) as service:
        handled = "Value.Metadata(Web.Contents(URL, [ManualStatusHandling = {429}]))[Response.Status]"
        assert text_of(service, handled) == "429"
        assert len(service.asked) == 1


# -- remembered answers ------------------------------------------------------------------------------------------------


def test_one_evaluation_asks_once_for_the_same(service: Service) -> None:
    session = granted(service)
    text_of(service, "{Web.Contents(URL), Web.Contents(URL)}", session)
    assert len(service.asked) == 1
    text_of(service, '{Web.Contents(URL, [Query = [a = "1"]]), Web.Contents(URL, [Headers = [X = "1"]])}', session)
    assert len(service.asked) == 3
    text_of(service, 'Web.Contents(URL, [Headers = [X = "2"], ExcludedFromCacheKey = {"x"}])', session)
    text_of(service, 'Web.Contents(URL, [Headers = [X = "3"], ExcludedFromCacheKey = {"X"}])', session)
    assert len(service.asked) == 3
    text_of(service, "Web.Contents(URL, [IsRetry = true])", session)
    assert len(service.asked) == 4
    text_of(service, "Web.Contents(URL)")
    assert len(service.asked) == 5


def test_old_answers_are_forgotten_when_they_are_many(service: Service) -> None:
    session = granted(service)
    session.web = WebAccess(max_bytes=10)
    for name in ("a", "b", "c", "a"):
        text_of(service, f'Web.Contents("{service.url}/{name}")', session)
    assert [request.path for request in service.asked] == ["/a", "/b", "/c", "/a"]


# -- the others --------------------------------------------------------------------------------------------------------


def test_headers_are_asked_for_without_the_content(service: Service) -> None:
    headers = f'Web.Headers("{service.url}", [RelativePath = "headers", Query = [a = "1"]])'
    assert text_of(service, f'{{{headers}[#"X-One"], {headers}[#"Content-Length"]}}') == '{"1", "3"}'
    assert text_of(service, f"Value.Metadata({headers})[Response.Status]") == "200"
    assert {request.method for request in service.asked} == {"HEAD"}
    assert "no option of Web.Headers" in refused(service, "Web.Headers(URL, [Content = #binary({})])").message


def test_an_action_runs_when_it_is_called(service: Service) -> None:
    action = 'WebAction.Request(WebMethod.Put, URL, [Content = Text.ToBinary("x")])'
    value_of(service, action)
    assert service.asked == []
    assert text_of(service, f"Text.FromBinary({action}())") == '"text"'
    assert [(request.method, request.body) for request in service.asked] == [("PUT", b"x")]
    assert "WebMethod" in refused(service, 'WebAction.Request("TRACE", URL)').message


def test_there_is_no_browser(service: Service) -> None:
    error = refused(service, "Web.BrowserContents(URL, [WaitFor = [Selector = null]])")
    assert error.reason == "DataSource.NotFound"
    assert "Html.Table" in error.hint
    assert "no option" in refused(service, "Web.BrowserContents(URL, [Wait = 1])").message


# -- anything at all ---------------------------------------------------------------------------------------------------

half = st.sampled_from(["[", "//x", "\ud800", "%zz", "\x00", "a\nb", "#", "?", "http://[", "ü"])
anything = st.text(st.characters(), max_size=12) | half


def test_any_text_is_a_request_or_an_m_error() -> None:
    forms = (
        "null", "[RelativePath = r]", "[Query = Record.FromList({v}, {n})]", "[Headers = Record.FromList({v}, {n})]"
    )  # fmt: skip
    with serving(lambda _: Reply(b"ok")) as service:

        @given(url=anything, relative=anything, name=anything, value=anything, form=st.sampled_from(forms))
        @settings(max_examples=120, deadline=None)
        def check(url: str, relative: str, name: str, value: str, form: str) -> None:
            names = {"u": f"{service.url}/{url}", "r": relative, "n": name, "v": value}
            session = Session(origins=[service.url], environment=names)
            with contextlib.suppress(MError):
                assert to_text(evaluate(f"Text.FromBinary(Web.Contents(u, {form}))", session=session)) == '"ok"'

        check()
    assert service.asked, "some of it is a request"


@pytest.mark.parametrize("location", ["http://[", "\\\\", "http://user:pw@127.0.0.1/", "mailto:a@b"])
def test_a_redirect_to_nowhere_is_an_error(location: str) -> None:
    with serving(lambda _: Reply(status=302, headers={"Location": location})) as service:
        assert refused(service, "Web.Contents(URL)").reason == "DataSource.Error"
