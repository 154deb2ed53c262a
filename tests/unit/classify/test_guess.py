"""From probabilities to labels."""

from gateway.classify.entities import finding
from gateway.classify.guess import freshness_guess, sensitivity_guess, task_guess
from gateway.types import Freshness, Label, Task

LABELS = ("coding", "chit_chat")
CARD = finding("payment_card", 0, 0, 16, 0.95)
MAIL = finding("email", 0, 0, 9, 0.95)
FAINT = finding("tax_id", 0, 0, 9, 0.6)


def test_the_likeliest_label_wins_and_is_unsure_below_the_threshold() -> None:
    sure, unsure = task_guess(LABELS, [0.7, 0.3], 0.6), task_guess(LABELS, [0.55, 0.45], 0.6)

    assert (sure.best, sure.unsure) == (Task.CODING, False)
    assert (unsure.best, unsure.unsure) == (Task.CODING, True)


def test_freshness_is_a_word_of_its_vocabulary() -> None:
    assert freshness_guess(("static", "live"), [0.1, 0.9], 0.5).best is Freshness.LIVE


def test_the_highest_finding_decides_the_label() -> None:
    assert sensitivity_guess([MAIL, CARD], 0.0, 0.9, 0.6).best is Label.RESTRICTED


def test_a_faint_finding_still_raises_the_label_but_unsurely() -> None:
    guess = sensitivity_guess([FAINT], 0.0, 0.9, 0.6)

    assert (guess.best, guess.unsure) == (Label.RESTRICTED, True)


def test_without_findings_the_model_decides_and_doubt_means_the_higher_label() -> None:
    public, doubt, sure = (sensitivity_guess([], chance, 0.9, 0.6) for chance in (0.5, 0.7, 0.95))

    assert (public.best, public.unsure) == (Label.PUBLIC, False)
    assert (doubt.best, doubt.unsure) == (Label.CONFIDENTIAL, True)
    assert (sure.best, sure.unsure) == (Label.CONFIDENTIAL, False)


def test_probabilities_cover_every_label_and_sum_to_one() -> None:
    for guess in (sensitivity_guess([CARD], 0.2, 0.9, 0.6), sensitivity_guess([], 0.2, 0.9, 0.6)):
        assert set(guess.probabilities) == {"public", "internal", "confidential", "restricted"}
        assert abs(sum(guess.probabilities.values()) - 1) < 1e-9
