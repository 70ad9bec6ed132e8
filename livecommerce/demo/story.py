"""The demo's story as plain values: who sells what, who is on camera, what the line-up says, how people talk."""

from dataclasses import dataclass, field

PASSWORD = "demo-show"

LIVE, COMING_UP, LAST_WEEK = "live-now", "coming-up", "last-week"


@dataclass(frozen=True)
class BrandStory:
    """A seller. Amounts are minor units of EUR, the VAT rate is in basis points."""

    name: str
    legal_name: str
    country: str
    vat_rate_bp: int
    shipping_minor: int
    about: str


@dataclass(frozen=True)
class ProductStory:
    """A product; `variants` maps option values to price (minor units) and units, `art` is a file of static/art."""

    brand: str
    name: str
    art: str
    description: str
    options: tuple[str, ...]
    variants: tuple[tuple[tuple[str, ...], int, int], ...]
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class HostStory:
    """Somebody on camera; `brand` is empty for those who work for several."""

    name: str
    handle: str
    brand: str
    city: str
    bio: str
    email: str = ""


@dataclass(frozen=True)
class ShowStory:
    """Another show: `days` before or after today, `hour` of its start for those to come."""

    slug: str
    title: str
    description: str
    host: str
    scene: str
    products: tuple[str, ...]
    days: int
    minutes: int
    hour: int = 19


BRANDS = {
    "kiln-kettle": BrandStory(
        "Kiln & Kettle",
        "Kiln & Kettle GmbH",
        "DE",
        1900,
        490,
        "A pottery in Leipzig with a shelf for what belongs beside a cup. Paper only, also the tape.",
    ),
    "huerta-baja": BrandStory(
        "Huerta Baja",
        "Huerta Baja S.L.",
        "ES",
        1000,
        590,
        "Olives and citrus from one valley, picked and pressed in November.",
    ),
    "maren": BrandStory(
        "Maren", "Maren Beauty B.V.", "NL", 2100, 390, "Colour that you can name: few shades, refilled."
    ),
    "norrfold": BrandStory(
        "Norrfold",
        "Norrfold AB",
        "SE",
        2500,
        0,
        "Sound and cloth made to be repaired. Pads, zips and cuffs come apart.",
    ),
}

