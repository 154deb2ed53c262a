"""An MCP server over the order book of an imaginary shop, so that the gateway has something to ask.

`python -m gateway.demo.orders` speaks MCP on stdin and stdout; with `--http PORT`, streamable HTTP on
127.0.0.1. The order book is made from `orders.sql` at start: in memory, or in the file that `--database`
names, where changes then last.
"""

from __future__ import annotations

import argparse
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcp.server import MCPServer

SCHEMA = Path(__file__).with_name("orders.sql")
MOST_FOUND = 20  # orders or products in one answer
_CANCELLABLE = ("processing", "packed")


@dataclass(frozen=True)
class Order:
    """One order; what is not known yet, such as the carrier before shipping, is null."""

    order_id: int
    customer: str
    status: str
    items: str
    total: str
    placed_on: str
    carrier: str | None = None
    tracking: str | None = None
    expected_on: str | None = None
    delivered_on: str | None = None


@dataclass(frozen=True)
class OrdersFound:
    customer: str
    count: int
    orders: list[Order]


@dataclass(frozen=True)
class Stock:
    product: str
    in_stock: int
    price: str
    restock_on: str | None = None


@dataclass(frozen=True)
class Cancelled:
    order_id: int
    status: str
    refund: str


class OrderBook:
    """The shop's orders. Raises LookupError or ValueError with words for whoever asked."""

    def __init__(self, database: Path | None = None) -> None:
        fresh = database is None or not database.exists()
        self._lock = threading.Lock()
        self._db = sqlite3.connect(database or ":memory:", check_same_thread=False)
        self._db.row_factory = sqlite3.Row
        if fresh:
            self._db.executescript(SCHEMA.read_text(encoding="utf-8"))

    def order(self, order_id: int) -> Order:
        with self._locked() as db:
            row = db.execute(_ORDERS + " where o.id = ? group by o.id", (order_id,)).fetchone()
        if row is None:
            raise LookupError(f"There is no order {order_id}.")
        return _order(row)

    def of_customer(self, customer: str) -> OrdersFound:
        like = f"%{_plain(customer)}%"
        where = " where c.name like ? escape '\\' or c.email like ? escape '\\'"
        with self._locked() as db:
            rows = db.execute(
                f"{_ORDERS}{where} group by o.id order by o.id desc limit ?", (like, like, MOST_FOUND)
            ).fetchall()
        names = sorted({row["customer"] for row in rows})
        return OrdersFound(" and ".join(names) or customer, len(rows), [_order(row) for row in rows])

    def stock(self, product: str) -> Stock:
        """The product of that name, or the only one whose name holds all its words, a plural s aside."""
        words = [_plain(w.removesuffix("s")) for w in product.lower().split()] or [""]
        where = " and ".join("lower(name) like ? escape '\\'" for _ in words)
        with self._locked() as db:
            rows = db.execute(
                f"select * from products where {where} order by length(name) limit ?",  # noqa: S608 (marks)
                (*(f"%{word}%" for word in words), MOST_FOUND),
            ).fetchall()
        if not rows:
            raise LookupError(f"The shop sells nothing called {product!r}.")
        exact = [r for r in rows if r["name"].lower().removesuffix("s") == product.lower().removesuffix("s")]
        if len(rows) > 1 and not exact:
            several = ", ".join(f"{r['name']} ({r['stock']} in stock)" for r in rows)
            raise LookupError(f"More than one product fits {product!r}: {several}.")
        row = (exact or rows)[0]
        return Stock(row["name"], row["stock"], _money(row["price_cents"]), row["restock_on"])

    def cancel(self, order_id: int) -> Cancelled:
        order = self.order(order_id)
        if order.status not in _CANCELLABLE:
            raise ValueError(f"Order {order_id} is {order.status} and can no longer be cancelled.")
        with self._locked() as db:
            db.execute("update orders set status = 'cancelled' where id = ?", (order_id,))
        return Cancelled(order_id, "cancelled", order.total)

    @contextmanager
    def _locked(self) -> Iterator[sqlite3.Connection]:
        with self._lock, self._db:
            yield self._db


_ORDERS = """
select o.*, c.name as customer, sum(l.quantity * p.price_cents) as total_cents,
       group_concat(l.quantity || ' × ' || p.name, ', ') as items
from orders o join customers c on c.id = o.customer_id
join order_lines l on l.order_id = o.id join products p on p.id = l.product_id"""


def _order(row: sqlite3.Row) -> Order:
    return Order(
        order_id=row["id"],
        customer=row["customer"],
        status=row["status"],
        items=row["items"],
        total=_money(row["total_cents"]),
        placed_on=row["placed_on"],
        carrier=row["carrier"],
        tracking=row["tracking"],
        expected_on=row["expected_on"],
        delivered_on=row["delivered_on"],
    )


def _money(cents: int) -> str:
    return f"€{cents / 100:.2f}"


def _plain(text: str) -> str:
    """Text to look for with `like ? escape '\\'`: its own marks stand for themselves."""
    return text.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def server(book: OrderBook) -> MCPServer:
    """The order book as an MCP server."""
    from mcp.server import MCPServer
    from mcp.server.mcpserver.exceptions import ToolError
    from mcp_types import ToolAnnotations

    orders = MCPServer("orders", log_level="ERROR")
    reads = ToolAnnotations(read_only_hint=True)

    @contextmanager
    def said() -> Iterator[None]:
        try:
            yield
        except (LookupError, ValueError) as error:
            raise ToolError(str(error)) from error

    @orders.tool(annotations=reads)
    def order_status(order_id: int) -> Order:
        """Where an order is: its status, carrier, tracking number, expected delivery, items and total."""
        with said():
            return book.order(order_id)

    @orders.tool(annotations=reads)
    def find_orders(customer: str) -> OrdersFound:
        """List the orders that a customer has placed, newest first, by the customer's name or e-mail."""
        with said():
            return book.of_customer(customer)

    @orders.tool(annotations=reads)
    def stock_level(product: str) -> Stock:
        """How many pieces of a product are in stock, what it costs, and when more will arrive."""
        with said():
            return book.stock(product)

    @orders.tool(annotations=ToolAnnotations(read_only_hint=False, destructive_hint=True))
    def cancel_order(order_id: int) -> Cancelled:
        """Cancel an order that has not been shipped yet, and refund it."""
        with said():
            return book.cancel(order_id)

    return orders


def main() -> None:
    parser = argparse.ArgumentParser(prog="gateway.demo.orders", description=__doc__)
    parser.add_argument(
        "--http", type=int, metavar="PORT", help="serve streamable HTTP on 127.0.0.1:PORT/mcp"
    )
    parser.add_argument("--database", type=Path, metavar="PATH", help="keep the order book in this file")
    options = parser.parse_args()
    orders = server(OrderBook(options.database))
    if options.http is None:
        orders.run("stdio")
    else:
        orders.run("streamable-http", host="127.0.0.1", port=options.http)


if __name__ == "__main__":
    main()
