"""Prompts for whoever does not know what to ask for: a small grammar, from calm to daft, never unkind.

A rule stands in braces in a pattern and is replaced by one of its alternatives, which may hold rules again. Nobody
in it is anybody's victim, and there are no names of people, brands or artists.
"""

import random
import re

from generation import status

COUNT = 10

FAMILIES: dict[str, tuple[str, ...]] = {
    "a scene": (
        "{creature} {deed} {place}",
        "{creature} {deed} {place}, {style}",
        "{creature} and {creature} {place}, {style}",
    ),
    "a thing": (
        "{thing} {place}, {style}",
        "{thing} made of {stuff}, {style}",
        "a {mood} still life with {thing} and {thing}",
    ),
    "a place": ("{landscape} {hour}, {style}", "{landscape} {weather}, {style}", "{building} {place} {hour}, {style}"),
    "a portrait": ("portrait of {creature} {wearing}, {style}", "{creature} {wearing}, {light}, {style}"),
    "daft": (
        "{creature} {daft_deed} {place}",
        "{creature} {wearing} {daft_deed}, {style}",
        "{thing} that dreams of being {thing}, {style}",
        "the annual meeting of {creatures}, {style}",
        "{creatures} {daft_plural} {hour}, {style}",
        "{building} made of {stuff}, {light}",
        "instructions for folding {creature}, {style}",
    ),
}
"""Families of patterns; each is as likely as any other."""

RULES: dict[str, tuple[str, ...]] = {
    "creature": (
        "a red fox", "an old tortoise", "a small owl", "a very large snail", "a hedgehog", "a penguin", "an otter",
        "a giraffe", "a tabby cat", "a sheepdog", "a kindly dragon", "a robot gardener", "a young wizard", "a mermaid",
        "a lighthouse keeper", "an astronaut", "a clockmaker", "a moth with map-patterned wings", "an octopus",
        "a polite ghost", "a badger", "a heron", "a beekeeper", "a snow leopard", "a hippopotamus", "a tiny elephant",
    ),
    "creatures": (
        "hedgehogs", "retired pirates", "snowmen", "clouds", "teapots", "garden gnomes", "penguins", "lighthouses",
        "left-hand gloves", "sea captains", "snails", "robots", "owls", "mushrooms", "bicycles", "polite ghosts",
    ),
    "deed": (
        "reading a letter", "asleep", "playing the cello", "drinking tea", "waiting for a train", "painting a fence",
        "looking for a star", "baking bread", "repairing a clock", "walking home", "fishing", "dancing slowly",
        "mending a net", "telling a story", "watering flowers", "flying a kite", "learning to swim",
    ),
    "daft_deed": (
        "knitting a scarf for the moon", "explaining chess to a pigeon", "selling second-hand clouds",
        "driving a bathtub", "conducting an orchestra of kettles", "queueing politely for nothing",
        "ironing a river", "posting a very long giraffe", "winning a staring contest against a cheese",
        "filling in a form in triplicate", "teaching a sofa to roll over", "inventing the square wheel",
        "taking a cactus for a walk", "opening an umbrella for fish",
    ),
    "daft_plural": (
        "rehearsing a musical", "on a school trip to the moon", "holding a regatta in a puddle",
        "voting on the colour of Tuesday", "waiting for the bus to yesterday", "playing football with a planet",
        "arguing about jam", "learning to yodel", "opening a bakery",
    ),
    "wearing": (
        "in a raincoat", "with a crown of leaves", "in a diving suit", "wearing a woollen hat", "in a space suit",
        "with round glasses", "in a velvet jacket", "wearing a lampshade as a hat", "in far too large boots",
        "with a ruff of feathers",
    ),
    "thing": (
        "a teapot", "a brass telescope", "a paper boat", "a bicycle", "a pocket watch", "a bowl of cherries",
        "a lantern", "an accordion", "a typewriter", "a wooden rocket", "a pair of red boots", "a glass whale",
        "a suitcase full of maps", "a loaf of bread", "a music box", "a jar of fireflies", "a garden gnome",
    ),
    "stuff": (
        "glass", "folded paper", "moss", "biscuits", "driftwood", "wool", "autumn leaves", "porcelain", "copper wire",
        "snow", "cheese", "old letters", "soap bubbles", "stained glass",
    ),
    "building": (
        "a lighthouse", "a greenhouse", "a village railway station", "a windmill", "a library", "a treehouse",
        "a castle", "a tiny theatre", "an observatory", "a lonely petrol station", "a cathedral", "a tea house",
    ),
    "landscape": (
        "a mountain lake", "rolling hills", "a canal city", "a birch forest", "terraced rice fields",
        "a fishing harbour", "a desert with one tree", "a cliff by the sea", "a snowed-in village",
        "an island in the clouds", "a street of crooked houses", "an overgrown garden", "a city of towers and bridges",
    ),
    "place": (
        "in a birch forest", "on a rooftop", "by the sea", "in an old library", "on the moon", "under water",
        "in a greenhouse", "in the snow", "at a night market", "on a floating island", "in a train compartment",
        "on a beach of glass", "in a wheat field", "inside a pocket watch", "in a kitchen", "on a narrow boat",
        "at the bottom of the garden", "in an empty swimming pool",
    ),
    "hour": ("at dawn", "at noon", "at dusk", "at night", "in the blue hour", "on a Sunday morning", "at midnight"),
    "weather": ("in the rain", "in fog", "after a storm", "under northern lights", "in falling snow", "in bright sun"),
    "light": ("candlelight", "soft window light", "golden light", "moonlight", "neon light", "light through leaves"),
    "mood": ("quiet", "cheerful", "solemn", "slightly worried", "luxurious", "moonlit"),
    "style": (
        "oil painting", "watercolour", "woodcut", "linocut", "pencil sketch", "children's book illustration",
        "35 mm photograph", "long-exposure photograph", "macro photograph", "paper cut-out", "isometric drawing",
        "stained glass", "mosaic", "charcoal drawing", "travel poster", "botanical illustration", "claymation",
        "pixel art", "art nouveau poster", "ink and wash", "tapestry", "blueprint", "felt diorama", "gouache",
    ),
}  # fmt: skip