PRODUCTS = {
    "cup": ProductStory(
        "kiln-kettle",
        "Speckled stoneware cup",
        "cup",
        "Thrown by Noor Haddad in Leipzig. The speckle is iron in the clay; each cup has one thumb mark where it was "
        "dipped. Holds a flat white with room to swirl.",
        ("Glaze", "Size"),
        (
            (("Oat", "280 ml"), 2800, 2400),
            (("Sea", "280 ml"), 2800, 2400),
            (("Oat", "180 ml"), 2400, 300),
            (("Sea", "180 ml"), 2400, 300),
            (("Night", "180 ml"), 2400, 4),
        ),
        {
            "Holds": "280 ml, brim 310 ml",
            "Size": "Ø 84 mm, 78 mm high, 240 g",
            "Made": "By hand in Leipzig, stoneware",
            "Care": "Dishwasher to 60 °C, microwave, oven to 180 °C",
        },
    ),
    "tea": ProductStory(
        "kiln-kettle",
        "First-flush tea, 100 g",
        "tea-tin",
        "Darjeeling from the first picking of the year, in a tin that closes for years.",
        (),
        (((), 1450, 1200),),
        {"Origin": "Darjeeling, picked in March", "Brew": "85 °C, three minutes"},
    ),
    "oil": ProductStory(
        "kiln-kettle",
        "Noviembre olive oil, 500 ml",
        "olive-oil",
        "Pressed three weeks ago at Huerta Baja. Green, peppery, for bread and not for pans.",
        (),
        (((), 1950, 900),),
        {"Origin": "Huerta Baja, Jaén", "Acidity": "0.2 %"},
    ),
    "mandarins": ProductStory(
        "kiln-kettle",
        "Mandarins, 5 kg crate",
        "mandarins",
        "From tree to parcel in a day, leaves on, no wax.",
        (),
        (((), 2400, 1200),),
        {"Weight": "5 kg, about 45 pieces"},
    ),
    "tote": ProductStory(
        "kiln-kettle",
        "Market tote",
        "tote-bag",
        "Heavy cotton with a flat base: six cups stand in it.",
        ("Colour",),
        ((("Natural",), 1600, 400), (("Rust",), 1600, 250)),
    ),
    "shirt": ProductStory(
        "kiln-kettle",
        "Table linen shirt",
        "linen-shirt",
        "Cut from the cloth of our table linen, softer with every wash.",
        ("Size",),
        ((("S",), 6900, 8), (("M",), 6900, 12), (("L",), 6900, 9)),
    ),
    "grove-oil": ProductStory(
        "huerta-baja",
        "First pressing, 3 l tin",
        "olive-oil",
        "The year's first oil, unfiltered, in a tin that keeps the light out.",
        (),
        (((), 4800, 160),),
    ),
    "grove-mandarins": ProductStory(
        "huerta-baja",
        "Grove mandarins, 10 kg",
        "mandarins",
        "Two crates for a household that means it.",
        (),
        (((), 3900, 120),),
    ),
    "lip": ProductStory(
        "maren",
        "Lip colour",
        "lipstick",
        "Matte that does not dry. The case is refilled, not thrown away.",
        ("Shade",),
        ((("Cherry",), 1800, 320), (("Fig",), 1800, 280), (("Rosewood",), 1800, 300)),
    ),
    "foundation": ProductStory(
        "maren",
        "Skin tint",
        "foundation",
        "One thin layer, twelve hours, no scent.",
        ("Shade",),
        ((("02 Sand",), 3200, 120), (("04 Honey",), 3200, 140), (("07 Umber",), 3200, 110)),
    ),
    "roller": ProductStory(
        "maren",
        "Face roller",
        "face-roller",
        "Cold from the fridge, for the minute before make-up.",
        (),
        (((), 2200, 90),),
    ),
    "pearl": ProductStory(
        "maren",
        "Pearl necklace",
        "pearl-necklace",
        "Freshwater pearls, knotted one by one on silk.",
        ("Length",),
        ((("42 cm",), 12800, 25), (("48 cm",), 13900, 18)),
    ),
    "headphones": ProductStory(
        "norrfold",
        "Fjell headphones",
        "headphones",
        "Over the ear, forty hours, every part can be replaced with one screwdriver.",
        ("Pads",),
        ((("Wool",), 14900, 80), (("Leather",), 14900, 60)),
    ),
    "hoodie": ProductStory(
        "norrfold",
        "Loopback hoodie",
        "hoodie",
        "Heavy loopback cotton, cuffs that can be sewn on again.",
        ("Size", "Colour"),
        (
            (("M", "Moss"), 7900, 60),
            (("L", "Moss"), 7900, 55),
            (("M", "Clay"), 7900, 40),
            (("L", "Clay"), 7900, 35),
        ),
    ),
    "winter-linen": ProductStory(
        "norrfold",
        "Winter-weight linen shirt",
        "linen-shirt",
        "Linen twice as heavy as in summer, brushed inside.",
        ("Size",),
        ((("S",), 8900, 30), (("M",), 8900, 45), (("L",), 8900, 38)),
    ),
}

HOSTS = {
    "noor": HostStory(
        "Noor Haddad",
        "noor",
        "kiln-kettle",
        "Leipzig",
        "Throws every cup herself and shows the ones that went wrong, too.",
        "host@demo.test",
    ),
    "mateo": HostStory(
        "Mateo Ruiz", "mateo", "huerta-baja", "Jaén", "Fourth generation in the grove, first one on camera."
    ),
    "ines": HostStory(
        "Ines Okafor", "ines", "maren", "Rotterdam", "Make-up in five minutes, on a moving tram if it has to be."
    ),
    "elif": HostStory("Elif Demir", "elif", "maren", "Amsterdam", "Strings pearls and knows the false ones."),
    "aiko": HostStory("Aiko Tanaka", "aiko", "norrfold", "Malmö", "Cuts patterns that can be let out again."),
    "jonas": HostStory(
        "Jonas Weber", "jonas", "norrfold", "Göteborg", "Takes headphones apart on air, and puts them back."
    ),
}

# The people who sign in. All have the password above.
PEOPLE = {
    "viewer@demo.test": "Ana Lopes",
    "team@demo.test": "Mia Brandt",
    "tom@demo.test": "Tom Reuter",
    "brand@demo.test": "Lena Vogt",
    "rival@demo.test": "Sven Dahl",
    "admin@demo.test": "Operator",
}
OPERATOR, HOST, TEAM = "admin@demo.test", "host@demo.test", "team@demo.test"
CODES = {"TABLE4": ("kiln-kettle", 400, 100)}  # Off in minor units, and for how many orders.
STAFF = {"brand@demo.test": "kiln-kettle", "rival@demo.test": "norrfold"}

# (product, planned minutes, cue)
LINEUP = (
    ("tea", 10, "Pour while you talk"),
    ("cup", 12, "Show the thumb mark. Say: two per person."),
    ("oil", 8, "Mateo joins by link"),
    ("mandarins", 10, "Peel one"),
    ("tote", 5, "Six cups stand in it"),
    ("shirt", 5, ""),
)
# Price in minor units and units, in the order in which they drop. A product's first drop has a struck price; when it
# drops again the same evening it has none, because the lowest price of 30 days is then the drop's own.
DROPS = {"cup": (2100, 24), "mandarins": (1900, 18), "oil": (1650, 16), "tote": (1300, 12), "tea": (1200, 20)}

