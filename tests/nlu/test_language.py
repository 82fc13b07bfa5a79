"""Which language a text is written in, by a small model trained here."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.content import Example, Place
from bot.nlu import language
from bot.nlu.language import Written, recognise
from bot.nlu.linear import LinearText
from bot.nlu.text import normalise

SENTENCES = {
    "pl": """szef nie zapłacił mi za ostatni miesiąc
jak mogę przedłużyć kartę pobytu w urzędzie
czy umowa zlecenie jest legalna
gdzie mogę się nauczyć polskiego za darmo
potrzebuję pomocy bo nie mam gdzie mieszkać
moje dziecko nie ma miejsca w szkole
chcę wrócić do domu ale nie mam pieniędzy na bilet
czy to jest bezpieczna oferta pracy
pracodawca zabrał mi paszport i nie chce go oddać
dziękuję za pomoc do widzenia
ile kosztuje lekarz bez ubezpieczenia
nie wiem co mam robić proszę o pomoc""",
    "uk": """начальник не заплатив мені за останній місяць
як я можу подовжити карту побиту в уряді
чи договір є легальним і що мені робити
де можна безкоштовно вивчити польську мову
мені потрібна допомога бо немає де жити
моя дитина не має місця в школі
хочу повернутися додому але не маю грошей на квиток
чи це безпечна пропозиція роботи
роботодавець забрав у мене паспорт і не хоче віддати
дякую за допомогу до побачення
скільки коштує лікар без страхування
не знаю що мені робити допоможіть будь ласка""",
    "en": """my boss did not pay me for the last month
how can i extend my residence card at the office
is the contract legal and what should i do
where can i learn polish for free
i need help because i have nowhere to live
my child has no place at the school
i want to go back home but i have no money for the ticket
is this a safe job offer
the employer took my passport and does not want to give it back
thank you for your help goodbye
how much does the doctor cost without insurance
i do not know what to do please help""",
    "ru": """начальник не заплатил мне за последний месяц
