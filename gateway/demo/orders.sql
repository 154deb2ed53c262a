-- The order book of Lantern & Oak, an imaginary shop. Dates count from today, so that the demo never ages.
create table customers (
  id integer primary key,
  name text not null,
  email text not null unique
);
create table products (
  id integer primary key,
  name text not null unique,
  price_cents integer not null,
  stock integer not null,
  restock_on text
);
create table orders (
  id integer primary key,
  customer_id integer not null references customers (id),
  status text not null check (status in ('processing', 'packed', 'shipped', 'delivered', 'returned', 'cancelled')),
  placed_on text not null,
  carrier text,
  tracking text,
  expected_on text,
  delivered_on text
);
create table order_lines (
  order_id integer not null references orders (id),
  product_id integer not null references products (id),
  quantity integer not null check (quantity > 0)
);

insert into customers values
  (1, 'Amelie Brandt', 'amelie.brandt@example.org'),
  (2, 'Tomasz Kowalczyk', 'tomasz.k@example.com'),
  (3, 'Priya Raman', 'priya.raman@example.net'),
  (4, 'Jonas Lindqvist', 'jonas@example.se'),
  (5, 'Chiara Moretti', 'chiara.moretti@example.it'),
  (6, 'Samuel Okafor', 'sam.okafor@example.com'),
  (7, 'Hannah Weiss', 'hannah.weiss@example.org'),
  (8, 'Diego Fuentes', 'diego.fuentes@example.es'),
  (9, 'Mei Tanaka', 'mei.tanaka@example.jp'),
  (10, 'Rory Gallacher', 'rory.g@example.co.uk'),
  (11, 'Leila Haddad', 'leila.haddad@example.net'),
  (12, 'Oskar Brandt', 'oskar.brandt@example.org');

insert into products values
  (1, 'Storm Lantern', 4900, 42, null),
  (2, 'Brass Reading Lamp', 12900, 7, null),
  (3, 'Oak Side Table', 18900, 0, date('now', '+12 days')),
  (4, 'Oak Bookshelf', 34900, 3, null),
  (5, 'Beeswax Candles', 1800, 160, null),
  (6, 'Paper Lantern Garland', 2400, 58, null),
  (7, 'Walnut Serving Tray', 5600, 0, date('now', '+30 days')),
  (8, 'Wool Throw', 8900, 21, null),
  (9, 'Ceramic Oil Burner', 3200, 14, null),
  (10, 'Oak Writing Desk', 62900, 2, null),
  (11, 'Linen Lampshade', 3900, 33, null),
  (12, 'Solar Garden Lantern', 2900, 0, date('now', '+5 days'));

