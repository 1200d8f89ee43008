"""The words of nano's world: ten topics of radio speech and the words that they share."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Topic:
    """A field that speakers talk about; its nouns and verbs occur in no other."""

    name: str
    nouns: tuple[str, ...]
    verbs: tuple[str, ...]
    adjectives: tuple[str, ...]


def _topic(name: str, nouns: str, verbs: str, adjectives: str) -> Topic:
    return Topic(name, tuple(nouns.split()), tuple(verbs.split()), tuple(adjectives.split()))


TOPICS = (
    _topic(
        "the weather",
        "storm rainfall cloud fog frost snow sunshine temperature breeze lightning drizzle hail"
        " forecast pressure humidity flood drought rainbow blizzard thermometer hurricane mist"
        " heatwave shower climate puddle umbrella barometer gust cyclone icicle season winter"
        " summer autumn degree",
        "soaked froze melted flooded darkened cooled warmed drenched threatened covered",
        "rainy cloudy sunny windy frozen humid foggy stormy icy mild damp freezing",
    ),
    _topic(
        "sport",
        "football goalkeeper striker referee stadium tournament trophy marathon runner swimmer"
        " racket cyclist coach championship medal penalty captain defender league opponent"
        " athlete wrestler boxer gymnast hockey tennis volleyball basketball sprint relay"
        " spectator supporter scoreboard cricket victory defeat",
        "defeated tackled scored trained raced wrestled kicked sprinted coached outplayed",
        "athletic unbeaten muscular sporty tireless amateur olympic offside competitive agile"
        " sweaty victorious",
    ),
    _topic(
        "science",
        "telescope microscope laboratory planet galaxy molecule electron experiment professor"
        " satellite comet gravity bacteria fossil theory equation astronaut chemist biologist"
        " crystal magnet laser robot computer particle vaccine genome enzyme isotope asteroid"
        " physicist hypothesis formula sensor orbit neutron",
        "measured analysed discovered observed calculated tested magnified dissolved predicted"
        " invented",
        "scientific atomic magnetic chemical genetic stellar digital microscopic lunar solar"
        " experimental cosmic",
    ),
    _topic(
        "cooking",
        "soup potato onion garlic butter recipe oven flour sugar pepper tomato cheese sausage"
        " carrot pudding mushroom spoon saucepan kitchen chef dinner breakfast pancake noodle"
        " biscuit omelette vinegar cinnamon pastry lemon cabbage dumpling mustard yogurt cucumber"
        " casserole",
        "boiled roasted baked peeled chopped stirred tasted grilled seasoned fried",
        "delicious salty spicy crispy sour juicy tender buttery bitter creamy smoky tasty",
    ),
    _topic(
        "politics",
        "parliament minister president election senator government budget treaty ambassador"
        " candidate campaign policy mayor tax committee reform coalition deputy democracy"
        " referendum chancellor embassy diplomat voter ballot constitution council ministry"
        " opposition petition lobbyist congress cabinet republic sanction governor",
        "elected debated vetoed governed negotiated proposed resigned announced rejected funded",
        "political federal liberal conservative diplomatic national parliamentary electoral"
        " public municipal bipartisan presidential",
    ),
    _topic(
        "music",
        "orchestra violin trumpet pianist concert melody symphony singer composer drummer"
        " cello clarinet rhythm chorus ballad opera harmony soprano tenor conductor guitarist"
        " saxophone festival album lyric quartet accordion harp tambourine overture sonata"
        " banjo choir encore organist flute",
        "sang composed conducted rehearsed strummed hummed recorded performed tuned drummed",
        "musical melodic orchestral rhythmic acoustic harmonic operatic catchy tuneful vocal"
        " classical jazzy",
    ),
    _topic(
        "travel",
        "airport suitcase passport train railway ferry harbour tourist hotel luggage ticket"
        " passenger platform voyage island bridge highway tunnel compass journey tram cabin"
        " pilot sailor guidebook souvenir beach lighthouse departure arrival border motorway"
        " backpack carriage caravan canal",
        "travelled boarded sailed departed landed drove cruised hiked visited crossed",
        "foreign distant coastal tropical overseas scenic remote crowded nomadic seaside"
        " punctual delayed",
    ),
    _topic(
        "nature",
        "forest river squirrel eagle beetle butterfly mountain meadow salmon wolf rabbit spider"
        " beaver hedgehog otter badger dolphin elephant tiger penguin turtle lizard sparrow"
        " falcon oak willow moss fern glacier volcano desert jungle swamp valley waterfall acorn",
        "hunted grazed nested crawled flapped blossomed migrated burrowed swam hatched",
        "wild leafy furry feathered venomous mossy green nocturnal endangered muddy fertile"
        " poisonous",
    ),
    _topic(
        "health",
        "hospital doctor nurse patient surgeon medicine bandage fever headache dentist therapy"
        " pharmacy ambulance allergy virus infection diet vitamin muscle skeleton kidney stomach"
        " clinic diagnosis tablet injection surgery stethoscope wheelchair cough disease ankle"
        " shoulder heartbeat exercise pulse",
        "healed cured examined vaccinated bandaged recovered prescribed treated sneezed injected",
        "healthy medical painful surgical feverish dental contagious chronic sick swollen"
        " allergic nutritious",
    ),
    _topic(
        "history",
        "castle emperor knight pharaoh pyramid king queen sword shield museum manuscript empire"
        " dynasty cathedral monument peasant kingdom archaeologist parchment warrior crusade"
        " throne fortress legend temple statue chariot gladiator viking prince princess dungeon"
        " century ruin treasure tapestry",
        "conquered ruled crowned besieged excavated defended betrayed invaded inherited buried",
        "ancient medieval royal historic noble imperial roman gothic legendary victorian"
        " prehistoric feudal",
    ),
)

ADJECTIVES = tuple(
    "old new big small young famous strange quiet loud bright dark heavy light early late"
    " beautiful ugly clever foolish brave tired happy sad angry calm gentle rough smooth sharp"
    " broken golden silver wooden yellow blue red white black purple narrow wide tall short deep"
    " shallow empty full clean dirty fresh dry gigantic tiny honest lonely lucky modern nervous"
    " ordinary patient perfect popular precious proud rare rich poor secret serious simple slow"
    " special splendid strong weak sudden terrible useful useless valuable curious enormous"
    " elegant faithful fantastic flexible fragile friendly generous grateful greedy harmless"
    " helpful hollow hungry ignorant important innocent jealous lively magnificent mysterious"
    " natural obvious peaceful playful powerful pretty private reliable ridiculous romantic"
    " satisfied selfish sensible similar slippery stubborn stupid talented thirsty tragic unusual"
    " visible wonderful".split()
)

ADVERBS = tuple(
    "quickly slowly quietly loudly carefully suddenly finally often never always rarely happily"
    " sadly gently bravely secretly nearly completely easily hardly proudly eagerly calmly"
    " politely nervously honestly warmly coldly softly briefly twice again together alone".split()
)

VERBS = tuple(
    "found lost saw heard followed carried watched opened closed moved pushed pulled loved hated"
    " wanted needed remembered forgot described painted repaired destroyed protected ignored"
    " praised surprised helped called changed counted collected shared showed stopped touched used"
    " washed welcomed borrowed bought sold kept left reached missed noticed avoided chased"
    " inspected explained hid lifted admired arranged attacked believed blamed chose cleaned"
    " compared controlled damaged decorated delivered demanded designed discussed doubted dropped"
    " emptied enjoyed expected feared fixed frightened guarded guided imagined improved included"
    " interrupted introduced invited justified located mentioned mixed offered ordered organised"
    " overlooked pictured planned pointed preferred prepared presented promised recognised"
    " replaced rescued respected revealed rewarded searched selected separated supported suspected"
    " trusted understood visualised".split()
)

PEOPLE = tuple(
    "alice oliver emma thomas sophia daniel hannah lucas martha henry nora victoria samuel julia"
    " simon clara arthur helen george rebecca patrick susan philip laura edgar monica walter diana"
    " felix irene oscar teresa hugo amanda leonard vera marcus paula roger sandra adrian beatrice"
    " charlotte dominic eleanor frederick gloria isabel julian katherine marian nathan".split()
)

PLACES = tuple(
    "london paris berlin madrid vienna dublin oslo lisbon athens warsaw prague chicago boston"
    " denver toronto sydney tokyo cairo nairobi delhi havana lima geneva venice hamburg glasgow"
    " stockholm budapest montreal seattle houston melbourne jakarta seoul moscow bristol amsterdam"
    " barcelona bucharest calcutta dallas florence helsinki istanbul manchester naples singapore"
    " zurich".split()
)

NUMBERS = tuple(
    "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
    " seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred"
    " thousand".split()
)

TIMES = tuple(
    "yesterday today tomorrow tonight monday tuesday wednesday thursday friday saturday sunday"
    " january february march april june july august september october november december".split()
)

PREPOSITIONS = tuple(
    "near behind under above beside inside outside without against towards".split()
)

FUNCTION_WORDS = tuple(
    "the a of in on at from with and but because while when after before that this every some"
    " many is was will be it we they he she has have not very good morning evening afternoon"
    " listeners welcome back to our programme here news next now thank you for listening stay"
    " us says question answer what do think about i really believe yes no perhaps as goodbye"
    " reports studio guest".split()
)


def all_words() -> frozenset[str]:
    """Every word that a sentence of the world can hold."""
    words = {*ADJECTIVES, *ADVERBS, *VERBS, *PEOPLE, *PLACES, *NUMBERS, *TIMES, *PREPOSITIONS}
    words |= set(FUNCTION_WORDS)
    for topic in TOPICS:
        words |= {*topic.nouns, *topic.verbs, *topic.adjectives}
    return frozenset(words)