как я могу продлить карту побыту в ужонде
договор законный и что мне делать
где можно бесплатно выучить польский язык
мне нужна помощь потому что негде жить
у моего ребенка нет места в школе
хочу вернуться домой но нет денег на билет
это безопасное предложение работы
работодатель забрал у меня паспорт и не хочет отдать
спасибо за помощь до свидания
сколько стоит врач без страховки
не знаю что мне делать помогите пожалуйста""",
}
EXAMPLES = [
    Example("any/question", code, text, Place("intents/any.yml", line))
    for code, block in SENTENCES.items()
    for line, text in enumerate(block.splitlines(), 1)
]
CYRILLIC = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюяыэёъ"


@pytest.fixture(scope="module")
def model() -> LinearText:
    return language.train(EXAMPLES)


@pytest.mark.parametrize(
    ("text", "expected", "latin"),
    [
        ("szef nie chce zapłacić za miesiąc", "pl", False),
        ("nie mam pieniędzy na lekarza", "pl", False),
        ("начальник не хоче платити", "uk", False),
        ("мені немає де жити", "uk", False),
        ("the boss does not want to pay me", "en", False),
        ("i have no money for the doctor", "en", False),
        ("начальник не хочет платить", "ru", False),
        ("мне негде жить, нужна помощь", "ru", False),
        ("meni nemaye de zhyty, dopomozhit", "uk", True),
        ("khochu povernutysya dodomu", "uk", True),
        ("u menya net deneg na bilet", "ru", True),
        ("skolko stoit vrach", "ru", True),
    ],
)
def test_a_sentence_is_recognised(model: LinearText, text: str, expected: str, latin: bool) -> None:
    written = recognise(model, text)
    assert (written.language, written.latin) == (expected, latin)
    assert language.SURE <= written.confidence <= 1.0001


@pytest.mark.parametrize("text", ["nie chce wrocic do domu", "potrzebuje pomocy prosze", "ZAPLAC MI ZA MIESIAC", "szef nie zaplacil"])
def test_polish_is_recognised_without_its_own_letters(model: LinearText, text: str) -> None:
    assert recognise(model, normalise(text)).language == "pl"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("мій", "uk"),
        ("немає", "uk"),
        ("дякую", "uk"),
        ("dziękuję", "pl"),
        ("proszę", "pl"),
        ("the", "en"),
        ("help", "en"),
        ("спасибо", "ru"),
    ],
)
def test_one_word_is_often_enough(model: LinearText, text: str, expected: str) -> None:
    assert recognise(model, text).language == expected


@pytest.mark.parametrize(
    "text", ["", " ", "?", "112", "+48 530 595 013", "3 000 - 4 000", "\U0001f44d\U0001f44d", "!!!", "a", "я", "5 h", "€"]
)
def test_a_text_of_less_than_two_letters_has_no_language(model: LinearText, text: str) -> None:
    assert recognise(model, text) == Written(None, 0.0)


def test_letters_of_no_known_alphabet_have_no_language(model: LinearText) -> None:
    written = recognise(model, "漢字漢字")
    assert written.language is None
    assert written.confidence < language.SURE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("як отримати PESEL UKR мені", "uk"),
        ("чи umowa zlecenie є легальною для мене", "uk"),
        ("мне нужна karta pobytu, помогите", "ru"),
        ("jak przedłużyć карту побиту w urzędzie", "pl"),
        ("how can i get карта побиту at the office", "en"),
    ],
)
def test_in_a_mixed_text_the_alphabet_of_most_letters_decides(model: LinearText, text: str, expected: str) -> None:
    assert recognise(model, text).language == expected


@settings(deadline=None, max_examples=60)
@given(text=st.text(st.sampled_from(CYRILLIC + " ,.1"), min_size=3, max_size=30))
def test_cyrillic_is_never_taken_for_a_language_of_latin_letters(model: LinearText, text: str) -> None:
    written = recognise(model, text)
    assert written.language in {"uk", "ru", None}
    assert not written.latin


@settings(deadline=None, max_examples=60)
@given(text=st.text(st.sampled_from("abcdefghijklmnoprstuwxyząćęłńóśźż ,.1"), min_size=3, max_size=30))
def test_latin_letters_are_never_taken_for_cyrillic(model: LinearText, text: str) -> None:
    written = recognise(model, text)
    assert written.latin or written.language in {"pl", "en", None}


@settings(deadline=None, max_examples=60)
@given(text=st.text(st.characters(codec=None), max_size=40))
def test_any_text_has_a_confidence_and_a_language_only_when_it_is_sure(model: LinearText, text: str) -> None:
    written = recognise(model, text)
    assert 0 <= written.confidence <= 1.0001
    assert (written.language is not None) == (written.confidence >= language.SURE)


def test_ukrainian_and_russian_in_latin_letters_are_labels_of_their_own(model: LinearText) -> None:
    assert set(model.labels) == {"pl", "en", "uk", "uk-latin", "ru", "ru-latin"}


# --- what it is trained on


def learnt_from(code: str, text: str) -> tuple[set[str], set[str]]:
    texts, labels = language._training_texts([Example("any/question", code, text, Place("intents/any.yml", 1))])
    return set(texts), set(labels)


def test_polish_is_also_learnt_without_diacritics() -> None:
    texts, labels = learnt_from("pl", "zażółć gęślą jaźń dziś w nocy")
    assert texts >= {"zażółć gęślą jaźń dziś w nocy", "zazolc gesla jazn dzis w nocy"}
    assert labels == {"pl"}


@pytest.mark.parametrize(
    ("code", "text", "labels"),
    [
        ("uk", "допоможіть мені", {"uk", "uk-latin"}),
        ("ru", "помогите мне", {"ru", "ru-latin"}),
        ("be", "дапамажыце мне", {"be"}),
        ("en", "help me", {"en"}),
        ("uk", "dopomozhit meni", {"uk-latin"}),
        ("ru", "pomogite mne", {"ru-latin"}),
        ("be", "dapamazhytse mne", set()),
        ("uk", "proszę o pomoc", set()),
    ],
)
def test_cyrillic_examples_are_also_learnt_in_latin_letters(code: str, text: str, labels: set[str]) -> None:
    assert learnt_from(code, text)[1] == labels


def test_every_text_stands_before_its_piece_whatever_the_hash_seed() -> None:
    examples = [example for example in EXAMPLES if example.language == "en"]
    texts, _ = language._training_texts(examples)
    order = [texts.index(example.text) for example in examples]
    pieces = [texts[place + 1] for place in order]
    assert order == sorted(order)
    assert all(piece in example.text and piece != example.text for piece, example in zip(pieces, examples, strict=True))


def test_training_twice_gives_the_same_model(model: LinearText) -> None:
    again = language.train(EXAMPLES)
    assert again.vocabulary == model.vocabulary
    assert (again.weights == model.weights).all()


@pytest.mark.parametrize("text", ["?" * 1000 + " help me please", "😭" * 500 + " he beats me", "karta pobytu" + "." * 900 + " x"])
def test_a_run_of_marks_is_no_work(text: str) -> None:
    """It would not end in a lifetime if the names of offices were looked for carelessly."""
    assert language._is_name_of_an_office(text) is False


def test_names_of_offices_alone_are_recognised() -> None:
    assert language._is_name_of_an_office("karta pobytu, urząd pracy?")
    assert not language._is_name_of_an_office("karta pobytu dla syna")