PAST_SHOWS = (
    ShowStory(
        LAST_WEEK,
        "One kiln, four glazes",
        "Noor opens the kiln on air and does not know either what is in it.",
        "noor",
        "winter-table",
        ("cup", "tea", "tote"),
        7,
        52,
    ),
    ShowStory(
        "real-or-not",
        "Real or not: a pearl under the lamp",
        "Ten strings, three of them false. Elif says why.",
        "elif",
        "pearl",
        ("pearl",),
        9,
        38,
    ),
    ShowStory(
        "repair-night",
        "Repair night: new pads, new life",
        "Jonas takes apart what viewers sent in.",
        "jonas",
        "sound",
        ("headphones",),
        16,
        61,
    ),
)

COMING_SHOWS = (
    ShowStory(
        COMING_UP,
        "First pressing: oil and mandarins from the grove",
        "Live between the trees, with bread.",
        "mateo",
        "grove",
        ("grove-oil", "grove-mandarins"),
        1,
        45,
        11,
    ),
    ShowStory(
        "linen-gets-better",
        "Linen that gets better: winter weights",
        "Three weights, one washing machine, no iron.",
        "aiko",
        "linen",
        ("winter-linen", "hoodie"),
        1,
        60,
        15,
    ),
    ShowStory(
        "evening-face",
        "Five-minute evening face",
        "Three products, one mirror, a clock.",
        "ines",
        "vanity",
        ("lip", "foundation", "roller"),
        2,
        40,
    ),
)

CROWD = (
    *("Jule Arnold", "Piotr Bielak", "Salma Aziz", "Henrik Dahl", "Ingrid Moen", "Deniz Kaya"),
    *("Tomás Vidal", "Yuki Mori", "Clara Neri", "Femi Balogun", "Lotte Smit", "Matteo Ricci"),
)

SMALL_TALK = (
    "Watching from Izmir, hello everyone",
    "Good evening from Porto",
    "The light on the glaze is lovely",
    "Which tea did you pour in the first part?",
    "How big is 280 ml next to a normal mug?",
    "Is the handle big enough for two fingers?",
    "Does the parcel come in paper?",
    "Are both glazes dishwasher safe?",
    "My oat one arrived last week, it is my favourite now",
    "Can I order one now and one later in one parcel?",
    "Will the moss glaze come back this year?",
    "Do you ship to Switzerland?",
    "The sea one looks darker than on the photo, I like it",
    "Is the glaze safe in the oven?",
    "I could listen to that kiln story all night",
    "Two fingers, yes. Three if they are slim",
    "How long do the mandarins keep?",
    "Bread and that oil, nothing else needed",
    "Saw you last week, came back for this",
    "First time here, how does the drop work?",
)
# What the team says to some of the above: (who, words). "host" is Noor, "team" is Mia.
ANSWERS = {
    "How big is 280 ml next to a normal mug?": ("host", "A flat white with room to swirl. I will pour one."),
    "Does the parcel come in paper?": ("team", "Paper only, also the tape"),
    "Are both glazes dishwasher safe?": ("host", "Both, up to 60 °C."),
    "Is the glaze safe in the oven?": ("team", "Oven up to 180 °C, no preheated grill please"),
    "Will the moss glaze come back this year?": ("host", "Not this year. In March, with rust."),
    "Do you ship to Switzerland?": ("team", "Yes, duty is shown before you pay"),
    "Can I order one now and one later in one parcel?": ("team", "Within one show, yes: pay once at the end"),
    "How long do the mandarins keep?": ("host", "Two weeks in a cool room. They never last that long here."),
    "First time here, how does the drop work?": ("team", "Tap Buy when it opens, it is held five minutes for you"),
}
BEFORE_A_DROP = ("Ready", "Thumb is warm", "Oat or sea, I cannot decide", "Two per person, right?", "Here we go")
AFTER_BUYING = ("Got two, thank you", "Got one", "Paid, that was quick", "Mine is on its way", "Happy with that one")
AFTER_MISSING = ("Missed it, next time", "Gone already?", "I will wait in the queue")
ADDRESSES = (
    {"street": "Karl-Heine-Straße 42", "postcode": "04229", "town": "Leipzig", "country": "DE"},
    {"street": "Rua das Flores 118", "postcode": "4050-263", "town": "Porto", "country": "PT"},
    {"street": "Herrengasse 7", "postcode": "8010", "town": "Graz", "country": "AT"},
    {"street": "Möllevångsgatan 12", "postcode": "214 20", "town": "Malmö", "country": "SE"},
)