DEMO_FAMILIES: dict[str, tuple[str, ...]] = {
    "one": ("{known} {background}", "{known} {background}", "{known} {surroundings}"),
    "more": ("{known} and {known} {background}", "a small {bare} {surroundings}", "a big {bare} {background}"),
}
DEMO_THINGS = (
    "banana", "strawberry", "watermelon", "lemon", "pineapple", "carrot", "mushroom", "hamburger", "pizza", "donut",
    "birthday cake", "cat", "dog", "horse", "lion", "tiger", "unicorn", "cow", "pig", "rabbit", "giraffe",
    "bear", "panda", "koala", "fox", "monkey", "penguin", "duck", "parrot", "frog", "turtle", "dinosaur", "dragon",
    "whale", "dolphin", "shark", "crab", "butterfly", "bee", "ladybug", "rose", "sunflower", "palm tree", "cactus",
    "car", "bus", "bicycle", "helicopter", "rocket", "ufo", "sailboat", "house", "castle", "star", "rainbow",
    "snowman", "robot", "ghost", "pumpkin", "guitar", "crown", "balloon", "teddy bear", "light bulb", "diamond",
)  # fmt: skip
DEMO_RULES: dict[str, tuple[str, ...]] = {
    "known": (*(f"a {thing}" for thing in DEMO_THINGS), "an owl", "an elephant", "an octopus", "an airplane"),
    "bare": DEMO_THINGS,
    "background": tuple(
        f"on {'an' if colour == 'orange' else 'a'} {colour} background"
        for colour in (
            "red", "orange", "yellow", "green", "blue", "cyan", "purple", "pink", "brown", "black", "white", "gray",
        )
    ),
    "surroundings": (
        "on grass", "at the beach", "in the snow", "in the desert", "at night", "at sunset", "under water", "in space",
        "in the city",
    ),
}  # fmt: skip
"""What the demo model knows, in the words that it learned (demo_model/README.md)."""


def prompts(chance: random.Random, count: int = COUNT, *, is_demo: bool = False) -> list[str]:
    """So many different prompts, the same for a generator in the same state.

    Args:
        is_demo: of what the demo model knows.
    """
    families, rules = (DEMO_FAMILIES, DEMO_RULES) if is_demo else (FAMILIES, RULES)
    found: dict[str, None] = {}
    while len(found) < count:
        pattern = chance.choice(families[chance.choice(list(families))])
        found[_filled(pattern, rules, chance)] = None
    return list(found)


def fresh(count: int = COUNT) -> list[str]:
    """Prompts that nobody has foreseen, for the model in use."""
    return prompts(random.Random(), count, is_demo=status.current().is_demo)


def _filled(pattern: str, rules: dict[str, tuple[str, ...]], chance: random.Random) -> str:
    """The pattern with every rule replaced; of one rule no alternative comes twice."""
    used: set[str] = set()
    while match := re.search(r"\{(\w+)\}", pattern):
        chosen = chance.choice([one for one in rules[match[1]] if one not in used])
        used.add(chosen)
        pattern = pattern[: match.start()] + chosen + pattern[match.end() :]
    return pattern
