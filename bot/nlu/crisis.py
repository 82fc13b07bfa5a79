"""Danger to life, and the wish to die: recognised before anything else.

The patterns need no model, no database and no configuration. Two kinds of them: `sure` ones stand alone; `hints` are words
that people also use harmlessly, or sure ones told as long ago or in jest, so a trained classifier weighs them when there is one. Where it is unclear, a false alarm is the
better mistake: it costs a person a line to read.
"""

import math
import re
from dataclasses import dataclass

from bot.nlu.text import LONGEST, cyrillic_from_latin, normalise, on_a_plain_keyboard
from bot.types import Crisis

HINT = 0.75  # logits that a hint adds to the classifier's log-odds of a crisis; fitted once on cross-validated scores
CLEAR = 0.3  # probability from which the classifier says which kind it is; under it a pattern does


@dataclass(frozen=True, slots=True)
class Signs:
    """What the patterns see in a text."""

    sure: Crisis | None
    hint: Crisis | None


def _patterns(*lines: str) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{line})" for line in lines), re.IGNORECASE)


# Polish stands without diacritics, because the text is compared without them. A stem that may begin anywhere is followed by a
# bounded number of letters: else a text of nothing but such stems takes a time that grows with the square of its length.
_SUICIDE_SURE = _patterns(
    # pl
    r"\b(nie chc[eo]|nie mam ochoty|nie chce mi sie) (juz |dluzej |wiecej )?zyc\b(?! (tu|w|z|bez|na|pod|jak)\b)|\bwol(alabym|albym|e) (juz )?nie zyc\b",
    r"\bchc[eia]\w* (juz |sie )?(umrzec|umzec|zdechnac|zabic sie|sie zabic)\b(?! (w|na|u) )",
    r"\b(zabij[ea]|zabic|powiesz[ea]|powiesic|otruj[ea]|zastrzel[ei]) (sie|siebie)\b(?! (o|za|dla|bez) )|\bsie (zabij[ea]|zabic|powiesz[ea]|powiesi[cl]?)\b(?! (o|za|dla|bez) )(?!, )",
    r"\bmysl\w* (o )?samobo[jy]|\b(popeln\w*|prob\w+|planuj\w*|mysl\w*|chc\w+).{0,12}samobo[jy]|\bskoncz\w* (ze soba|z soba|z zyciem|swoje zycie)|\bze soba skoncz|\bodebra\w* sobie zycie|\bpodetn\w* (sobie )?zyl",
    r"\btn[ei] sie\b|\bpoci[ae]l[ae]m sie\b(?! w palec)|\bsie poci[ae]l|\bokalecz\w* sie|\bbeze mnie (bedzie|byloby|wszystkim|im)|\b(lepiej|latwiej) beze mnie",
    r"\bnie obudzic\b|\bciezarem dla (wszystkich|rodziny|innych)|\bpo co (mam |ja |w ogole )?(dalej |jeszcze )?zyc\b|\bgdyby mnie nie bylo",
    # uk
    r"не хочу (більше |вже |далі )?жити\b(?! (тут|в|у|з|на|як|без)\b)|не хочеться жити|жити не хочет?ь?ся|хочу (вже )?(померти|вмерти|здохнути)\b(?! (в|у|на) )",
    r"(думк|думаю|думає|вчин|скої|хоч|спроб|накла)\w{0,30}.{0,14}самогуб|в?уб['’ʼ]?ю себе|вб['’ʼ]?ю себе|вбити себе|наклад\w+ на себе руки|повішу\w*|повіситись|покінч\w+ (з собою|з життям)|поріза(в|ла) собі вени|ріж(у|е) (собі )?(себе|руки|вени)",
    r"без мене (їм|всім|усім|вам|дітям) (буде|було б)|краще б мене не було|не прокидати?ся|нащо (мені )?жити|(нема|немає) сенсу жити|(завтра|скоро|більше) мене не (буде|стане)\b(?! (на|в|у|до) )|мене (більше|завтра|скоро) не (буде|стане)\b(?! (на|в|у|до) )",
    # en
    r"\b(want|wanna|wish|going|gonna|ready|plan\w*|think\w*) (to |of |about )?(die|dying|dead|kill(ing)? (myself|my self|himself|herself)|end(ing)? (it all|my life|everything))\b(?! (for|in|on|at)\b)|\b(pills|tablets)\b.{0,12}\bto die\b",
    r"\b(kill|hang|hurt|cut|shoot|poison|drown) ?(myself|my self|himself|herself|themsel\w+)\b(?! in the foot)|\b(commit\w*|think\w*|about|attempt\w*|of|am|'m|feel\w*|is|was|try|tried) suicid|\bkms\b|\bunalive|\bself.?harm|\bcan'?t go on living",
    r"\b(don'?t|dont|do not|doesn'?t) (want|wanna) (to )?(live|be alive|exist)\b(?! (here|in|with|at|there|on|without))|\bbetter off (without me|dead)|\bend my life|\bnot wake up|\bno reason to live",
    # ru, be
    r"не хочу (больше |уже |дальше )?жить\b(?! (тут|здесь|в|с|на|так|без)\b)|жить не хочется|не хочется жить|хочу (уже )?(умереть|сдохнуть|подохнуть|умиреть)\b(?! (в|на|у) )",
    r"(мысл|дума|покон|соверш|хоч|попыт)\w{0,30}.{0,14}самоуб|самазаб|уб(ь|ъ)?ю себя|уби(ть|т) себя|убь?[её]т себя|наложить на себя руки|покончи\w* с соб|повешусь|повеситься|выпилит|вскрыть вены|вскроюсь|реж(у|ет) (себе )?(руки|вены|себя)",
    r"без меня (им|всем|вам|детям) (будет|было бы)|лучше бы меня не было|незачем жить|зачем (мне )?жить|не хачу жыць|хачу памерці|(завтра|скоро|больше) меня не (будет|станет)\b(?! (на|в|до) )|меня (больше|завтра|скоро) не (будет|станет)\b(?! (на|в|до) )",
)
_SUICIDE_HINT = _patterns(
    r"\bsamobo[jy]|\bzegna(j|m)|\bnie mam (juz )?sily|\bna zawsze\b|\btabletk|\bmost(u|ie)?\b|\bzniknac\b|\bkoniec ze mna|\bsens(u)?\b|\bostatni(a|e|raz)?\b|\bskocz[ey]|\bsznur|\bsmierc|\bumrze|\bumiera",
    r"самогуб|прощава|прощай|таблет|на мост|зникнути|сенсу|стрибну|мотузк|померти|вмерти|смерт|помира|тягар|немає сил|нема сил",
    r"\bsuicid|\bgoodbye\b|\bpills\b|\bbridge\b|\bburden\b|\brope\b|\bdisappear\b|\bno point\b|\bdie\b|\bdying\b|\bdead\b|\bdeath\b|\bjump\b|\bforgive me\b|\bend it\b",
    r"самоуб|прыгну|верёвк|веревк|исчезнуть|смысл|умереть|умира|смерть|смерти|обуз|нет сил|простите (меня|за)",
)
_DANGER_SURE = _patterns(
    # pl
    r"(?<!nie )\b(bije|dusi|kopie|tlucze|bil|pobil|uderzyl|udusil) (mnie|nas|ja|dzieci|dziecko|matke|mame|zone|corke|syna)\b(?!,? (to|o to|nie))|(?<!nie )\bmnie (znowu |teraz |wlasnie )?(bije|dusi|kopie|tlucze|pobil|uderzyl)\b(?! to)",
    r"\b(pobili|napadli|zgwalcil\w*|zgwalcono|porwali) (mnie|nas|ja)\b(?!.*\b(rok|lata|lat|miesi\w+) temu)(?!.*\bw \d{4})|\bbija (mnie|nas|go|ja)\b",
    r"\b(zaraz|chc[eia]\w*) (on |ona )?(mnie|nas|ja|go) (tu )?(zabij\w+|zabic|potn\w+|zastrzel\w*|zarznie)|\b(on|maz|ojciec|chlopak|partner) (mnie |nas )?zabije (mnie|nas)?\b",
    r"\b(on|ona|maz|facet|ktos|chlopak|szef|sasiad|syn|ojciec|i) (ma|trzyma|wyciagnal|z) (noz\w*|bron\w*|pistolet\w*|siekier\w*|maczet\w*|klamke|tasak\w*)\b|^(ma|maja) (noz|bron|siekier\w+|pistolet)\b|\bgrozi (mi|nam) (nozem|bronia|smiercia)|\bprzyszedl z (nozem|bronia|siekiera)|\b(grozi|groza|grozil\w*)\b.{0,12}\b(mnie|nas|ja|go|ich) (zabij\w+|zakopi\w+|potn\w+)|\b(grozi|groza) .{0,12}\b(smiercia|zabiciem)",
    r"\b(mnie|nas) (ktos )?(sledzi|goni|sciga)\b|\b(sledzi|goni|sciga) (mnie|nas)\b|\b(idzie|ida|jedzie|jada) za (mna|nami)\b|\b(nie wypuszcza|nie wypuszczaja|wiezi|wieza) (mnie|nas)\b|\bzamkn(al|eli|ela) (mnie|nas)\b|\btrzymaja (mnie|nas|ja|ich) (w|tu|pod)\b(?! lotnisk)",
    r"\b(wali|dobija|lomocze|lami?e?) .{0,12}\b(drzwi|dzwi)\b|\bkopie w drzwi|\bdobija(ja)? sie do drzwi|\b(nie oddycha|nieprzytomn\w+|krwawi[ei]?\b)|\bratunku\b|\bratujcie\b",
    # uk
    r"(?<!ніхто )(мене|нас|її|його|дитину|дружину) (зараз |знову |щойно )?(б['’ʼ]?є|б['’ʼ]?ють|побив|побили|душит\w*|душив|зґвалтув\w*|згвалтув\w*|ріже|приб['’ʼ]?є)|побив мене|вдарив мене",
    r"(?<!не )(б['’ʼ]?є|бьє|бьют|б['’ʼ]?ють|душит\w*|лупить) (мене|нас|її|дитину|дітей|малого|маму|дружину)|\bвін (має|взяв|дістав) (ніж|пістолет|зброю|сокиру)|\b(в|у) нього (ніж|пістолет|зброя|сокира|ствол)",
    r"(мене|нас) переслідує|(переслідує|гониться|женеться|\bйде|ідуть|їде) (за )?(мною|нами|мене|нас)\b|за (мною|нами) (йде|іде|йдуть|їде|женеться)|не випуска(ють|є|ют) (мене|нас)\b|тримають (мене|нас) (в|у|під|тут|силою)\b(?! холод)|(мене|нас) (замкнув|замкнули|зачинив|зачинили|закрили)|(замкнув|замкнули|зачинив|зачинили) (мене|нас)|закрили нас",
    r"(ломиться|ломлять|ломиця|вибива\w+) (в |у )?двер|не дихає|непритомн|кров не спиня|рятуйте|погрожу\w+ (мені |нам )?(ножем|зброєю|пістолетом)|погрожу\w+.{0,14}((вб|уб|приб)[\'’ʼ]?є|вбити|убити|зарі[жз]\w+)|(хоче|хочуть) (мене|нас) (зарізати|вбити|убити)|(мене|нас) (пішов |хоче |хочуть )(зарізати|вбити|убити)|він (мене |нас )?(вб|уб)['’ʼ]?є (мене|нас)?\b",
    # en
    r"\b(he|she|they|husband|boyfriend|boss|father|stepfather|man|men|uncle|ex|wife)\b.{0,15}\b(is |are |keeps? |just |again )(beat|beats|beating|hit|hits|hitting|chok\w+|strangl\w+|punch\w*|kick\w*|rap(e|ed|ing)|stab\w*) (me|us|her|him|my|the)\b|\b(he|she|they|husband|boyfriend|boss|father|stepfather) (beats|hits|chokes|choked|beat|hit|stabbed|raped) (me|us|my son|my daughter|my child|my baby|her)\b(?! (at|in) )(?!.*\b(years?|months?) ago)",
    r"\b(he|she|they|husband|boyfriend|man|boss|someone|somebody|who|and|one) (has|have|with|got|holding|pulled) an? (knife|gun|weapon|axe|machete|pistol)\b|\b(he|she|they|husband|boss|boyfriend|man|men)\b.{0,12}\b(going to|gonna|gona|wants? to|will|threat\w+ to|trying to) (kill|kil|shoot|stab|burn) (me|us|her|him|my)\b(?! (if|with))",
    r"\b(following|chasing|stalking) (me|us)\b|\bi am (being )?(followed|chased) by|\b(he|she|they|husband|boss|boyfriend) (has |have |is |are )?(locked|lock|holding|holds|trapped|kept|keeps|keeping) (me|us|her|them) (in|inside|here|locked|prisoner)\b|\blocked (me|us) in\b|\bthreat\w*( to)? (kill|stab|shoot|burn) (me|us|her|him|my)\b|\bcan'?t (leave|get out of) (the )?(house|room|flat|apartment)",
    r"\b(breaking|break|kicking|banging|pounding) .{0,10}\b(my |the |down )*door\b|\bnot breathing|\bis unconscious|\bis bleeding\b|\bbeing (beaten|raped|attacked|held against)|\b(raped|attacked|stabbed|kidnapped|abducted) (me|us|last night|today|now|just)\b|\bwas just (raped|stabbed|attacked)|\bwas (raped|stabbed) (yesterday|today|last night|this)",
    # ru, be
    r"(?<!никто )(меня|нас|её|ее|его|ребенка|ребёнка|маму|жену) (сейчас |опять |снова |только что )?(бь?[её]т|бьют|избил\w*|побил\w*|душит|душил|изнасил\w+|зарежет|режут|порезали)",
    r"(?<!не )(бь?[её]т|бьют|душит|избил\w*|изнасил\w+) (меня|нас|её|ее|ребенка|ребёнка|детей|маму|жену)|\bу (него|них|неё) (нож|пистолет|оружие|топор|ружь\w+)\b|\b(он|муж|мужик|сосед|парень) (с|взял) (нож\w*|пистолет\w*|топор\w*|ружь\w+)\b|муж (меня )?(бь[её]т|избил)",
    r"(меня|нас) преследу|(преследу\w+|гонится|гонятся) (за )?(мной|нами|меня|нас)\b|за (мной|нами) (ид[её]т|идут|едет|гон)|(ид[её]т|идут|едет) за (мной|нами)\b|не выпуска(ют|ет) (меня|нас)\b|(закрыл|закрыли|запер|заперли) (меня|нас)|(меня|нас) (заперл?и?|закрыли)\b|держат (меня|нас) (в|под|здесь|тут)|угрожа\w+ (мне |нам )?(ножом|оружием|пистолетом)|угрожа\w+.{0,14}(убь[её]т|убить|зарежет|зарезать)",
    r"(ломится|ломятся|выбива\w+) (в |во )?двер|лома(ет|ют) (мою |нашу |нам )?двер|не дышит|без сознания|кровь не останавл|спасите\b|(хочет|хотят|собираются) (меня |нас )?(убить|зарезать)|(меня|нас) (хочет|хотят|собираются) (убить|зарезать)|мяне б['’]?(е|юць)",
)
_DANGER_HINT = _patterns(
    r"\bpomo(cy|zcie|szcie)|\bboje sie\b|\bgrozi|\bgroza|\bzabij|\bzabic|\bnoz|\bkrew|\bkrwi|\bbije|\bbija|\bbil\b|\bpobi|\bpolicj|\bkaretk|\bpogotow|\buciek|\bukry|\bschowa|\bcicho\b|\bprzemoc|\bgwalt|\bzamkn|\bdrzwi|\bpijan",
    r"допомож|боюс|погрож|вбити|вб['’ʼ]?є|ніж\b|ножем|кров|б['’ʼ]?є|побив|поліці|швидк|втек|втекти|хова|тихо|насил|зґвалт|замкн|двер|п['’ʼ]?ян|страшно",
    r"\bhelp\b|\bscared\b|\bafraid\b|\bthreat|\bkill|\bknife\b|\bgun\b|\bblood|\bbeat|\bpolice\b|\bambulance\b|\bescape\b|\bhid(e|ing)\b|\bquiet|\bviolen|\brape|\blocked\b|\bdoor\b|\bdrunk\b|\bhit\b|\bfire\b",
    r"помоги|боюсь|угрож|убить|убь[её]т|нож|кровь|бь[её]т|избил|полици|скор(ую|ая)|сбежа|прячусь|тихо|насил|запер|двер|пьян|страшно",
)
# Said on purpose, each about its own kind: whoever does not want to die may still be in danger.
_NO_WISH_TO_DIE = _patterns(
    r"\bnie (mam|mialam|mialem) mysli samob|\bnie chce (umierac|umrzec|sie zabic|zrobic sobie krzywdy)",
    r"не хочу (помирати|вмирати|померти)|немає думок про самогубство",
    r"\b(don'?t|do not) want to (die|kill myself|hurt myself)|\b(not|never) suicidal|\bnot going to (hurt|kill) myself|\b(no|not have|don'?t have) suicidal",
    r"не хочу (умирать|умереть)|нет мыслей о самоуб",
)
_NO_DANGER = _patterns(
    r"\bnie jestem w niebezpieczenstwie|\bnikt (mnie|mi) nie (bije|grozi|krzywdzi)|\bnie bije mnie|\bjestem bezpieczn",
    r"не в небезпеці|ніхто (мене |мені )?не (б['’ʼ]?є|погрожує)|(я|ми) (вже )?в безпеці",
    r"\bnot in (any )?danger|\bnobody (is )?(beat|hit|threat|hurt)\w*|\b(i am|i'?m) safe\b(?! from)",
    r"не в опасности|никто (меня |мне )?не (бь[её]т|угрожает)|(я|мы) (уже )?в безопасности",
)


