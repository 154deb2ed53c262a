from pathlib import Path

import pytest

from gateway.demo.orders import OrderBook


def test_an_order_tells_its_status_its_items_and_what_it_costs() -> None:
    order = OrderBook().order(1004)
    assert (order.status, order.carrier, order.delivered_on) == ("shipped", "Northway Post", None)
    assert "Paper Lantern Garland" in order.items
    assert order.total == "€108.00"


def test_there_are_thirty_orders_and_every_one_can_be_read() -> None:
    book = OrderBook()
    assert {book.order(n).order_id for n in range(1001, 1031)} == set(range(1001, 1031))


def test_an_order_that_does_not_exist_is_said_so() -> None:
    with pytest.raises(LookupError, match=r"There is no order 9999\."):
        OrderBook().order(9999)


def test_orders_are_found_by_name_and_by_address() -> None:
    book = OrderBook()
    assert book.of_customer("amelie brandt").count == 3
    assert book.of_customer("tomasz.k@example.com").customer == "Tomasz Kowalczyk"
    assert book.of_customer("nobody of this name").count == 0


def test_a_percent_sign_finds_nobody_rather_than_everybody() -> None:
    assert OrderBook().of_customer("%").count == 0


def test_stock_is_found_by_a_plural_and_by_part_of_a_name() -> None:
    book = OrderBook()
    assert book.stock("storm lanterns").product == "Storm Lantern"
    assert book.stock("walnut").restock_on is not None


def test_a_name_that_fits_several_products_names_them() -> None:
    with pytest.raises(LookupError, match="Storm Lantern"):
        OrderBook().stock("lantern")


def test_only_an_order_that_has_not_been_shipped_can_be_cancelled() -> None:
    book = OrderBook()
    assert book.cancel(1009).status == "cancelled"
    assert book.order(1009).status == "cancelled"
    with pytest.raises(ValueError, match="shipped and can no longer be cancelled"):
        book.cancel(1004)


def test_a_change_lasts_in_a_database_file(tmp_path: Path) -> None:
    file = tmp_path / "orders.db"
    OrderBook(file).cancel(1009)
    assert OrderBook(file).order(1009).status == "cancelled"
