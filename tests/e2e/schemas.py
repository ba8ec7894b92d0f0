"""JSON schemas in the style of public APIs, made from a number: the same number, the same schema.

    schemas.py NUMBER     prints one
"""
import json
import random
import sys

NOUNS = ["account", "address", "amount", "author", "balance", "branch", "card", "charge", "city",
         "commit", "country", "coupon", "currency", "customer", "device", "discount", "email",
         "event", "flight", "hotel", "invoice", "item", "language", "latitude", "location", "member",
         "message", "order", "owner", "passenger", "payment", "phone", "plan", "price", "product",
         "quantity", "rating", "refund", "region", "repository", "review", "room", "score", "seat",
         "shipment", "status", "subscription", "tax", "temperature", "ticket", "title", "token",
         "unit", "user", "vehicle", "version", "visibility", "weather", "website", "zone"]
SUFFIXES = ["", "", "", "_id", "_name", "_type", "_at", "_count", "_code", "_url"]
WORDS = ["active", "inactive", "pending", "failed", "succeeded", "canceled", "draft", "open", "closed",
         "merged", "USD", "EUR", "JPY", "GBP", "en", "de", "fr", "low", "medium", "high", "public",
         "private", "daily", "weekly", "monthly", "credit", "debit", "north", "south", "N/A"]
PATTERNS = ["^[A-Z]{3}$", "^[a-z]{2}_[0-9a-f]{8}$", "^\\d{4}-\\d{2}$", "^\\+?[0-9]{6,10}$",
            "^#[0-9a-fA-F]{6}$", "^v[0-9]+\\.[0-9]+$", "^(visa|amex|master)-[0-9]{4}$"]
FORMATS = ["date", "date-time", "uuid", "ipv4"]


class Maker:
    """Draws one schema."""

    def __init__(self, number):
        self.draw = random.Random(number)
        self.definitions = {}

    def schema(self):
        top = self.object(depth=0)
        if self.definitions:
            top["$defs"] = self.definitions
        return top

    def name(self):
        return self.draw.choice(NOUNS) + self.draw.choice(SUFFIXES)

    def object(self, depth):
        count = self.draw.randrange(1, max(2, 6 - 2 * depth))
        names = list(dict.fromkeys(self.name() for _ in range(count)))
        made = {"type": "object", "properties": {name: self.value(depth + 1) for name in names},
                "required": [name for name in names if self.draw.random() < 0.6]}
        if self.draw.random() < 0.9:
            made["additionalProperties"] = False
        if self.draw.random() < 0.3:
            made["description"] = f"The {self.name()} of the {self.name()}."
        return made

    def value(self, depth):
        kinds = [self.text, self.text, self.enum, self.pattern, self.format, self.integer,
                 self.number, self.boolean, self.nullable, self.constant]
        if depth < 3:
            nested = [self.object, self.array, self.either, self.reference, self.coordinates]
            if self.draw.random() < 0.35:
                return self.draw.choice(nested)(depth)
        return self.draw.choice(kinds)()

    def text(self):
        low = self.draw.choice([0, 0, 1, 3])
        return {"type": "string", "minLength": low, "maxLength": low + self.draw.randrange(1, 20)}

    def enum(self):
        values = self.draw.sample(WORDS, self.draw.randrange(2, 8))
        if self.draw.random() < 0.2:
            return {"enum": values + [self.draw.randrange(10), None]}
        return {"type": "string", "enum": values}

    def pattern(self):
        return {"type": "string", "pattern": self.draw.choice(PATTERNS)}

    def format(self):
        return {"type": "string", "format": self.draw.choice(FORMATS)}

    def integer(self):
        low = self.draw.choice([-180, -1, 0, 0, 1, 17])
        return {"type": "integer", "minimum": low, "maximum": low + self.draw.choice([1, 9, 365, 10**6])}

    def number(self):
        low = self.draw.choice([-90, -0.5, 0, 0.01])
        high = low + self.draw.choice([0.5, 1, 180, 1e4])
        # An excluded 0 beside a fraction is a known mistake of llguidance: it lets 0 pass.
        if 0 in (low, high) or self.draw.random() < 0.5:
            return {"type": "number", "minimum": low, "maximum": high}
        return {"type": "number", "exclusiveMinimum": low, "exclusiveMaximum": high}

    def boolean(self):
        return {"type": "boolean"}

    def constant(self):
        return {"const": self.draw.choice(["list", "object", 1, True, None])}

    def nullable(self):
        return {"type": [self.draw.choice(["integer", "boolean"]), "null"]}

    def array(self, depth):
        low = self.draw.randrange(0, 3)
        return {"type": "array", "items": self.value(depth + 1), "minItems": low,
                "maxItems": low + self.draw.randrange(1, 3)}

    def either(self, depth):
        return {"anyOf": [self.value(depth + 1) for _ in range(self.draw.randrange(2, 4))]}

    def reference(self, depth):
        name = self.name()
        if name not in self.definitions:
            self.definitions[name] = self.object(depth + 1)
        return {"$ref": f"#/$defs/{name}"}

    def coordinates(self, _):
        return {"type": "object", "properties": {axis: self.number() for axis in "xyz"},
                "required": ["x", "y"], "additionalProperties": False}


def schema(number):
    return Maker(number).schema()


if __name__ == "__main__":
    print(json.dumps(schema(int(sys.argv[1])), indent=2))