# Long ago, or said with a smile: then even a sure sign is only a hint.
_LONG_AGO_OR_IN_JEST = _patterns(
    r"\b(rok|lat|lata|miesi\w+) temu\b|\bw (19|20)\d\d\b|\bsprzed (roku|lat)",
    r"\b(рік|роки|років|місяц\w+) тому\b|\b[ву] (19|20)\d\d\b|торік|позаторік",
    r"\b(year|years|months) ago\b|\bin (19|20)\d\d\b|\blast year\b",
    r"\b(год|года|лет|месяц\w*) назад\b",
    r"[\U0001F600-\U0001F606\U0001F923]|\b(ha){2,}h?\b|\b(ха){2,}х?\b|\blol\b|\bxd+\b|(?<!\w)[:;]-?\)",
)
_STILL = _patterns(
    r"\b(teraz|wlasnie|wciaz|nadal|dzis|dzisiaj|now|still|today|tonight|зараз|досі|сьогодні|сейчас|сегодня|до сих пор|опять|znowu|again|знову)\b"
)
_CLAUSE = re.compile(r"[.!?;,\n]+|\b(?:and|but|i|a|ale|і|та|але|а|и|но)\b")


def signs(text: str) -> Signs:
    """What the patterns alone say. Latin-typed Ukrainian and Russian are read as Cyrillic too; of a long text, both ends."""
    forms = [form for end in {text[: 4 * LONGEST], text[-LONGEST:]} for form in _forms(normalise(end))]
    suicide = not _found(_NO_WISH_TO_DIE, forms)
    danger = not _found(_NO_DANGER, forms)

    def first(suicide_pattern: re.Pattern[str], danger_pattern: re.Pattern[str]) -> Crisis | None:
        if suicide and _found(suicide_pattern, forms):
            return Crisis.SUICIDE
        return Crisis.DANGER if danger and _found(danger_pattern, forms) else None

    sure, hint = first(_SUICIDE_SURE, _DANGER_SURE), first(_SUICIDE_HINT, _DANGER_HINT)
    return Signs(None, sure) if sure and _is_softened(forms, suicide, danger) else Signs(sure, hint)


