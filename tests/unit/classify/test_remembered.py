"""What reading a text gave is remembered."""

from concurrent.futures import ThreadPoolExecutor

from gateway.classify.remembered import Remembered


class Read:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def __call__(self, text: str) -> int:
        self.texts.append(text)
        return len(text)


def test_a_text_that_comes_again_is_not_read_again() -> None:
    read = Read()
    remembered = Remembered(read, 10, lambda _: True)

    assert [remembered("one"), remembered("three"), remembered("one")] == [3, 5, 3]
    assert read.texts == ["one", "three"]


def test_what_was_used_longest_ago_is_forgotten() -> None:
    read = Read()
    remembered = Remembered(read, 2, lambda _: True)
    for text in ("a", "b", "a", "c"):
        remembered(text)

    remembered("a")
    assert read.texts == ["a", "b", "c"]
    remembered("b")
    assert read.texts == ["a", "b", "c", "b"]


def test_a_value_that_is_not_worth_it_is_not_kept() -> None:
    read = Read()
    remembered = Remembered(read, 2, lambda size: size < 3)
    for text in ("long", "long"):
        remembered(text)

    assert read.texts == ["long", "long"]


def test_no_text_is_kept() -> None:
    remembered = Remembered(len, 2, lambda _: True)
    remembered("a secret")

    assert "secret" not in repr(vars(remembered))


def test_half_of_a_surrogate_pair_is_a_text_too() -> None:
    remembered = Remembered(ord, 2, lambda _: True)

    assert [remembered("\ud83d"), remembered("\ude00")] == [0xD83D, 0xDE00]


def test_threads_share_it() -> None:
    remembered = Remembered(len, 3, lambda _: True)
    texts = ["x" * (n % 7) for n in range(2000)]
    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(remembered, texts)) == list(map(len, texts))