insert into orders values
  (1001, 1, 'delivered', date('now', '-41 days'), 'Northway Post', 'NW480012', date('now', '-37 days'), date('now', '-38 days')),
  (1002, 2, 'delivered', date('now', '-36 days'), 'Swift Parcel', 'SP7719034', date('now', '-33 days'), date('now', '-32 days')),
  (1003, 3, 'returned', date('now', '-35 days'), 'Northway Post', 'NW480377', date('now', '-31 days'), date('now', '-31 days')),
  (1004, 4, 'shipped', date('now', '-4 days'), 'Northway Post', 'NW481250', date('now', '+1 days'), null),
  (1005, 5, 'delivered', date('now', '-29 days'), 'Swift Parcel', 'SP7720118', date('now', '-26 days'), date('now', '-26 days')),
  (1006, 6, 'cancelled', date('now', '-28 days'), null, null, null, null),
  (1007, 1, 'shipped', date('now', '-3 days'), 'Swift Parcel', 'SP7725561', date('now', '+2 days'), null),
  (1008, 7, 'delivered', date('now', '-25 days'), 'Heavy Haul Freight', 'HH20931', date('now', '-17 days'), date('now', '-16 days')),
  (1009, 8, 'processing', date('now', '-1 days'), null, null, date('now', '+5 days'), null),
  (1010, 9, 'delivered', date('now', '-22 days'), 'Swift Parcel', 'SP7721900', date('now', '-15 days'), date('now', '-14 days')),
  (1011, 10, 'packed', date('now', '-2 days'), 'Northway Post', null, date('now', '+3 days'), null),
  (1012, 11, 'shipped', date('now', '-5 days'), 'Northway Post', 'NW481198', date('now', '+0 days'), null),
  (1013, 3, 'delivered', date('now', '-19 days'), 'Northway Post', 'NW480820', date('now', '-15 days'), date('now', '-16 days')),
  (1014, 6, 'processing', date('now', '-0 days'), null, null, date('now', '+6 days'), null),
  (1015, 2, 'shipped', date('now', '-6 days'), 'Heavy Haul Freight', 'HH21004', date('now', '+4 days'), null),
  (1016, 12, 'delivered', date('now', '-17 days'), 'Swift Parcel', 'SP7722733', date('now', '-14 days'), date('now', '-14 days')),
  (1017, 5, 'packed', date('now', '-1 days'), 'Swift Parcel', null, date('now', '+3 days'), null),
  (1018, 7, 'returned', date('now', '-33 days'), 'Swift Parcel', 'SP7719660', date('now', '-30 days'), date('now', '-29 days')),
  (1019, 4, 'delivered', date('now', '-14 days'), 'Northway Post', 'NW480990', date('now', '-10 days'), date('now', '-11 days')),
  (1020, 8, 'shipped', date('now', '-7 days'), 'Heavy Haul Freight', 'HH21019', date('now', '+2 days'), null),
  (1021, 11, 'processing', date('now', '-1 days'), null, null, date('now', '+12 days'), null),
  (1022, 10, 'delivered', date('now', '-12 days'), 'Swift Parcel', 'SP7724012', date('now', '-9 days'), date('now', '-9 days')),
  (1023, 9, 'processing', date('now', '-0 days'), null, null, date('now', '+9 days'), null),
  (1024, 12, 'shipped', date('now', '-2 days'), 'Northway Post', 'NW481377', date('now', '+2 days'), null),
  (1025, 1, 'processing', date('now', '-0 days'), null, null, date('now', '+6 days'), null),
  (1026, 6, 'delivered', date('now', '-10 days'), 'Northway Post', 'NW481044', date('now', '-6 days'), date('now', '-6 days')),
  (1027, 3, 'cancelled', date('now', '-9 days'), null, null, null, null),
  (1028, 2, 'packed', date('now', '-2 days'), 'Northway Post', null, date('now', '+2 days'), null),
  (1029, 5, 'delivered', date('now', '-8 days'), 'Swift Parcel', 'SP7724870', date('now', '-5 days'), date('now', '-5 days')),
  (1030, 7, 'shipped', date('now', '-1 days'), 'Swift Parcel', 'SP7725900', date('now', '+2 days'), null);

insert into order_lines values
  (1001, 1, 2), (1001, 5, 1), (1002, 2, 1), (1003, 11, 2), (1004, 6, 3), (1004, 5, 2), (1005, 8, 1),
  (1006, 7, 1), (1007, 9, 1), (1007, 5, 4), (1008, 10, 1), (1009, 1, 1), (1010, 6, 5), (1011, 11, 1),
  (1011, 2, 1), (1012, 8, 2), (1013, 5, 6), (1014, 9, 2), (1015, 4, 1), (1016, 1, 1), (1017, 6, 2),
  (1018, 2, 1), (1019, 8, 1), (1019, 9, 1), (1020, 4, 1), (1020, 11, 2), (1021, 3, 1), (1022, 5, 2),
  (1023, 10, 1), (1024, 1, 3), (1025, 8, 1), (1025, 11, 1), (1026, 9, 1), (1027, 12, 4), (1028, 6, 1),
  (1029, 2, 1), (1030, 5, 3), (1030, 1, 1);