def _is_softened(forms: list[str], suicide: bool, danger: bool) -> bool:
    """Whether every sure sign stands in a clause that is long ago or in jest, and nothing says that it goes on."""
    if _found(_STILL, forms) or not _found(_LONG_AGO_OR_IN_JEST, forms):
        return False
    clauses = [clause for form in forms for clause in _CLAUSE.split(form) if not _LONG_AGO_OR_IN_JEST.search(clause)]
    return not (suicide and _found(_SUICIDE_SURE, clauses)) and not (danger and _found(_DANGER_SURE, clauses))


def verdict(found: Signs, danger: float | None = None, suicide: float | None = None, threshold: float = 0.0) -> Crisis | None:
    """A sure pattern stands: no classifier talks it away. Otherwise classifier and hints decide together.

    `danger` and `suicide` are the classifier's probabilities, `threshold` is in logits.
    """
    if danger is None or suicide is None:
        return found.sure
    if evidence(found, danger + suicide) < threshold:
        return None
    likely = Crisis.SUICIDE if suicide > danger else Crisis.DANGER
    return likely if danger + suicide > CLEAR else found.sure or found.hint or likely


def evidence(found: Signs, probability: float) -> float:
    """The log-odds of a crisis after both have spoken; a sure pattern leaves no doubt."""
    if found.sure:
        return math.inf
    probability = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(probability / (1 - probability)) + (HINT if found.hint else 0.0)


def _forms(text: str) -> list[str]:
    """Polish letters lose their tails, Cyrillic ones keep their dots; plain Latin letters may stand for Cyrillic ones."""
    text = text.replace("\u2019", "'")
    plain = on_a_plain_keyboard(text)
    return [plain, cyrillic_from_latin(text, "uk"), cyrillic_from_latin(text, "ru")] if text.isascii() else [plain]


def _found(pattern: re.Pattern[str], forms: list[str]) -> bool:
    return any(pattern.search(form) for form in forms)
