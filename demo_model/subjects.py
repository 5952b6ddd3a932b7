"""What the model is to draw: a hundred things that people think of first.

The first name is the one that evaluations use; captions use all of them, and the keywords now and then.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Subject:
    code: str  # the emoji, as its picture's file is called: the hexadecimal code points
    names: tuple[str, ...]
    keywords: tuple[str, ...] = ()  # what some people may call it

    @property
    def name(self) -> str:
        return self.names[0]


# One line each: the code; the names; keywords.
TABLE = """
1f34e apple, red apple; ripe fruit
1f34c banana; yellow fruit
1f353 strawberry; berry
1f349 watermelon, slice of watermelon
1f352 cherries, cherry; red cherries
1f34b lemon; sour fruit
1f34a orange, tangerine; citrus fruit
1f347 grapes, bunch of grapes
1f34d pineapple
1f955 carrot
1f344 mushroom, toadstool; fungus
1f35e bread, loaf of bread; loaf, toast
1f9c0 cheese, piece of cheese
1f354 hamburger, burger; cheeseburger
1f355 pizza, slice of pizza; pepperoni pizza
1f32d hot dog; sausage
1f35f french fries, fries; chips
1f369 donut, doughnut
1f382 birthday cake, cake; birthday party
1f366 ice cream, ice cream cone; dessert
2615 cup of coffee, coffee, cup of tea; hot drink, cappuccino
1f431 cat, kitten, cat face; kitty, pet cat
1f436 dog, puppy, dog face; pet dog, doggy
1f40e horse, pony; stallion
1f981 lion, lion face; king of the animals
1f42f tiger, tiger face; big cat
1f984 unicorn; magical horse
1f42e cow, cow face; cattle
1f437 pig, piglet, pig face; swine
1f430 rabbit, bunny, rabbit face; hare
1f42d mouse, mouse face
1f418 elephant
1f992 giraffe
1f993 zebra
1f43b bear, brown bear, bear face; grizzly, grizzly bear
1f43c panda, panda bear; giant panda
1f428 koala, koala bear
1f98a fox, fox face
1f435 monkey, chimp, monkey face; ape
1f424 chick, baby chick, little bird; chicken
1f427 penguin
1f986 duck
1f989 owl
1f99c parrot; colourful bird
1f438 frog, frog face
1f422 turtle, tortoise; sea turtle
1f40d snake; serpent
1f996 dinosaur, t-rex, tyrannosaurus; tyrannosaurus rex
1f409 dragon
1f40b whale, blue whale; big whale
1f42c dolphin
1f988 shark
1f41f fish, blue fish; swimming fish
1f419 octopus; squid
1f980 crab
1f98b butterfly
1f41d bee, honeybee, bumblebee; bumble bee
1f41e ladybug, ladybird; beetle
1f339 rose, red rose; red flower
1f33b sunflower; yellow flower
1f333 tree; green tree, oak
1f332 fir tree, pine tree, fir
1f334 palm tree, palm; coconut tree
1f335 cactus; desert plant
1f697 car, red car, automobile; vehicle, suv
1f68c bus
1f682 train, steam train, locomotive; railway
1f6b2 bicycle, bike; cycle
1f3cd-fe0f motorcycle, motorbike
2708-fe0f airplane, plane, aeroplane; jet, aircraft
1f681 helicopter; copter, chopper
1f680 rocket, spaceship, space rocket; space ship
1f6f8 ufo, flying saucer; alien ship
26f5 sailboat, boat, sailing boat; yacht, sailing ship
1f3e0 house, home; building, cottage
1f3f0 castle; palace, fortress
2b50 star, yellow star
2600-fe0f sun; sunshine
1f319 moon, crescent moon; half moon
1f308 rainbow; colours of the rainbow
26c4 snowman; snow man
1f30d earth, globe, planet earth; world, our planet
1f525 fire, flame; campfire
1f916 robot, robot face; android
1f47b ghost; spook, spirit
1f47d alien, alien face; extraterrestrial
1f600 smiley, happy face, smiley face; grinning face, smile
1f383 pumpkin, halloween pumpkin, jack-o-lantern; halloween
2764-fe0f heart, red heart; love
26bd soccer ball, football; ball
1f3b8 guitar, electric guitar; music instrument
1f451 crown, golden crown; king's crown, queen's crown
1f3a9 top hat, hat
2614 umbrella; parasol
1f388 balloon, red balloon
1f381 gift, present, wrapped gift; christmas present, birthday present
1f9f8 teddy bear, teddy; plush bear, stuffed bear
1f511 key, golden key
1f4a1 light bulb, lamp; bulb, idea
1f4d5 book, red book
23f0 alarm clock, clock; clock face
1f48e diamond, gem; jewel, gem stone
"""


def parsed(line: str) -> Subject:
    code, words = line.split(" ", 1)
    names, _, keywords = words.partition(";")
    return Subject(code, listed(names), listed(keywords))


def listed(words: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in words.split(",") if word.strip())


SUBJECTS = tuple(parsed(line) for line in TABLE.strip().splitlines())

UNCOUNTED = ("fries", "grapes", "cherries", "fish")  # the same for one and for several
PLURALS = {"mouse": "mice"}
PARTED = (" of ",)  # "slice of pizza": the head takes the s


def plural(name: str) -> str:
    """How people write several of a thing: cats, butterflies, slices of pizza."""
    for word in PARTED:
        head, found, tail = name.partition(word)
        if found:
            return plural(head) + word + tail
    if name in PLURALS:
        return PLURALS[name]
    if name.endswith(UNCOUNTED):
        return name
    if name.endswith(("s", "x", "ch", "sh")):
        return name + "es"
    if name.endswith("y") and name[-2] not in "aeiou":
        return name[:-1] + "ies"
    return name + "s"


def with_article(name: str) -> str:
    """ "a cat", "an owl"; what comes in several ("fries") has none."""
    if name.endswith(UNCOUNTED[:3]):
        return name
    return ("an " if name[0] in "aeio" or name.startswith("umb") else "a ") + name
