"""Short documents of two imaginary houses, and questions about them: by these the quoting was fitted."""

from __future__ import annotations

from gateway.types import Passage


def _p(title: str, source: str, text: str) -> Passage:
    return Passage(text, source, title, "documents", 0.5)


LIBRARY = (
    _p("Borrowing › Loan periods", "library.md",
       "Books may be kept for four weeks. Films and games are lent for seven days. A loan can be "
       "renewed twice, unless somebody else has reserved the item."),
    _p("Borrowing › Late items", "library.md",
       "We charge 20 cents a day for every late item, up to 6 euros. After six weeks it counts as lost, "
       "and the price of a new copy is due. It is waived for members under 14."),
    _p("Membership › Joining", "library.md",
       "Anyone who lives in the county can join.\n\nBring:\n- an identity card\n- proof of your address\n\n"
       "Membership is free for children and students; all others pay 15 euros a year."),
    _p("Opening hours", "library.md",
       "| Day | Hours |\n|---|---|\n| Monday to Friday | 10:00 to 19:00 |\n| Saturday | 10:00 to 14:00 |\n\n"
       "We are closed on Sundays and public holidays."),
    _p("Rooms › Study rooms", "library.md",
       "Four study rooms on the second floor can be booked for up to three hours. Food is not allowed there; "
       "drinks with a lid are fine. To book one, ask at the front desk or use the app."),
    _p("Printing", "library.md",
       "Printing costs 10 cents a page in black and white and 40 cents in colour. Pay with your library "
       "card; the machines take no cash."),
)  # fmt: skip

BIKES = (
    _p("Rental › Prices", "bikes.md",
       "A city bike costs 12 euros a day, an electric bike 29 euros. From the third day on, every day is a "
       "third cheaper."),
    _p("Rental › Deposit", "bikes.md",
       "A deposit of 100 euros is taken from your card when you pick the bike up. It is given back within "
       "five working days of the bike's return."),
    _p("Safety › Helmets", "bikes.md",
       "Helmets are free. Children under 12 must wear one. We do not rent out child seats without a helmet."),
    _p("Problems › Breakdown", "bikes.md",
       "If the bike breaks down, call the number on the frame. We bring a replacement within 90 minutes "
       "inside the city. Outside of it, take the bike to the nearest workshop: we refund repairs of up to "
       "40 euros."),
    _p("Problems › Theft", "bikes.md",
       "Report a theft to the police first. Then send us the report's number. If the bike was locked to a "
       "fixed object you pay 150 euros; otherwise you pay the bike's value."),
)  # fmt: skip

# A question, and words that a right quote holds; None: the documents do not say.
QUESTIONS = (
    (LIBRARY, "How long can I borrow a book?", "four weeks"),
    (LIBRARY, "for how many days do you lend movies", "seven days"),
    (LIBRARY, "What's the fine if I bring something back too late?", "20 cents"),
    (LIBRARY, "What do I need to bring to become a member?", "proof of your address"),
    (LIBRARY, "Do students have to pay for membership?", "free for children and students"),
    (LIBRARY, "When are you open on Saturdays?", "10:00 to 14:00"),
    (LIBRARY, "Are you open on Sunday?", "closed on Sundays"),
    (LIBRARY, "May I eat in the study rooms?", "Food is not allowed"),
    (LIBRARY, "price of a colour print", "40 cents in colour"),
    (LIBRARY, "How often may a loan be extended?", "renewed twice"),
    (LIBRARY, "Do you have a parking garage?", None),
    (LIBRARY, "Who wrote Moby-Dick?", None),
    (LIBRARY, "Can I rent a projector for a wedding?", None),
    (BIKES, "What does an e-bike cost per day?", "29 euros"),
    (BIKES, "When do I get my deposit back?", "five working days"),
    (BIKES, "Does my 9-year-old have to wear a helmet?", "under 12 must wear"),
    (BIKES, "The bike broke, how fast do I get another one?", "90 minutes"),
    (BIKES, "what happens if the bike gets stolen", "police"),
    (BIKES, "Is it cheaper for a whole week?", "a third cheaper"),
    (BIKES, "Do you sell used bikes?", None),
    (BIKES, "What is the tyre pressure of a mountain bike?", None),
    (BIKES, "Can I bring my dog?", None),
)
