"""The app's pages as a person meets them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from tests.browser.accessibility import WEB, violations
from tests.browser.conftest import OpenPage, Site
from tests.server.small_home import BIG, REGIONS, ROWS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
expect = sync_api.expect

DESCRIPTION = WEB / "openapi.json"
NOT_FOUND = [r"status of 404"]

#: The color of text in each scheme.
INK = {"light": "rgb(36, 36, 36)", "dark": "rgb(255, 255, 255)"}


def test_home_tells_what_there_is(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.address).page
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    cards = page.get_by_role("main").get_by_role("group")
    expect(cards.filter(has_text="Published tables")).to_contain_text("2")
    expect(cards.filter(has_text="Sources")).to_contain_text("1")
    expect(cards.filter(has_text="Latest refresh")).to_contain_text("broken")
    expect(cards.filter(has_text="Latest refresh")).to_contain_text("Failed")
    page.get_by_role("link", name="Browse the tables").click()
    expect(page).to_have_url(f"{site.address}/tables")


def test_tables_are_listed_by_dataflow_and_opened(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/tables").page
    group = page.get_by_role("region", name="Dataflow sales")
    expect(group.get_by_role("row")).to_have_count(3)
    expect(group.get_by_role("row", name="orders_scored")).to_contain_text("3,000")
    group.get_by_role("link", name="totals").click()
    expect(page).to_have_url(f"{site.address}/tables/sales/totals")
    grid = page.get_by_role("grid", name="Rows of totals")
    expect(grid.get_by_role("row")).to_have_count(len(REGIONS) + 1)
    for region in REGIONS:
        expect(grid.get_by_role("gridcell", name=region)).to_be_visible()


def test_a_tables_header_and_first_row(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/tables/sales/orders_scored").page
    expect(page.get_by_role("heading", name="orders_scored")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("3,000 rows")
    expect(page.get_by_role("main")).to_contain_text("10 columns")
    expect(page.get_by_role("main")).to_contain_text("Version 0")
    grid = page.get_by_role("grid")
    expect(grid).to_have_attribute("aria-rowcount", str(ROWS + 1))
    expect(grid).to_have_attribute("aria-colcount", "11")
    expect(grid.get_by_role("columnheader", name="Whole number id")).to_be_visible()
    expect(grid.get_by_role("columnheader", name="Date ordered")).to_be_visible()
    first = grid.get_by_role("row").nth(1)
    expect(first.get_by_role("gridcell").first).to_have_text("0")
    expect(first.get_by_role("gridcell", name="north")).to_be_visible()


def test_the_last_row_is_reached_by_scrolling(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/tables/sales/orders_scored").page
    grid = page.get_by_role("grid")
    expect(grid.get_by_role("gridcell", name="north").first).to_be_visible()
    grid.evaluate("element => element.scrollTo(0, element.scrollHeight)")
    last = grid.get_by_role("row", name=re.compile(f"^{ROWS:,} "))
    expect(last).to_be_visible()
    expect(last.get_by_role("gridcell").first).to_have_text(str(ROWS - 1))
    # The amount that was left empty in the file.
    expect(last.get_by_role("gridcell", name="null", exact=True).first).to_be_visible()
    expect(page.get_by_text(re.compile(rf"Rows [\d,]+–{ROWS:,} of {ROWS:,}"))).to_be_visible()
    # Only what is in sight is in the page.
    assert grid.get_by_role("row").count() < 80
    expect(page).to_have_url(re.compile(r"[?&]row=\d+"))


def test_a_position_in_the_address_is_taken_up(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/tables/sales/orders_scored?row=1500").page
    row = page.get_by_role("row", name=re.compile("^1,500 "))
    expect(row.get_by_role("gridcell").first).to_have_text("1499")


def test_the_grid_is_walked_with_keys_alone(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/tables/sales/orders_scored").page
    grid = page.get_by_role("grid")
    expect(grid.get_by_role("gridcell", name="north").first).to_be_visible()
    grid.focus()
    page.keyboard.press("Control+End")
    last = grid.get_by_role("row", name=re.compile(f"^{ROWS:,} "))
    expect(last.get_by_role("gridcell", name="P1DT2H0M0S")).to_be_visible()
    active = grid.get_attribute("aria-activedescendant")
    assert active is not None
    expect(page.locator(f"[id='{active}']")).to_be_visible()
    page.keyboard.press("Control+Home")
    expect(grid.get_by_role("gridcell", name="0.5", exact=True).first).to_be_visible()
    # The header is above the first row; Enter there opens the column's lineage.
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/lineage/{site.guids['orders_scored']}?column=id")


def test_whole_numbers_beyond_what_a_browser_counts_are_shown_exactly(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/tables/sales/orders_scored").page
    expect(page.get_by_role("gridcell", name=str(BIG), exact=True)).to_be_visible()


def lineage_of(site: Site, entity: str, **parameters: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in parameters.items())
    return f"{site.address}/lineage/{site.guids[entity]}{'?' if query else ''}{query}"


def test_lineage_is_drawn_and_a_node_tells_of_its_asset(open_page: OpenPage, site: Site) -> None:
    page = open_page(lineage_of(site, "totals")).page
    graph = page.get_by_label("Lineage graph")
    for name in (
        "Dataset orders.csv",
        "Dataflow query orders_scored",
        "Published table orders_scored",
        "Dataflow query totals",
        "Published table totals",
    ):
        expect(graph.get_by_label(name, exact=True)).to_be_visible()
    graph.get_by_label("Published table orders_scored", exact=True).click()
    panel = page.get_by_role("complementary", name="Selected asset")
    expect(panel.get_by_role("heading", name="orders_scored")).to_be_visible()
    expect(panel).to_contain_text("headwater://")
    panel.get_by_role("link", name="Switch to asset").click()
    expect(page.get_by_role("heading", name="orders_scored", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile(site.guids["orders_scored"]))


def test_a_columns_button_leads_to_its_path(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/tables/sales/totals").page
    page.get_by_role("button", name="Lineage of mean_score").click()
    expect(page).to_have_url(lineage_of(site, "totals", column="mean_score"))
    expect(page.get_by_role("combobox", name="Column")).to_have_value("mean_score")
    graph = page.get_by_label("Lineage graph")
    expect(graph.get_by_label("Dataset orders.csv")).to_contain_text("amount")
    expect(graph.get_by_label("Published table orders_scored")).to_contain_text("score")
    page.get_by_role("combobox", name="Column").select_option("orders")
    expect(page).to_have_url(re.compile("column=orders"))
    # How many orders there are hangs on no column of theirs but the region they are counted by.
    expect(graph.get_by_label("Dataset orders.csv")).not_to_contain_text("amount")


def test_the_list_says_what_the_graph_shows(open_page: OpenPage, site: Site) -> None:
    page = open_page(lineage_of(site, "totals", column="mean_score")).page
    page.get_by_role("tab", name="List").click()
    expect(page).to_have_url(re.compile("view=list"))
    tree = page.get_by_role("tree", name="Comes from")
    expect(tree.get_by_role("treeitem")).to_have_count(4)
    expect(tree.get_by_role("treeitem", name=re.compile("^orders.csv Dataset amount"))).to_be_visible()
    page.reload()
    expect(page.get_by_role("tree", name="Comes from")).to_be_visible()
    page.get_by_role("tab", name="Graph").click()
    expect(page.get_by_label("Lineage graph")).to_be_visible()


def test_direction_and_depth_are_chosen_and_kept_in_the_address(open_page: OpenPage, site: Site) -> None:
    page = open_page(lineage_of(site, "orders_scored")).page
    graph = page.get_by_label("Lineage graph")
    expect(graph.get_by_label("Published table totals")).to_be_visible()
    page.get_by_role("combobox", name="Direction").select_option(label="What it comes from")
    expect(graph.get_by_label("Published table totals")).to_have_count(0)
    page.get_by_role("combobox", name="Depth").select_option(label="1 step")
    expect(graph.get_by_label("Dataset orders.csv")).to_have_count(0)
    expect(page).to_have_url(re.compile("direction=input.*depth=1|depth=1.*direction=input"))
    # What is left out is counted, and shown on request.
    page.get_by_role("button", name=re.compile("hidden|more", re.I)).first.click()
    expect(graph.get_by_label("Dataset orders.csv")).to_be_visible()


def test_lineage_with_keys_alone(open_page: OpenPage, site: Site) -> None:
    page = open_page(lineage_of(site, "totals")).page
    node = page.get_by_label("Lineage graph").get_by_label("Dataset orders.csv")
    expect(node).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if node.evaluate("element => element === document.activeElement"):
            break
    expect(node).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("complementary").get_by_role("heading", name="orders.csv")).to_be_visible()


def test_the_first_tab_skips_to_the_content(open_page: OpenPage, site: Site) -> None:
    page = open_page(site.address).page
    expect(page.get_by_role("heading", name="Home")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()


@pytest.mark.parametrize(("scheme", "other"), [("light", "dark"), ("dark", "light")])
def test_colors_follow_the_system_until_chosen_and_the_choice_stays(
    open_page: OpenPage, site: Site, scheme: str, other: str
) -> None:
    page = open_page(site.address, scheme=scheme).page

    def shows(wanted: str) -> None:
        page.get_by_role("button", name=f"Use {'light' if wanted == 'dark' else 'dark'} colors").wait_for()
        expect(page.get_by_role("main")).to_have_css("color", INK[wanted])

    shows(scheme)
    page.get_by_role("button", name=f"Use {other} colors").click()
    shows(other)
    page.reload()
    shows(other)


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("/tables/sales/lost", "There is no published table 'lost' of a dataflow 'sales'."),
        ("/lineage/lost", "There is no asset 'lost'."),
    ],
)
def test_what_is_not_there_is_told_with_what_to_do(open_page: OpenPage, site: Site, address: str, message: str) -> None:
    page = open_page(f"{site.address}{address}", expected=NOT_FOUND).page
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("heading", name=message)).to_be_visible()
    expect(alert.get_by_role("button", name="Try again")).to_be_visible()


def test_an_address_that_is_no_page_leads_home(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/nowhere").page
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("link", name="Go to the home page").click()
    expect(page.get_by_role("heading", name="Home")).to_be_visible()


def test_a_server_that_does_not_answer_is_told_and_tried_again(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/nowhere", expected=[r"ERR_FAILED|Failed to load"]).page
    page.route("**/api/**", lambda route: route.abort())
    page.get_by_role("link", name="Tables").click()
    expect(page.get_by_role("alert")).to_contain_text("Headwater does not answer.")
    page.unroute("**/api/**")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("link", name="orders_scored")).to_be_visible()


def test_a_new_home_says_how_to_begin(open_page: OpenPage, empty_site: Site) -> None:
    page = open_page(empty_site.address).page
    cards = page.get_by_role("main").get_by_role("group")
    expect(cards.filter(has_text="Published tables")).to_contain_text("0")
    page.get_by_role("navigation").get_by_role("link", name="Tables").click()
    expect(page.get_by_role("heading", name=re.compile("^No |no .* yet", re.I))).to_be_visible()


def operations_shown(page: Any) -> set[str]:
    """The ids of all operations; the page draws those that are in view, so they are scrolled past."""
    operations = page.locator(".opblock")
    expect(operations.first).to_be_visible()
    found: set[str] = set()
    before, still = -1, 0
    while still < 5:
        found |= set(operations.evaluate_all("shown => shown.map(one => one.id)"))
        still = still + 1 if len(found) == before else 0
        before = len(found)
        page.mouse.wheel(0, 500)
        page.wait_for_timeout(100)
    page.mouse.wheel(0, -1_000_000)
    return found


def test_the_apis_page_shows_every_address_and_tries_one(open_page: OpenPage, site: Site) -> None:
    page = open_page(f"{site.address}/docs").page
    described = json.loads(DESCRIPTION.read_text("utf-8"))["paths"]
    assert len(operations_shown(page)) == sum(map(len, described.values()))
    page.locator("#operations-status-healthz_healthz_get").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.get_by_role("button", name="Execute").click()
    expect(page.locator(".live-responses-table")).to_contain_text('"status": "ok"')


ADDRESSES = ["/", "/tables", "/tables/sales/orders_scored", "/tables/sales/lost", "/nowhere", "graph", "list"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_in_the_way_of_assistive_technology(
    open_page: OpenPage, site: Site, address: str, scheme: str
) -> None:
    if not address.startswith("/"):
        address = lineage_of(site, "totals", column="mean_score", view=address).removeprefix(site.address)
    page = open_page(f"{site.address}{address}", scheme=scheme, expected=NOT_FOUND).page
    page.wait_for_load_state("networkidle")
    expect(page.get_by_role("main").get_by_role("heading").first).to_be_visible()
    assert violations(page) == []
